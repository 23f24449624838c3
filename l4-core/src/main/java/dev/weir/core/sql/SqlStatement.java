package dev.weir.core.sql;

import java.util.HexFormat;
import java.util.List;

/**
 * A statement without its values, to keep.
 *
 * @param id xxHash64 of {@code text}
 * @param text the digest
 * @param verb first word, in upper case
 * @param tables its tables, each once
 * @param summary OpenTelemetry's {@code db.query.summary}
 * @param sample the first statement of this digest as it was written, values and comments redacted, at most
 *     512 bytes
 * @param truncated whether it was longer than what was seen
 */
public record SqlStatement(
        long id, String text, String verb, List<String> tables, String summary, String sample, boolean truncated) {
    public SqlStatement {
        tables = List.copyOf(tables);
    }

    /** The id as 16 hexadecimal digits. */
    public String hexId() {
        return HexFormat.of().toHexDigits(id);
    }

    /** Bytes of heap it takes, all strings and lists counted, rounded up. */
    long bytes() {
        long sum = 56 + string(text) + string(verb) + string(summary) + string(sample) + 40 + 16 + 4L * tables.size();
        for (String table : tables) {
            sum += string(table);
        }
        return sum;
    }

    private static long string(String s) {
        boolean wide = s.chars().anyMatch(c -> c > 0xff);
        return 24 + 16 + (((wide ? 2L : 1L) * s.length() + 7) & ~7L);
    }
}
