package dev.weir.mongo;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where clients reach the members of a replica set.
 *
 * @param addresses by the name that the servers use, in lower case and with its port
 * @param hidesUnknown what becomes of members that are not among them: left out, or shown as they are
 */
record Members(Map<String, String> addresses, boolean hidesUnknown) {
    private static final String DEFAULT_PORT = ":27017";

    /** A name as it is looked up. */
    static String key(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        boolean port = lower.lastIndexOf(':') > lower.lastIndexOf(']') && (lower.startsWith("[") || oneColon(lower));
        return port ? lower : lower + DEFAULT_PORT;
    }

    /** False of an IPv6 address without brackets. */
    private static boolean oneColon(String text) {
        return text.indexOf(':') == text.lastIndexOf(':');
    }

    /** The address of the member that servers call {@code name}, or null. */
    @Nullable
    String address(String name) {
        return addresses.get(key(name));
    }
}
