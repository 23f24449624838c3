package dev.weir.http;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Finds parameters in a query: {@code name=value} between {@code &}, with {@code +} for a blank and escapes of UTF-8 (WHATWG URL, 5.1). */
final class QueryText {
    private QueryText() {}

    /** The value of the first parameter of this name, decoded; empty if it has none; null if there is no such parameter. */
    static @Nullable String find(String query, String name) {
        int from = 0;
        while (from <= query.length()) {
            int and = query.indexOf('&', from);
            int to = and < 0 ? query.length() : and;
            int end = from;
            while (end < to && query.charAt(end) != '=') {
                end++;
            }
            if (end > from && isName(query, from, end, name)) {
                return end == to ? "" : decode(query, end + 1, to);
            }
            from = to + 1;
        }
        return null;
    }

    private static boolean isName(String query, int from, int to, String name) {
        if (to - from == name.length()) {
            return query.startsWith(name, from);
        }
        return to - from > name.length() && decode(query, from, to).equals(name);
    }

    /** What is no escape stays as it is. */
    static String decode(String text, int from, int to) {
        int at = from;
        while (at < to && text.charAt(at) != '%' && text.charAt(at) != '+' && text.charAt(at) < 0x80) {
            at++;
        }
        if (at == to) {
            return text.substring(from, to);
        }
        byte[] bytes = new byte[to - from];
        int length = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            int high = c == '%' && i + 2 < to ? PathNormalizer.hex(text.charAt(i + 1)) : -1;
            int low = high < 0 ? -1 : PathNormalizer.hex(text.charAt(i + 2));
            if (low >= 0) {
                bytes[length++] = (byte) (high << 4 | low);
                i += 2;
            } else {
                bytes[length++] = c == '+' ? (byte) ' ' : (byte) c; // a character is a byte of the target
            }
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}
