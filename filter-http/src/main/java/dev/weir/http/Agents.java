package dev.weir.http;

import org.jspecify.annotations.Nullable;

/**
 * What clients call themselves: the first product of {@code User-Agent}, without its version. Each time the same instance, as long as no other one takes its place;
 * so many places that clients cannot make it grow. On one loop only.
 */
final class Agents {
    private static final int PLACES = 256;

    /** Longest header that is remembered; of longer ones the name is cut out each time. */
    private static final int LONGEST = 512;

    private static final int LONGEST_NAME = 64;

    private final @Nullable String[] headers = new @Nullable String[PLACES];
    private final @Nullable String[] names = new @Nullable String[PLACES];

    /** The name in a header, or null if it has none. */
    @Nullable
    String name(String userAgent) {
        if (userAgent.length() > LONGEST) {
            return cut(userAgent);
        }
        int hash = userAgent.hashCode();
        int place = (hash ^ hash >>> 16) & PLACES - 1;
        if (!userAgent.equals(headers[place])) {
            headers[place] = userAgent;
            names[place] = cut(userAgent);
        }
        return names[place];
    }

    /** To the first character that no token has. */
    private static @Nullable String cut(String userAgent) {
        int n = Math.min(userAgent.length(), LONGEST_NAME);
        int i = 0;
        while (i < n && isToken(userAgent.charAt(i))) {
            i++;
        }
        return i == 0 ? null : userAgent.substring(0, i);
    }

    private static boolean isToken(char c) {
        return c >= '0' && c <= '9'
                || c >= 'A' && c <= 'Z'
                || c >= 'a' && c <= 'z'
                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }
}
