package dev.weir.core.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.XxHash64;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SqlNormalizerTest {
    private static final String ALPHABET =
            "SELECT FROM IN VALUES()(),,;'\"`\\/*!+*/-- #\n@.0x1e5_utf8mb4?a=-\u00e9$:<>";

    private final SqlNormalizer normalizer = new SqlNormalizer();

    private SqlNormalizer read(String sql, SqlMode mode) {
        byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
        normalizer.normalize(bytes, 0, bytes.length, mode, false);
        return normalizer;
    }

    private static SqlCharset charset(Random random) {
        return random.nextInt(3) == 0
                ? SqlCharset.values()[random.nextInt(SqlCharset.values().length)]
                : SqlCharset.PLAIN;
    }

    private SqlNormalizer read(String sql) {
        return read(sql, SqlMode.DEFAULT);
    }

    @Test
    void makesTheDigestsThatTheRulesDemand() {
        List<Corpus.Case> cases = Corpus.read("digests.txt");
        SoftAssertions softly = new SoftAssertions();

        cases.forEach(c ->
                softly.assertThat(read(c.sql(), c.mode()).text()).as(c.sql()).isEqualTo(c.expected()));

        softly.assertAll();
        assertThat(cases).hasSizeGreaterThanOrEqualTo(150);
    }

    @Test
    void makesSummariesByTheRuleOfOpenTelemetry() {
        SoftAssertions softly = new SoftAssertions();

        for (Corpus.Case c : Corpus.read("summaries.txt")) {
            SqlNormalizer n = read(c.sql());
            String actual = n.summary() + " | " + String.join(", ", n.tables());
            softly.assertThat(actual.strip()).as(c.sql()).isEqualTo(c.expected().strip());
        }

        softly.assertAll();
    }

    @Test
    void summariesDoNotDependOnWhatCameBefore() {
        String index = "CREATE INDEX i ON t (a)";
        String alone = read(index).summary();

        read("SELECT a FROM b JOIN c").summary();
        String after = read(index).summary();
        String behind = read("SELECT a FROM b; " + index).summary();

        assertThat(alone).endsWith(" t");
        assertThat(after).isEqualTo(alone);
        assertThat(behind).isEqualTo("SELECT b " + alone);
    }

    /** Where there is no room for their names, no name is told: it may be one of them. */
    @Test
    void ofManyCommonTableExpressionsNoneIsATable() {
        StringBuilder with = new StringBuilder("WITH ");
        StringBuilder from = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            with.append(i == 0 ? "" : ", ").append('c').append(i).append(" AS (SELECT 1)");
            from.append(i == 0 ? "c" : ", c").append(i);
        }

        SqlNormalizer n = read(with + " SELECT * FROM " + from + ", t");

        assertThat(n.summary()).isEqualTo("SELECT ".repeat(21).strip());
        assertThat(n.tables()).isEmpty();
        assertThat(read("SELECT * FROM t").summary()).isEqualTo("SELECT t");
    }

    @Test
    void hashesTheTextToTheId() {
        assertThat(read("select  1").id()).isEqualTo(XxHash64.hash("SELECT ?"));
        assertThat(read("SELECT 'x' -- y").statement().hexId())
                .isEqualTo(HexFormat.of().toHexDigits(XxHash64.hash("SELECT ?")));
    }

    @Test
    void givesItsOwnDigestsTheSameId() {
        for (Corpus.Case c : Corpus.read("digests.txt")) {
            String text = read(c.sql(), c.mode()).text();
            if (!normalizer.truncated()) {
                long id = normalizer.id();

                assertThat(read(text, c.mode()).id()).as(text).isEqualTo(id);
            }
        }
    }

    @Test
    void namesTheVerbOfTheMainStatement() {
        assertThat(read("(select 1)").verb()).isEqualTo("SELECT");
        assertThat(read("with a as (select 1) update t set b = 1").verb()).isEqualTo("UPDATE");
        assertThat(read("").verb()).isEmpty();
    }

    @Test
    void keepsNullWhereAsked() {
        SqlNormalizer keeping = new SqlNormalizer(true, 100);
        byte[] sql = "SELECT NULL, 1".getBytes(StandardCharsets.UTF_8);

        keeping.normalize(sql, 0, sql.length, SqlMode.DEFAULT, false);

        assertThat(keeping.text()).isEqualTo("SELECT NULL, ?");
    }

    @Test
    void findsTheTraceOfAComment() {
        String trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

        assertThat(read("SELECT 1 /*traceparent='" + trace + "',x='y'*/").traceId())
                .isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
        assertThat(read("SELECT 1 /*traceparent='" + trace.replace("-01", "-0g") + "'*/")
                        .traceId())
                .isNull();
        assertThat(read("SELECT " + "abc,".repeat(5_000) + "d /*traceparent='" + trace + "'*/")
                        .hasTrace())
                .isTrue();
        assertThat(read("SELECT 'traceparent=''" + trace + "'''").traceId()).isNull();
    }

    @Test
    void flagsWhatWasCut() {
        byte[] sql = "SELECT a FROM t".getBytes(StandardCharsets.UTF_8);

        normalizer.normalize(sql, 0, sql.length, SqlMode.DEFAULT, true);

        assertThat(normalizer.truncated()).isTrue();
        assertThat(read("SELECT a FROM t").truncated()).isFalse();
        assertThat(read("SELECT " + "abc,".repeat(5_000)).truncated()).isTrue();
        assertThat(normalizer.text()).hasSizeLessThanOrEqualTo(SqlNormalizer.DEFAULT_MAX_TEXT + 4);
    }

    @Test
    void cutsSummariesBetweenNamesOnly() {
        String summary = read("SELECT * FROM " + "a_table_with_a_name, ".repeat(40) + "b")
                .summary();

        assertThat(summary).hasSizeLessThanOrEqualTo(255).endsWith(" a_table_with_a_name");
    }

    @Test
    void leavesNoValueInTheSample() {
        String sql = "CREATE USER 'u'@'h'  identified by 'secret' /* secret */ -- secret\n, 4711";

        assertThat(read(sql).statement().sample()).isEqualTo("CREATE USER ?? identified by ? , ?");
    }

    @Test
    void takesEveryPrefix() {
        for (Corpus.Case c : Corpus.read("digests.txt")) {
            byte[] sql = c.sql().getBytes(StandardCharsets.UTF_8);
            for (int length = 0; length <= sql.length; length++) {
                normalizer.normalize(sql, 0, length, c.mode(), true);

                assertThat(normalizer.truncated()).isTrue();
                assertThat(normalizer.statement().text()).endsWith("...");
            }
        }
    }

    /** What is known from statements before must not change anything. */
    @Test
    void isNotMisledByWhatItReadBefore() {
        Random random = new Random(3);
        List<String> corpus = Corpus.lines("corpus.txt");
        String values = "0123456789'\\\\.-x eE\"#/*,)(";
        for (int i = 0; i < 60_000; i++) {
            byte[] sql = corpus.get(random.nextInt(corpus.size())).getBytes(StandardCharsets.UTF_8);
            SqlMode mode = new SqlMode(random.nextInt(4) == 0, random.nextInt(4) == 0, charset(random));
            for (int k = random.nextInt(4); k > 0 && sql.length > 0; k--) {
                int at = random.nextInt(sql.length);
                boolean digit = sql[at] >= '0' && sql[at] <= '9';
                sql[at] = (byte) (digit ? '0' + random.nextInt(10) : values.charAt(random.nextInt(values.length())));
            }
            SqlNormalizer fresh = new SqlNormalizer();

            normalizer.normalize(sql, 0, sql.length, mode, false);
            fresh.normalize(sql, 0, sql.length, mode, false);

            if (normalizer.id() != fresh.id() || normalizer.truncated() != fresh.truncated()) {
                assertThat(normalizer.text())
                        .as(new String(sql, StandardCharsets.UTF_8))
                        .isEqualTo(fresh.text());
                assertThat(normalizer.id()).isEqualTo(fresh.id());
                assertThat(normalizer.truncated()).isEqualTo(fresh.truncated());
            }
            assertThat(normalizer.hasTrace()).isEqualTo(fresh.hasTrace());
        }
    }

    @Test
    void takesAnyBytes() {
        Random random = new Random(1);
        SqlNormalizer small = new SqlNormalizer(false, 40);
        for (int i = 0; i < 20_000; i++) {
            byte[] sql = new byte[random.nextInt(200)];
            random.nextBytes(sql);
            for (int k = 0; k < sql.length && i % 4 != 0; k++) {
                sql[k] = (byte) ALPHABET.charAt(random.nextInt(ALPHABET.length()));
            }
            SqlMode mode = new SqlMode(random.nextBoolean(), random.nextBoolean(), charset(random));
            normalizer.normalize(sql, 0, sql.length, mode, random.nextBoolean());
            long id = normalizer.statement().id();
            normalizer.normalize(sql, 0, sql.length, mode, normalizer.truncated());
            small.normalize(sql, 0, sql.length, mode, false);

            assertThat(normalizer.id()).isEqualTo(id);
            assertThat(small.statement().summary().length()).isLessThanOrEqualTo(255);
        }
    }

    /** 16 MiB of anything take less than a second or two each: quadratic ones would take hours. */
    @Test
    @Timeout(120)
    void isLinearInHostileInput() {
        byte[] sql = new byte[16 << 20];
        for (String part : List.of(
                "(",
                "/*",
                "'",
                "`",
                "((?",
                "/*!",
                "/*! /*",
                "/*!/*+",
                "SELECT/*+",
                "SELECT(",
                ",",
                "VALUES(",
                "-",
                "_a'",
                "--",
                "-- ",
                "#",
                "''",
                "\\'",
                "*/",
                "/*M!*",
                "0x",
                "1e",
                ".1",
                "@@",
                "@`",
                "?,",
                "1,",
                "'',",
                "),(",
                "VALUES(1),(",
                "a.",
                "FROM a,",
                "IN((",
                "SELECT ",
                "WITH a AS(",
                "\u00e9",
                "traceparent='",
                "/*traceparent='")) {
            byte[] one = part.getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < sql.length; i++) {
                sql[i] = one[i % one.length];
            }

            normalizer.normalize(sql, 0, sql.length, SqlMode.DEFAULT, false);

            assertThat(normalizer.statement().text().length()).as(part).isLessThanOrEqualTo(4_100);
            assertThat(normalizer.summary().length()).as(part).isLessThanOrEqualTo(255);
        }
    }

    @Test
    void saysWhatAStatementDoesToTheSession() {
        Map<String, SqlStatement.Kind> kinds = Map.ofEntries(
                Map.entry("begin", SqlStatement.Kind.BEGIN),
                Map.entry("BEGIN WORK", SqlStatement.Kind.BEGIN),
                Map.entry("begin not atomic select 1; end", SqlStatement.Kind.OTHER),
                Map.entry("start transaction read only", SqlStatement.Kind.BEGIN),
                Map.entry("START SLAVE", SqlStatement.Kind.OTHER),
                Map.entry("/* x */ commit", SqlStatement.Kind.COMMIT),
                Map.entry("rollback", SqlStatement.Kind.ROLLBACK),
                Map.entry("rollback to savepoint a", SqlStatement.Kind.OTHER),
                Map.entry("rollback work to a", SqlStatement.Kind.OTHER),
                Map.entry("use `a b`", SqlStatement.Kind.USE),
                Map.entry("set autocommit=0", SqlStatement.Kind.SET),
                Map.entry("commit; select 1", SqlStatement.Kind.OTHER),
                Map.entry("select 1", SqlStatement.Kind.OTHER),
                Map.entry("", SqlStatement.Kind.OTHER));

        kinds.forEach(
                (sql, kind) -> assertThat(read(sql).statement().kind()).as(sql).isEqualTo(kind));
    }

    @Test
    void isNotConfusedByRepeatedOpenings() {
        for (String part : List.of("(", "/*", "'", "`", "((?", "/*!", "SELECT(", ",", "VALUES(", "-", "_a'")) {
            byte[] sql = new byte[100_000];
            byte[] one = part.getBytes(StandardCharsets.UTF_8);
            Arrays.setAll(new int[sql.length], k -> sql[k] = one[k % one.length]);

            normalizer.normalize(sql, 0, sql.length, SqlMode.DEFAULT, false);

            assertThat(normalizer.statement().text().length()).isLessThanOrEqualTo(4_100);
        }
    }

    @Test
    void knowsFunctionsThatWait() {
        List<String> waiting = List.of(
                "SELECT SLEEP(1)", "select sleep (0.5), a from t", "DO GET_LOCK('a', 5)", "SELECT a, pg_sleep(1)");
        List<String> others =
                List.of("SELECT oversleep(1)", "SELECT sleep FROM t", "SELECT (sleep), (1)", "SELECT 'sleep(1)'");

        assertThat(waiting).allMatch(sql -> read(sql).statement().waits());
        assertThat(others).noneMatch(sql -> read(sql).statement().waits());
    }
}
