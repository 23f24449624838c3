package dev.weir.http;

import org.jspecify.annotations.Nullable;

/** Status codes as texts: the same instance each time. */
final class StatusText {
    private static final int LOWEST = 100;
    private static final int HIGHEST = 599;
    private static final String[] TEXTS = new String[HIGHEST - LOWEST + 1];

    static {
        for (int i = 0; i < TEXTS.length; i++) {
            TEXTS[i] = Integer.toString(i + LOWEST);
        }
    }

    private StatusText() {}

    /** The text; codes that HTTP does not have are together. */
    static String of(int code) {
        return code >= LOWEST && code <= HIGHEST ? TEXTS[code - LOWEST] : "_OTHER";
    }

    /** The code, 0 if it is none. */
    static int code(@Nullable String text) {
        if (text == null || text.length() != 3) {
            return 0;
        }
        int code = 0;
        for (int i = 0; i < 3; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            code = 10 * code + digit;
        }
        return code >= LOWEST && code <= HIGHEST ? code : 0;
    }
}
