package dev.weir.mysql;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.config.ConfigNode;

/**
 * {@code mysql}: a MySQL or MariaDB server takes connections: it greets (protocol 10); with a {@code user} it also has to let that one in,
 * without TLS, by {@code mysql_native_password} or {@code caching_sha2_password}.
 *
 * <p>Without a user the connection ends before its log-in, which servers count as a failed one ({@code Aborted_connects});
 * after {@code max_connect_errors} of them in a row they refuse the address that the checks come from, unless
 * {@code skip_name_resolve} is on. A user without any rights is the better way.
 */
public final class MysqlHealthCheck implements HealthCheck {
    /** Most bytes a server may say before the answer is clear. */
    static final int MAX_BYTES = 64 << 10;

    /**
     * Who logs in.
     *
     * @param name of the user
     * @param password may be empty; appears in no text
     */
    record User(String name, String password) {
        @Override
        public String toString() {
            return "User[" + name + "]";
        }
    }

    /** For ServiceLoader. */
    public MysqlHealthCheck() {}

    @Override
    public String type() {
        return "mysql";
    }

    @Override
    public Probe configure(ConfigNode node) {
        String name = node.string("user", null);
        String password = node.string("password", null);
        if (name == null && password != null) {
            node.error("password", "without user (expected: both, or user alone)");
        }
        User user = name == null ? null : new User(name, password == null ? "" : password);
        return target -> Conversation.with(target, result -> new HealthTalk(result, user));
    }
}
