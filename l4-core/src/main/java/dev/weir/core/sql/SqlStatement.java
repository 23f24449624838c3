package dev.weir.core.sql;

import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A statement without its values, to keep: everything that exchanges need of it, made once. Immutable. Instances are
 * kept by {@link DigestTable}, so that equal statements have the same texts, which sinks compare by identity first.
 */
public final class SqlStatement {
    /** What a simple statement does to the session. */
    public enum Kind {
        /** Nothing of what follows, or several statements. */
        OTHER,
        /** {@code BEGIN} or {@code START TRANSACTION}. */
        BEGIN,
        /** {@code COMMIT}. */
        COMMIT,
        /** {@code ROLLBACK}, but not to a savepoint. */
        ROLLBACK,
        /** {@code USE}. */
        USE,
        /** {@code SET} of variables. */
        SET
    }

    /** Functions whose purpose is to wait, of several databases. */
    private static final Set<String> WAITING = Set.of(
            "SLEEP",
            "PG_SLEEP",
            "GET_LOCK",
            "BENCHMARK",
            "MASTER_POS_WAIT",
            "SOURCE_POS_WAIT",
            "MASTER_GTID_WAIT",
            "WAIT_FOR_EXECUTED_GTID_SET",
            "WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS");

    private final long id;
    private final String hexId;
    private final String text;
    private final String verb;
    private final List<String> tables;
    private final @Nullable String target;
    private final @Nullable String collection;
    private final String summary;
    private final String sample;
    private final boolean truncated;
    private final Kind kind;
    private final boolean waits;
    private final boolean several;

    /**
     * Makes one of its parts.
     *
     * @param id of the digest, the same for equal texts only
     * @param text the digest
     * @param verb first word, in upper case
     * @param tables its tables, each once
     * @param summary OpenTelemetry's {@code db.query.summary}
     * @param sample a statement of this digest as it was written, values and comments redacted; at most 512 bytes
     * @param truncated whether it was longer than what was seen
     */
    public SqlStatement(
            long id, String text, String verb, List<String> tables, String summary, String sample, boolean truncated) {
        this.id = id;
        this.hexId = HexFormat.of().toHexDigits(id);
        this.text = text;
        this.verb = verb;
        this.tables = List.copyOf(tables);
        this.target = tables.isEmpty() ? null : String.join(", ", tables);
        this.collection = tables.size() == 1 ? tables.get(0) : null;
        this.summary = summary;
        this.sample = sample;
        this.truncated = truncated;
        this.several = text.indexOf(';') >= 0;
        this.kind = truncated || several ? Kind.OTHER : kind(verb, text);
        this.waits = waits(text);
    }

    private static boolean waits(String text) {
        for (int open = text.indexOf('('); open > 0; open = text.indexOf('(', open + 1)) {
            int end = text.charAt(open - 1) == ' ' ? open - 1 : open;
            int start = end;
            while (start > 0 && word(text.charAt(start - 1))) {
                start--;
            }
            if (end - start >= 5 && WAITING.contains(text.substring(start, end).toUpperCase(Locale.ROOT))) {
                return true;
            }
        }
        return false;
    }

    private static boolean word(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_';
    }

    private static Kind kind(String verb, String digest) {
        return switch (verb) {
            case "BEGIN" -> begins(digest, "BEGIN WORK") || digest.length() == 5 ? Kind.BEGIN : Kind.OTHER;
            case "START" -> begins(digest, "START TRANSACTION") ? Kind.BEGIN : Kind.OTHER;
            case "COMMIT" -> Kind.COMMIT;
            case "ROLLBACK" ->
                begins(digest, "ROLLBACK TO") || begins(digest, "ROLLBACK WORK TO") ? Kind.OTHER : Kind.ROLLBACK;
            case "USE" -> Kind.USE;
            case "SET" -> Kind.SET;
            default -> Kind.OTHER;
        };
    }

    private static boolean begins(String digest, String words) {
        return digest.regionMatches(true, 0, words, 0, words.length());
    }

    /** The id of the digest. */
    public long id() {
        return id;
    }

    /** The id as 16 hexadecimal digits. */
    public String hexId() {
        return hexId;
    }

    /** The digest's text. */
    public String text() {
        return text;
    }

    /** First word of the (main) statement, in upper case; empty if it has none. */
    public String verb() {
        return verb;
    }

    /** Its tables, each once, in order. */
    public List<String> tables() {
        return tables;
    }

    /** The tables, separated by a comma and a blank; null without any. */
    public @Nullable String target() {
        return target;
    }

    /** The one table; null if there is none or are several. */
    public @Nullable String collection() {
        return collection;
    }

    /** OpenTelemetry's {@code db.query.summary}. */
    public String summary() {
        return summary;
    }

    /** A statement of this digest as it was written, without values and comments; at most 512 bytes. */
    public String sample() {
        return sample;
    }

    /** Whether it was longer than what was seen, or its digest longer than allowed. */
    public boolean truncated() {
        return truncated;
    }

    /** What it does to the session, if it is simple. */
    public Kind kind() {
        return kind;
    }

    /** Whether it is several statements, in most cases. */
    public boolean several() {
        return several;
    }

    /** Whether it calls a function whose purpose is to wait: its duration says nothing of the server. */
    public boolean waits() {
        return waits;
    }

    @Override
    public String toString() {
        return text;
    }

    /** Bytes of heap it takes, all strings and lists counted, rounded up. */
    public long bytes() {
        long sum = 80 + string(hexId) + string(text) + string(verb) + string(summary) + string(sample);
        sum += 40 + 16 + 4L * tables.size();
        for (String table : tables) {
            sum += string(table);
        }
        return sum + (target == null ? 0 : string(target));
    }

    private static long string(String s) {
        boolean wide = false;
        for (int i = 0; i < s.length() && !wide; i++) {
            wide = s.charAt(i) > 0xff;
        }
        return 24 + 16 + (((wide ? 2L : 1L) * s.length() + 7) & ~7L);
    }
}
