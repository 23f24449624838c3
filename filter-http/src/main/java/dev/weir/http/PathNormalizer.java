package dev.weir.http;

import dev.weir.http.PathRules.EscapedSlashes;

/**
 * Brings the path of a request into the form that routes are compared with: RFC 3986, 6.2.2. A path without anything to be done is returned as the same
 * object. Time and space grow with its length only.
 */
final class PathNormalizer {
    private static final String HEX = "0123456789ABCDEF";

    private PathNormalizer() {}

    /**
     * The normal form of {@code path}, which begins with a slash and has no query.
     *
     * @throws BadTarget if it is refused
     */
    static String normalize(String path, PathRules rules) throws BadTarget {
        boolean escapes = false;
        boolean dots = false;
        boolean doubles = false;
        char before = 0;
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            switch (c) {
                case '%' -> escapes = true;
                case '.' -> dots |= before == '/';
                case '/' -> doubles |= before == '/';
                case '\\' -> refuseBackslash(rules);
                default -> check(c);
            }
            before = c;
        }
        String unescaped = escapes ? unescaped(path, rules) : path;
        String merged = (escapes || doubles) && rules.mergeSlashes() ? merged(unescaped) : unescaped;
        String normal = (escapes || dots) && rules.normalize() ? withoutDots(merged) : merged;
        return normal.equals(path) ? path : normal;
    }

    /** A blank, a control, or what is no byte. */
    static void check(char c) throws BadTarget {
        if (c <= ' ' || c == 0x7f || c > 0xff) {
            throw new BadTarget("blank or control in the target");
        }
    }

    /** Some read it as a slash, others as a character: RFC 3986 does not allow it. */
    private static void refuseBackslash(PathRules rules) throws BadTarget {
        if (rules.normalize()) {
            throw new BadTarget("backslash in the path");
        }
    }

    private static String unescaped(String path, PathRules rules) throws BadTarget {
        StringBuilder out = new StringBuilder(path.length());
        boolean kept = false;
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            int value = escape(path, i);
            if (value == '/' || value == '\\') {
                if (rules.escapedSlashes() == EscapedSlashes.REJECT) {
                    throw new BadTarget("escaped slash in the path");
                }
                if (rules.escapedSlashes() == EscapedSlashes.UNESCAPE) {
                    out.append('/');
                    i += 2;
                    continue;
                }
                kept = true;
            }
            if (!rules.normalize()) {
                out.append(path, i, i + 3);
            } else if (isUnreserved(value)) {
                out.append((char) value);
            } else {
                out.append('%').append(HEX.charAt(value >> 4)).append(HEX.charAt(value & 15));
            }
            i += 2;
        }
        String text = out.toString();
        if (kept && rules.normalize()) {
            refuseHiddenDots(text);
        }
        return text;
    }

    /** The value of the escape at {@code at}. */
    private static int escape(String path, int at) throws BadTarget {
        int high = at + 2 < path.length() ? hex(path.charAt(at + 1)) : -1;
        int low = high < 0 ? -1 : hex(path.charAt(at + 2));
        if (low < 0) {
            throw new BadTarget("bad escape in the path");
        }
        int value = high << 4 | low;
        if (value == 0) {
            throw new BadTarget("NUL in the path");
        }
        return value;
    }

    /** The value of a hexadecimal digit, or -1. */
    static int hex(char c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        int letter = c | 0x20;
        return letter >= 'a' && letter <= 'f' && c < 0x80 ? letter - 'a' + 10 : -1;
    }

    /** RFC 3986, 2.3. */
    private static boolean isUnreserved(int c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~';
    }

    /**
     * Dot segments between escaped slashes, as in {@code /a%2F..%2Fb}: one segment to who keeps escapes, {@code /b} to who undoes them first. Escapes are in
     * capitals here.
     */
    private static void refuseHiddenDots(String path) throws BadTarget {
        int from = 0;
        boolean escapedBefore = false;
        for (int i = 0; i <= path.length(); i++) {
            boolean end = i == path.length();
            boolean escaped = !end && (path.startsWith("%2F", i) || path.startsWith("%5C", i));
            if (!end && !escaped && path.charAt(i) != '/') {
                continue;
            }
            if ((escaped || escapedBefore) && (isDots(path, from, i) || isDotsWithParameters(path, from, i))) {
                throw new BadTarget("dot segment beside an escaped slash");
            }
            escapedBefore = escaped;
            i += escaped ? 2 : 0;
            from = i + 1;
        }
    }

    private static boolean isDots(String text, int from, int to) {
        int length = to - from;
        return length == 1 && text.charAt(from) == '.'
                || length == 2 && text.charAt(from) == '.' && text.charAt(from + 1) == '.';
    }

    /** RFC 3986, 5.2.4; what would climb over the root stays there. */
    private static String withoutDots(String path) throws BadTarget {
        StringBuilder out = new StringBuilder(path.length());
        int from = 0;
        while (from < path.length()) {
            int slash = path.indexOf('/', from + 1);
            int to = slash < 0 ? path.length() : slash;
            if (isDots(path, from + 1, to)) {
                if (to - from == 3) {
                    out.setLength(Math.max(0, out.lastIndexOf("/")));
                }
                if (to == path.length()) {
                    out.append('/');
                }
            } else {
                if (isDotsWithParameters(path, from + 1, to)) {
                    throw new BadTarget("dot segment with parameters");
                }
                out.append(path, from, to);
            }
            from = to;
        }
        return out.length() == path.length() ? path : out.toString();
    }

    /** {@code /a/..;x/b}: servers that know parameters of segments leave them out first, and then climb. */
    private static boolean isDotsWithParameters(String path, int from, int to) {
        int at = from;
        while (at < to && path.charAt(at) == '.') {
            at++;
        }
        return at < to && path.charAt(at) == ';' && isDots(path, from, at);
    }

    private static String merged(String path) {
        StringBuilder out = new StringBuilder(path.length());
        char before = 0;
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c != '/' || before != '/') {
                out.append(c);
            }
            before = c;
        }
        return out.length() == path.length() ? path : out.toString();
    }
}
