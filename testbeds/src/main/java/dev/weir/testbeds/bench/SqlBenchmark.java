package dev.weir.testbeds.bench;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.sql.SqlMode;
import dev.weir.core.sql.SqlNormalizer;
import dev.weir.core.sql.SqlStatement;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the digest of a statement costs: normalised, and found in the table. Nothing may be allocated ({@code -prof gc}). */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SqlBenchmark {
    /** The statement. */
    @Param({"point", "range", "update", "insert", "in-list", "rows"})
    public String statement = "";

    private final SqlNormalizer normalizer = new SqlNormalizer();
    private final DigestTable table = new DigestTable(DigestTable.DEFAULT_MAX_BYTES);
    private byte[] sql = new byte[0];

    private static String text(String name) {
        String c =
                "68487932199-96439406143-93774651418-41631865787-96406072701-20604855487-25459966574-28203206787-41238978918";
        return switch (name) {
            case "point" -> "SELECT c FROM sbtest1 WHERE id=12345";
            case "range" -> "SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN 5012 AND 5111 ORDER BY c";
            case "update" -> "UPDATE sbtest1 SET c='" + c + "' WHERE id=5012";
            case "insert" ->
                "INSERT INTO sbtest1 (id, k, c, pad) VALUES (5012, 4988, '" + c + "', '"
                        + "22195207048-70116052123-74140395089-76317954521-98694025897')";
            case "in-list" -> list("SELECT c FROM sbtest1 WHERE id IN (", "%d", 2 << 10, ")");
            case "rows" ->
                list("INSERT INTO sbtest1 (id, k, c, pad) VALUES ", "(%d, 4988, '" + c + "', 'x')", 10_000, "");
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static String list(String before, String element, int length, String after) {
        StringJoiner all = new StringJoiner(", ", before, after);
        for (int i = 1; all.length() < length; i++) {
            all.add(String.format(Locale.ROOT, element, i * 7919));
        }
        return all.toString();
    }

    /** Makes the statement and its place in the table. */
    @Setup
    public void setup() {
        sql = text(statement).getBytes(StandardCharsets.UTF_8);
        normalizer.normalize(sql, 0, sql.length, SqlMode.DEFAULT, false);
        Exchange exchange = new Exchange();
        exchange.statement(normalizer.statement());
        table.count(exchange, "db", 1_000);
    }

    /** The statement's digest, and what the table has of it. */
    @Benchmark
    public @Nullable SqlStatement digest() {
        normalizer.normalize(sql, 0, sql.length, SqlMode.DEFAULT, false);
        return table.find(normalizer.id());
    }
}
