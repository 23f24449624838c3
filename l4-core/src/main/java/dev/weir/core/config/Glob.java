package dev.weir.core.config;

/**
 * A text in which {@code *} stands for any characters, none included. Matching takes at most the product of both lengths, whatever
 * the pattern.
 *
 * @param pattern the text
 * @param ignoreCase whether letters of ASCII match in either case
 */
public record Glob(String pattern, boolean ignoreCase) {
    /** Whether all of {@code text} matches. */
    public boolean matches(String text) {
        int at = 0;
        int i = 0;
        int star = -1;
        int retry = 0;
        while (i < text.length()) {
            if (at < pattern.length() && pattern.charAt(at) == '*') {
                star = at++;
                retry = i;
            } else if (at < pattern.length() && same(pattern.charAt(at), text.charAt(i))) {
                at++;
                i++;
            } else if (star >= 0) {
                at = star + 1;
                i = ++retry;
            } else {
                return false;
            }
        }
        while (at < pattern.length() && pattern.charAt(at) == '*') {
            at++;
        }
        return at == pattern.length();
    }

    private boolean same(char a, char b) {
        return a == b || ignoreCase && lower(a) == lower(b);
    }

    private static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }
}
