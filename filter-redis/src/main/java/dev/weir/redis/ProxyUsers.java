package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Who may log in to a proxy, and what each may do then. Immutable. Passwords are compared in constant time and shown nowhere. */
final class ProxyUsers {
    private static final byte[] NOBODY = new byte[0];

    private final Map<String, byte[]> passwords;
    private final Map<String, UserRules> rules;

    private ProxyUsers(Map<String, byte[]> passwords, Map<String, UserRules> rules) {
        this.passwords = Map.copyOf(passwords);
        this.rules = Map.copyOf(rules);
    }

    /** Reads {@code auth: [ { user, password, commands, key_prefixes, read_only } ]}. */
    static ProxyUsers read(ConfigNode config, CommandTable table) {
        Map<String, byte[]> passwords = new HashMap<>();
        Map<String, UserRules> rules = new HashMap<>();
        for (ConfigNode node : config.list("auth")) {
            String name = node.string("user", Session.DEFAULT_USER);
            String user = name == null ? "" : name;
            String password = node.string("password");
            if (passwords.put(user, ProxySettings.bytes(password)) != null) {
                node.error("user", user + " (expected: each user once)");
            }
            UserRules its = UserRules.read(node, table);
            if (its != null) {
                rules.put(user, its);
            }
            node.rejectUnknown();
        }
        return new ProxyUsers(passwords, rules);
    }

    /** Whether anybody has to log in. */
    boolean required() {
        return !passwords.isEmpty();
    }

    /** Whether there is a user whose password is the one given. */
    boolean accept(String user, byte[] password) {
        byte[] expected = passwords.getOrDefault(user, NOBODY);
        return MessageDigest.isEqual(expected, password) && expected.length > 0;
    }

    /** Whether there is such a user. */
    boolean has(String user) {
        return passwords.containsKey(user);
    }

    /** What a user may do; null for one who may do everything. */
    @Nullable
    UserRules rules(String user) {
        return rules.get(user);
    }
}
