package dev.weir.http;

import org.jspecify.annotations.Nullable;

/** Reads the name, and nothing but the name, in {@code Authorization: Basic …} (RFC 7617). */
final class BasicUser {
    private static final String SCHEME = "Basic ";
    private static final int LONGEST = 128;

    private final byte[] name = new byte[LONGEST];

    /** The user, or null if it is another scheme, no base64, or no or too long a name. */
    @Nullable
    String of(String authorization, Texts texts) {
        if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return null;
        }
        boolean named = false;
        int length = 0;
        int bits = 0;
        int have = 0;
        for (int i = SCHEME.length(); i < authorization.length(); i++) {
            int value = value(authorization.charAt(i));
            if (value < 0) {
                return null;
            }
            bits = bits << 6 | value;
            have += 6;
            if (have < 8) {
                continue;
            }
            have -= 8;
            int b = bits >>> have & 0xff;
            if (named) {
                return length == 0 ? null : texts.of(name, 0, length);
            }
            if (b == ':') {
                named = true; // where there is no password behind it, the name is the secret
                continue;
            }
            if (length == LONGEST || b < ' ') {
                return null;
            }
            name[length++] = (byte) b;
        }
        return null;
    }

    private static int value(char c) {
        if (c >= 'A' && c <= 'Z') {
            return c - 'A';
        }
        if (c >= 'a' && c <= 'z') {
            return c - 'a' + 26;
        }
        if (c >= '0' && c <= '9') {
            return c - '0' + 52;
        }
        return c == '+' ? 62 : c == '/' ? 63 : -1;
    }
}
