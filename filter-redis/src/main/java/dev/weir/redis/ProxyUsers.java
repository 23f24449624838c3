package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;

/** Who may log in to a proxy. Immutable. Passwords are compared in constant time and shown nowhere. */
final class ProxyUsers {
    private static final byte[] NOBODY = new byte[0];

    private final Map<String, byte[]> passwords;

    private ProxyUsers(Map<String, byte[]> passwords) {
        this.passwords = Map.copyOf(passwords);
    }

    /** Reads {@code auth: [ { user, password } ]}. */
    static ProxyUsers read(ConfigNode config) {
        Map<String, byte[]> passwords = new HashMap<>();
        for (ConfigNode node : config.list("auth")) {
            String user = node.string("user", Session.DEFAULT_USER);
            String password = node.string("password");
            if (passwords.put(user == null ? "" : user, ProxySettings.bytes(password)) != null) {
                node.error("user", user + " (expected: each user once)");
            }
            node.rejectUnknown();
        }
        return new ProxyUsers(passwords);
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
}
