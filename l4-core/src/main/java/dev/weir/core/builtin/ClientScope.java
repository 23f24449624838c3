package dev.weir.core.builtin;

import dev.weir.core.config.Cidr;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Glob;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.ProxyHeader;
import dev.weir.core.tls.TlsSession;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which clients a rule is about: all conditions that it has must hold. Immutable.
 *
 * @param clients ranges of addresses, or null for all
 * @param serverNames of the server name that the client asked for, or null for all
 * @param certificates of the common name in the certificate with which the client proved itself, or null for all
 * @param cautious whether what is not known counts as matching: so it is for rules that deny
 */
record ClientScope(
        @Nullable List<Cidr> clients,
        @Nullable List<Glob> serverNames,
        @Nullable List<Glob> certificates,
        boolean cautious) {
    /** Byte of flags in {@link ProxyHeader#SSL}: a certificate was shown on this connection, or earlier in its session. */
    private static final int CERTIFICATE_SHOWN = 0x02 | 0x04;

    private static final int VERIFICATION_END = 5;

    static ClientScope read(ConfigNode rule, boolean cautious) {
        List<Cidr> clients = null;
        if (rule.has("clients")) {
            clients = Cidr.list(rule, "clients");
            if (clients.isEmpty()) {
                rule.error("clients", "empty (expected: at least one)");
            }
        }
        return new ClientScope(
                clients, globs(rule, "server_names", true), globs(rule, "certificate_names", cautious), cautious);
    }

    /** The texts at {@code key}, or null if it is absent. */
    static @Nullable List<Glob> globs(ConfigNode rule, String key, boolean ignoreCase) {
        if (!rule.has(key)) {
            return null;
        }
        List<Glob> globs = new ArrayList<>();
        for (ConfigNode element : rule.list(key)) {
            String text = element.text();
            if (text.isEmpty()) {
                element.error("empty (expected: a text, * for any characters)");
            }
            globs.add(new Glob(text, ignoreCase));
        }
        if (globs.isEmpty()) {
            rule.error(key, "empty (expected: at least one)");
        }
        return List.copyOf(globs);
    }

    /** Whether {@code connection}, whose attributes are set, is such a client. */
    boolean holds(Connection connection) {
        return (clients == null || Cidr.anyOrEmpty(clients, connection.client()))
                && matches(serverNames, connection.get(ConnectionAttribute.SNI), cautious)
                && certified(connection);
    }

    /** Of TLS that Weir has ended both the common name and what logs call the client count. */
    private boolean certified(Connection connection) {
        TlsSession own = certificates == null ? null : connection.get(ConnectionAttribute.TLS);
        if (own == null) {
            return matches(certificates, certificate(connection), cautious);
        }
        return own.verified()
                ? matches(certificates, own.commonName(), false) || matches(certificates, own.identity(), false)
                : matches(certificates, null, cautious);
    }

    static boolean matches(@Nullable List<Glob> globs, @Nullable String text, boolean cautious) {
        if (globs == null) {
            return true;
        }
        if (text == null) {
            return cautious;
        }
        for (Glob glob : globs) {
            if (glob.matches(text)) {
                return true;
            }
        }
        return false;
    }

    /** The common name in the client's certificate, if whoever took the client's TLS has verified it; or null. */
    private static @Nullable String certificate(Connection connection) {
        ProxyHeader header = connection.get(ConnectionAttribute.PROXY_HEADER);
        byte[] tls = header == null ? null : header.value(ProxyHeader.SSL);
        byte[] name = header == null ? null : header.value(ProxyHeader.SSL_CN);
        if (tls == null || name == null || tls.length < VERIFICATION_END || (tls[0] & CERTIFICATE_SHOWN) == 0) {
            return null;
        }
        for (int i = 1; i < VERIFICATION_END; i++) {
            if (tls[i] != 0) {
                return null;
            }
        }
        return new String(name, StandardCharsets.UTF_8);
    }
}
