package dev.weir.http;

import dev.weir.core.exchange.Operation;
import dev.weir.http.ClickHouseLexer.Kind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The statement in a parameter, for rules: what it is, if all of it is that, whatever comes behind it in a body. */
final class ClickHouseStatement {
    private static final int LONGEST_WORD = 16;

    /** {@code PARALLEL WITH} goes on with a statement of any kind. Also in texts and comments: servers need not agree where these end. */
    private static final Pattern ANOTHER =
            Pattern.compile("(?<![A-Z_])PARALLEL(?![A-Z0-9_])", Pattern.CASE_INSENSITIVE);

    private static final Pattern ANALYZE = Pattern.compile("\\bANALYZE\\b", Pattern.CASE_INSENSITIVE);

    private final byte[] bytes;
    private final ClickHouseLexer lexer = new ClickHouseLexer();
    private Kind kind = Kind.END;

    private ClickHouseStatement(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * The operation of a statement.
     *
     * @param target where it is, encoded as forms are
     * @param body whether there is a body, which goes on with it
     * @return null if that is not sure
     */
    static @Nullable Operation operation(String target, int from, int to, boolean body) {
        byte[] bytes = decode(target, from, to);
        return bytes == null ? null : new ClickHouseStatement(bytes).operation(body);
    }

    /** Null if there is an escape that is none, or a character that another lexer may take for an end. */
    private static byte @Nullable [] decode(String target, int from, int to) {
        byte[] decoded = new byte[to - from];
        int length = 0;
        for (int at = from; at < to; at++) {
            int c = target.charAt(at);
            if (c == '%') {
                c = at + 2 < to ? hex(target.charAt(at + 1)) << 4 | hex(target.charAt(at + 2)) : -1;
                at += 2;
            } else if (c == '+') {
                c = ' ';
            }
            if (c < ' ' && c != '\t' && c != '\n' && c != '\r') {
                return null;
            }
            decoded[length++] = (byte) c;
        }
        return Arrays.copyOf(decoded, length);
    }

    /** Negative if it is no digit, and so is what is made of it. */
    private static int hex(char c) {
        return c < 0x80 ? Character.digit(c, 16) : -1;
    }

    private @Nullable Operation operation(boolean body) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        Operation known = ClickHouseDetails.ALL.find(keyword(text));
        if (known == null || ANOTHER.matcher(text).find() || hasSecond()) {
            return null;
        }
        if (known.name().equals("EXPLAIN") && ANALYZE.matcher(text).find()) {
            return null; // executes what it explains
        }
        return body && !endsBeforeData() ? null : known;
    }

    /** The first word, if there is nothing but blanks around it; else it is empty. */
    private static String keyword(String text) {
        int from = 0;
        while (from < text.length() && text.charAt(from) <= ' ') {
            from++;
        }
        int to = from;
        while (to < text.length() && (text.charAt(to) | 0x20) >= 'a' && (text.charAt(to) | 0x20) <= 'z') {
            to++;
        }
        boolean apart = to == text.length() || text.charAt(to) <= ' ';
        return apart && to - from <= LONGEST_WORD ? text.substring(from, to).toUpperCase(Locale.ROOT) : "";
    }

    /** Whether there is anything behind a semicolon. */
    private boolean hasSecond() {
        lexer.reset(bytes, bytes.length, false);
        boolean ended = false;
        for (next(); kind != Kind.END; next()) {
            boolean end = isSign(';');
            if (ended && !end) {
                return true;
            }
            ended |= end;
        }
        return false;
    }

    /**
     * Whether it is an {@code INSERT} that ends where its data begin. Strict, as the body goes on with it anywhere else, be it with {@code SELECT … PARALLEL WITH DROP}:
     * {@code INSERT INTO [TABLE] [a.]t [(b, c)] [SETTINGS d = 1, …] FORMAT e | VALUES}.
     */
    private boolean endsBeforeData() {
        lexer.reset(bytes, bytes.length, false);
        next();
        if (!takes("INSERT") || !takes("INTO")) {
            return false;
        }
        takes("TABLE");
        if (isWord("TABLE") || isWord("FUNCTION") || !takesName() || !takesColumns() || !takesSettings()) {
            return false;
        }
        boolean data = takes("FORMAT") ? takes(Kind.WORD) : takes("VALUES");
        return data && kind == Kind.END;
    }

    /** With or without what it is of before it. */
    private boolean takesName() {
        do {
            if (!takes(Kind.WORD) && !takes(Kind.QUOTED)) {
                return false;
            }
        } while (takes(Kind.DOT));
        return true;
    }

    private boolean takesColumns() {
        if (!takes(Kind.OPEN)) {
            return true;
        }
        do {
            if (!takesName()) {
                return false;
            }
        } while (takes(Kind.COMMA));
        return takes(Kind.CLOSE);
    }

    private boolean takesSettings() {
        if (!takes("SETTINGS")) {
            return true;
        }
        do {
            if (!takes(Kind.WORD) || !isSign('=')) {
                return false;
            }
            next();
            if (!takes(Kind.NUMBER) && !takes(Kind.STRING) && !takes("true") && !takes("false")) {
                return false;
            }
        } while (takes(Kind.COMMA));
        return true;
    }

    /** To the next token that is no blank. */
    private void next() {
        do {
            kind = lexer.next();
        } while (kind == Kind.GAP);
    }

    private boolean takes(Kind wanted) {
        if (kind != wanted) {
            return false;
        }
        next();
        return true;
    }

    private boolean takes(String word) {
        return isWord(word) && takes(Kind.WORD);
    }

    private boolean isWord(String word) {
        return kind == Kind.WORD
                && new String(bytes, lexer.start, lexer.pos - lexer.start, StandardCharsets.ISO_8859_1)
                        .equalsIgnoreCase(word);
    }

    private boolean isSign(char sign) {
        return kind == Kind.OTHER && bytes[lexer.start] == sign;
    }
}
