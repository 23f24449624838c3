package dev.weir.mysql;

import org.jspecify.annotations.Nullable;

/** Finds the schema that {@code USE} leaves behind, in digests of one or several statements. */
final class UseStatements {
    private static final String USE = "USE ";
    private static final String NEXT = "; ";

    private UseStatements() {}

    /** The schema of the last {@code USE x} or {@code USE `x`} among the first {@code statements}; null without one. */
    static @Nullable String last(String digest, int statements) {
        String found = null;
        int from = 0;
        for (int i = 0; i < statements && from <= digest.length(); i++) {
            int end = digest.indexOf(NEXT, from);
            int to = end < 0 ? digest.length() : end;
            if (digest.regionMatches(true, from, USE, 0, USE.length())) {
                found = name(digest.substring(from + USE.length(), to).strip());
            }
            if (end < 0) {
                break;
            }
            from = end + NEXT.length();
        }
        return found;
    }

    private static @Nullable String name(String text) {
        String name = text;
        if (name.length() > 1 && (name.startsWith("`") || name.startsWith("\""))) {
            String quote = name.substring(0, 1);
            name = name.substring(1, name.length() - 1).replace(quote + quote, quote);
        }
        return name.isEmpty() ? null : name;
    }
}
