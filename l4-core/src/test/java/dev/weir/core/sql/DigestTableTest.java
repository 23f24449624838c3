package dev.weir.core.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.core.exchange.Exchange;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class DigestTableTest {
    private final Exchange execution = new Exchange();

    private static SqlStatement statement(String text) {
        SqlNormalizer normalizer = new SqlNormalizer();
        byte[] sql = text.getBytes(StandardCharsets.UTF_8);
        normalizer.normalize(sql, 0, sql.length, SqlMode.DEFAULT, false);
        return normalizer.statement();
    }

    private static SqlStatement distinct(int i) {
        String text = "SELECT column_a, column_b FROM table_" + i + " WHERE id = ?";
        return new SqlStatement(
                i * 0x9E3779B97F4A7C15L, text, "SELECT", List.of("table_" + i), "SELECT t", text, false);
    }

    private static DigestRow row(String text, DigestTable... tables) {
        return DigestTable.rows(List.of(tables)).stream()
                .filter(r -> r.statement().text().equals(text))
                .findAny()
                .orElseThrow();
    }

    private void count(DigestTable table, SqlStatement statement) {
        execution.sql = statement;
        table.count(execution, "db", execution.durationNanos);
    }

    private static long calls(DigestTable table) {
        return DigestTable.rows(List.of(table)).stream()
                .mapToLong(DigestRow::calls)
                .sum();
    }

    @Test
    void addsUpWhatExecutionsDid() {
        DigestTable table = new DigestTable(DigestTable.DEFAULT_MAX_BYTES);
        SqlStatement statement = statement("select 1");
        for (int i = 1; i <= 100; i++) {
            execution.clear();
            execution.startNanos = i;
            execution.durationNanos = i * 1_000_000L;
            execution.rowsSent = 2;
            execution.rowsAffected = 3;
            execution.requestBytes = 10;
            execution.responseBytes = 20;
            execution.noIndex = i <= 5;
            execution.status = i <= 3 ? Exchange.Status.ERROR : Exchange.Status.OK;
            execution.error = i <= 2 ? "1064" : "1213";
            count(table, statement);
        }

        DigestRow row = row("SELECT ?", table);

        assertThat(row.calls()).isEqualTo(100);
        assertThat(row.errors()).isEqualTo(3);
        assertThat(row.errorCodes()).containsEntry("1064", 2L).containsEntry("1213", 1L);
        assertThat(row.rowsSent()).isEqualTo(200);
        assertThat(row.rowsAffected()).isEqualTo(300);
        assertThat(row.requestBytes()).isEqualTo(1_000);
        assertThat(row.responseBytes()).isEqualTo(2_000);
        assertThat(row.noIndex()).isEqualTo(5);
        assertThat(row.firstNanos()).isEqualTo(1);
        assertThat(row.lastNanos()).isEqualTo(100);
        assertThat(row.timed()).isEqualTo(100);
        assertThat(row.maxNanos()).isEqualTo(100_000_000);
        assertThat((double) row.quantileMicros(0.5)).isCloseTo(50_000, within(2_500.0));
        assertThat(row.quantileMicros(1)).isLessThanOrEqualTo(100_000);
        assertThat(row.varianceToMean()).isCloseTo(833.25e-6 / 50.5e-3, within(1e-6));
    }

    /** Fetching from a cursor adds to the execution that opened it. */
    @Test
    void whatGoesOnWithAnExecutionIsNoCall() {
        DigestTable table = new DigestTable(DigestTable.DEFAULT_MAX_BYTES);
        SqlStatement statement = statement("select a from t");
        execution.rowsSent = 0;
        execution.responseBytes = 100;
        execution.durationNanos = 1_000_000;
        execution.noIndex = true;
        count(table, statement);
        execution.continued = true;
        execution.rowsSent = 50;
        execution.durationNanos = 8_000_000;
        count(table, statement);

        DigestRow row = row("SELECT a FROM t", table);
        assertThat(row.calls()).isEqualTo(1);
        assertThat(row.timed()).isEqualTo(1);
        assertThat(row.noIndex()).isEqualTo(1);
        assertThat(row.rowsSent()).isEqualTo(50);
        assertThat(row.responseBytes()).isEqualTo(200);
        assertThat(row.totalNanos()).isEqualTo(9_000_000);
        assertThat(row.maxNanos()).isEqualTo(1_000_000);
        assertThat(row.varianceToMean()).isZero();
    }

    @Test
    void findsAStatementByItsId() {
        DigestTable table = new DigestTable(1);
        SqlStatement statement = statement("select a from t");

        count(table, statement);

        assertThat(table.find(statement.id())).isSameAs(statement);
        assertThat(table.find(1)).isNull();
    }

    @Test
    void addsUpLoops() {
        DigestTable one = new DigestTable(1);
        DigestTable two = new DigestTable(1);
        execution.durationNanos = 1_000;

        count(one, statement("select 1"));
        count(two, statement("select 2"));

        assertThat(row("SELECT ?", one, two).calls()).isEqualTo(2);
        assertThat(row("SELECT ?", one, two).timed()).isEqualTo(2);
    }

    @Test
    void staysBelowItsCapWithAMillionDigests() {
        DigestTable table = new DigestTable(DigestTable.DEFAULT_MAX_BYTES);
        SqlStatement frequent = statement("select often");
        for (int i = 1; i <= 1_000_000; i++) {
            count(table, distinct(i));
            if (i % 100 == 0) {
                count(table, frequent);
            }
            if (table.bytes() > DigestTable.DEFAULT_MAX_BYTES) {
                assertThat(table.bytes()).isLessThanOrEqualTo(DigestTable.DEFAULT_MAX_BYTES);
            }
        }

        assertThat(DigestTable.rows(List.of(table)).size()).isGreaterThan(8_000);
        assertThat(table.evicted()).isGreaterThan(900_000);
        assertThat(calls(table)).isEqualTo(1_010_000);
        DigestRow row = row("SELECT often", table);
        assertThat(row.calls() + row.missed()).isGreaterThanOrEqualTo(10_000);
        assertThat(row.calls()).isLessThanOrEqualTo(10_000);
        assertThat(row(DigestTable.OTHER.text(), table).calls()).isGreaterThan(900_000);
    }

    @Test
    void makesPlaceForLongTextsInPlaceOfSeveral() {
        DigestTable table = new DigestTable(100_000);
        for (int i = 1; i <= 2_000; i++) {
            SqlStatement small = distinct(i);
            String text = small.text() + "x".repeat(i * 7 % 4_000);
            count(table, new SqlStatement(small.id(), text, "SELECT", List.of(), "s", "s", false));

            assertThat(table.bytes()).isLessThanOrEqualTo(100_000);
        }

        assertThat(calls(table)).isEqualTo(2_000);
    }

    @Test
    void countsWhatIsTooLongAsOther() {
        DigestTable table = new DigestTable(1);

        count(table, new SqlStatement(1, "x".repeat(20_000), "", List.of(), "", "", true));

        assertThat(row(DigestTable.OTHER.text(), table).calls()).isEqualTo(1);
    }

    @Test
    void estimatesItsHeapHonestly() {
        List<DigestTable> tables = new ArrayList<>();
        long before = heap();
        for (int t = 0; t < 4; t++) {
            DigestTable table = new DigestTable(DigestTable.DEFAULT_MAX_BYTES);
            for (int i = 1; i <= 20_000; i++) {
                count(table, distinct(i));
            }
            tables.add(table);
        }

        long taken = heap() - before;

        assertThat(taken).isLessThan(4 * DigestTable.DEFAULT_MAX_BYTES * 21 / 20);
        assertThat(tables).hasSize(4);
    }

    private static long heap() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            least = Math.min(
                    least,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }

    @Test
    void readersNeverSeeNumbersOfAnotherDigest() throws InterruptedException {
        DigestTable table = new DigestTable(1);
        AtomicBoolean done = new AtomicBoolean();
        AtomicReference<String> wrong = new AtomicReference<>();
        Thread reader = new Thread(() -> {
            while (!done.get()) {
                for (DigestRow row : DigestTable.rows(List.of(table))) {
                    String text = row.statement().text();
                    if (!text.equals(DigestTable.OTHER.text())
                            && row.rowsSent() != 0
                            && row.rowsSent() % row.statement().id() != 0) {
                        wrong.set(text + ": " + row.rowsSent());
                    }
                }
            }
        });
        reader.start();
        for (int i = 1; i <= 200_000; i++) {
            int id = 1_000 + i % 500;
            execution.rowsSent = id;
            count(table, new SqlStatement(id, "s" + id, "", List.of(), "", "", false));
        }
        done.set(true);
        reader.join();

        assertThat(wrong.get()).isNull();
    }
}
