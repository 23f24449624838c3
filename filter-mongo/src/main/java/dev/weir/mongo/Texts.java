package dev.weir.mongo;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Texts that come as bytes, one after the other and often the same. */
final class Texts {
    private Texts() {}

    /** The text of the bytes {@code from}…{@code to}: {@code last} itself if it is that one. */
    static String same(@Nullable String last, byte[] bytes, int from, int to) {
        return last != null && isAscii(last, bytes, from, to)
                ? last
                : new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }

    private static boolean isAscii(String text, byte[] bytes, int from, int to) {
        if (text.length() != to - from) {
            return false;
        }
        for (int i = from; i < to; i++) {
            if (bytes[i] < 0 || text.charAt(i - from) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    /** Whether the first {@code length} bytes are {@code other}. */
    static boolean equal(byte[] bytes, int length, byte[] other) {
        if (length != other.length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (bytes[i] != other[i]) {
                return false;
            }
        }
        return true;
    }
}
