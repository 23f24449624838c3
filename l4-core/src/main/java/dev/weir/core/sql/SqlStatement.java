package dev.weir.core.sql;

import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
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
    private static final Pattern WAITING = Pattern.compile(
            "\\b(sleep|pg_sleep|get_lock|benchmark|(master|source)_(pos|gtid)_wait|wait_for_executed_gtid_set"
                    + "|wait_until_sql_thread_after_gtids)\\s*\\(",
            Pattern.CASE_INSENSITIVE);

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
        this.kind = truncated ? Kind.OTHER : kind(verb, text.toUpperCase(Locale.ROOT));
        this.several = text.indexOf(';') >= 0;
        this.waits = WAITING.matcher(text).find();
    }

    private static Kind kind(String verb, String text) {
        if (text.indexOf(';') >= 0) {
            return Kind.OTHER;
        }
        return switch (verb) {
            case "BEGIN" -> text.equals("BEGIN") || text.equals("BEGIN WORK") ? Kind.BEGIN : Kind.OTHER;
            case "START" -> text.startsWith("START TRANSACTION") ? Kind.BEGIN : Kind.OTHER;
            case "COMMIT" -> Kind.COMMIT;
            case "ROLLBACK" ->
                text.startsWith("ROLLBACK TO") || text.startsWith("ROLLBACK WORK TO") ? Kind.OTHER : Kind.ROLLBACK;
            case "USE" -> Kind.USE;
            case "SET" -> Kind.SET;
            default -> Kind.OTHER;
        };
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
        boolean wide = s.chars().anyMatch(c -> c > 0xff);
        return 24 + 16 + (((wide ? 2L : 1L) * s.length() + 7) & ~7L);
    }
}
