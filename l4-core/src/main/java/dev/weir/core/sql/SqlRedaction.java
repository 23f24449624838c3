package dev.weir.core.sql;

import dev.weir.core.sql.SqlLexer.Token;
import java.nio.charset.StandardCharsets;

/** A statement as it was written, but for its values and comments. */
final class SqlRedaction {
    private static final int MAX = 512;

    private final byte[] out = new byte[MAX];
    private int length;

    String redact(byte[] sql, int offset, int bytes, SqlMode mode) {
        SqlLexer lexer = new SqlLexer();
        lexer.reset(sql, offset, bytes, mode);
        int end = offset;
        boolean fits = true;
        for (Token token = lexer.next(); token != Token.END && fits; token = lexer.next()) {
            if (lexer.start > end && length > 0 && length < MAX) {
                out[length++] = ' ';
            }
            end = lexer.pos;
            boolean value = token == Token.STRING || token == Token.NUMBER || token == Token.PARAMETER;
            fits = value ? put(new byte[] {'?'}, 0, 1) : put(sql, lexer.start, end);
        }
        return new String(out, 0, length, StandardCharsets.UTF_8);
    }

    private boolean put(byte[] from, int start, int end) {
        if (length + end - start > MAX) {
            return false;
        }
        System.arraycopy(from, start, out, length, end - start);
        length += end - start;
        return true;
    }
}
