package dev.weir.http;

import java.util.Locale;

/** The path of a target, as it is, and as one might read it who is not strict. */
final class Paths {
    private Paths() {}

    /** Without the query. */
    static String of(String target) {
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    /** In lower case, without escapes, parameters of segments, and slashes that say nothing. */
    static String loose(String path) {
        if (isPlain(path)) {
            return path;
        }
        StringBuilder out = new StringBuilder(path.length());
        boolean parameter = false;
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c == '%' && i + 2 < path.length()) {
                int value = Character.digit(path.charAt(i + 1), 16) << 4 | Character.digit(path.charAt(i + 2), 16);
                if (value >= 0) {
                    c = (char) value;
                    i += 2;
                }
            }
            c = c == '\\' ? '/' : c;
            parameter = c == ';' || parameter && c != '/';
            boolean doubled = c == '/' && !out.isEmpty() && out.charAt(out.length() - 1) == '/';
            if (!parameter && !doubled) {
                out.append(c);
            }
        }
        while (out.length() > 1 && out.charAt(out.length() - 1) == '/') {
            out.setLength(out.length() - 1);
        }
        return out.toString().toLowerCase(Locale.ROOT);
    }

    private static boolean isPlain(String path) {
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            boolean plain = c >= 'a' && c <= 'z'
                    || c >= '0' && c <= '9'
                    || c == '.'
                    || c == '_'
                    || c == '-'
                    || c == '/' && i + 1 < path.length() && path.charAt(i + 1) != '/';
            if (!plain) {
                return false;
            }
        }
        return true;
    }
}
