package dev.weir.core.config;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Names of servers as a TLS ClientHello has them: exact ones, and such as {@code *.example.com}, which matches what ends with {@code .example.com}, at any
 * depth; {@code *} alone matches any name. Case makes no difference.
 *
 * @param names in lower case
 */
public record ServerNames(List<String> names) {
    private static final int LONGEST = 253;

    /** Copies the list. */
    public ServerNames {
        names = List.copyOf(names);
    }

    /** Reads a list of names and reports what is none. */
    public static ServerNames from(ConfigNode node, String key) {
        return new ServerNames(node.list(key).stream()
                .map(name -> name.as(ServerNames::name, "x"))
                .toList());
    }

    private static String name(String text) {
        String name = text.toLowerCase(Locale.ROOT);
        String plain = name.startsWith("*") ? name.substring(1) : name;
        if (name.isEmpty() || plain.length() > LONGEST || plain.contains("*") || plain.contains(" ")) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" (expected: a host name, or one such as *.example.com)");
        }
        return name;
    }

    /** Whether there is none. */
    public boolean isEmpty() {
        return names.isEmpty();
    }

    /** Whether {@code name}, in lower case, is among them. */
    public boolean matches(@Nullable String name) {
        if (name != null) {
            for (String one : names) {
                if (one.startsWith("*") ? name.endsWith(one.substring(1)) : one.equals(name)) {
                    return true;
                }
            }
        }
        return false;
    }
}
