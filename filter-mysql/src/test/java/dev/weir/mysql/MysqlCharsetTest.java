package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;
import static dev.weir.mysql.Talk.error;
import static dev.weir.mysql.Talk.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.Direction;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import dev.weir.core.testkit.WireScript;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions whose statements are in GBK and the like; {@code geheim} is a password in all of them. */
final class MysqlCharsetTest {
    private static final String MYSQL = "8.4.0";
    private static final String MARIADB = "5.5.5-10.11.6-MariaDB";
    private static final int UTF8 = 45;
    private static final int GBK = 28;

    /** One value of two bytes in GBK; up to the next quote else. */
    private static final String PAIR = "SELECT '\u00d5\\', 'geheim'";
    /** One value of bytes that are not GBK. */
    private static final String ESCAPE = "SELECT '\u00d5\\', geheim'";

    private static final String READ = "SELECT ?";

    private static SnifferTester loggedIn(String version, int servers, int clients) {
        SnifferTester tester = new SnifferTester(new FakeEnvironment().sniffers(new MysqlProtocol(), Map.of()));
        String login = new Talk()
                .login(Talk.CAN | Talk.DEPRECATE_EOF, version, servers, clients)
                .text();
        WireScript.parse("login", login)
                .bursts()
                .forEach(burst -> tester.feed(burst.direction(), burst.bytes(), burst.nanos()));
        tester.recorded().clear();
        return tester;
    }

    private static void ask(SnifferTester tester, Talk.Bytes command) {
        tester.feed(Direction.TO_UPSTREAM, Talk.packet(0, command.done()), 1);
    }

    private static void answer(SnifferTester tester, Talk.Bytes answer) {
        tester.feed(Direction.TO_CLIENT, Talk.packet(1, answer.done()), 2);
    }

    private static void run(SnifferTester tester, String sql) {
        ask(tester, bytes().u1(3).latin(sql));
        answer(tester, ok(0, 2));
    }

    private static Exchange last(SnifferTester tester) {
        List<Exchange> all = tester.recorded().all();
        assertThat(all).as("%s", tester.outcome()).isNotEmpty();
        return all.get(all.size() - 1);
    }

    private static void assertGbk(SnifferTester tester) {
        run(tester, PAIR);
        assertThat(last(tester).statement).isEqualTo(READ);
        assertThat(Objects.requireNonNull(last(tester).sql).sample()).isEqualTo("SELECT ?, ?");
    }

    private static void assertPlain(SnifferTester tester) {
        run(tester, ESCAPE);
        assertThat(last(tester).statement).isEqualTo(READ);
    }

    /** Neither reading shows anything. */
    private static void assertDoubtful(SnifferTester tester) {
        for (String sql : List.of(PAIR, ESCAPE)) {
            run(tester, sql);
            assertThat(last(tester).statement).isEqualTo(READ + " ...");
            assertThat(Objects.requireNonNull(last(tester).sql).sample()).isEqualTo(READ);
        }
    }

    // ---- the handshake

    @ParameterizedTest
    @CsvSource({"28", "87", "248", "249", "250"})
    void loginsSayTheCharacterSet(int collation) {
        assertGbk(loggedIn(MYSQL, 255, collation));
    }

    @ParameterizedTest
    @CsvSource(
            value = {"1 ~ \u00a1", "84 ~ \u00a1", "13 ~ \u0085", "88 ~ \u0085", "95 ~ \u0085", "96 ~ \u0085"},
            delimiter = '~')
    void othersThanGbk(int collation, String lead) {
        SnifferTester tester = loggedIn(MYSQL, 255, collation);

        run(tester, "SELECT '" + lead + "\\', 'geheim'");

        assertThat(last(tester).statement).isEqualTo(READ);
    }

    @ParameterizedTest
    @CsvSource({"8", "33", "45", "63", "255", "24", "85", "97", "19"})
    void mostHaveNoPairs(int collation) {
        assertPlain(loggedIn(MYSQL, 255, collation));
    }

    @Test
    void theServersDefaultIsForClientsThatNameNone() {
        assertGbk(loggedIn(MYSQL, GBK, 0));
        assertPlain(loggedIn(MYSQL, UTF8, 0));
        assertGbk(loggedIn(MYSQL, GBK, GBK));
    }

    /** A server with such a default may not know the client's, or not heed it. */
    @Test
    void differencesFromTheServersDefaultAreInDoubt() {
        assertDoubtful(loggedIn(MYSQL, GBK, UTF8));
        assertDoubtful(loggedIn(MARIADB, UTF8, 248)); // MariaDB has no GB18030
    }

    @Test
    void whatBeganUnseenIsInDoubt() {
        SnifferTester tester = new SnifferTester(new FakeEnvironment().sniffers(new MysqlProtocol(), Map.of()));

        assertDoubtful(tester);
        run(tester, "SET NAMES gbk");

        assertGbk(tester);
    }

    // ---- statements

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET NAMES gbk",
                "set names 'GBK'",
                "SET NAMES \"gb18030\";",
                "SET NAMES `gbk`",
                "SET NAMES gbk COLLATE gbk_bin",
                "SET NAMES 'gbk' COLLATE 'gbk_bin'",
                "SET CHARACTER SET gbk",
                "SET CHAR SET 'gbk'",
                "SET CHARSET gbk",
                "SET character_set_client = gbk",
                "SET SESSION character_set_client='gbk'",
                "SET LOCAL character_set_client = gbk",
                "SET @@character_set_client := 'gbk'",
                "SET @@session.character_set_client=gbk",
                "SET `character_set_client` = 'gbk'",
                "SET @a = 1, NAMES gbk",
                "SET character_set_results = NULL, character_set_client = 'gbk', @b = 'x'",
                "/*!40101 SET NAMES gbk */",
                "/*!40101 SET NAMES 'gbk' */",
                "/* app */ SET NAMES gbk /* route */",
                "SET NAMES /* NAMES utf8 */ gbk",
                "SELECT 1; SET NAMES gbk",
                "SET NAMES utf8; SET NAMES 'gbk'",
                "SET NAMES utf8mb4, character_set_client = gbk",
            })
    void statementsSetTheCharacterSet(String sql) {
        SnifferTester tester = loggedIn(MYSQL, 255, UTF8);

        run(tester, sql);

        assertGbk(tester);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET NAMES utf8mb4",
                "SET NAMES 'latin1'",
                "SET CHARACTER SET utf8mb3",
                "SET character_set_client = euckr",
                "SET NAMES gbk; SET NAMES utf8",
            })
    void andBack(String sql) {
        SnifferTester tester = loggedIn(MYSQL, 255, GBK);

        run(tester, sql);

        assertPlain(tester);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET @names = 'gbk'",
                "SET GLOBAL character_set_client = gbk",
                "SET character_set_results = gbk",
                "SET character_set_connection = gbk",
                "SET @a = 'x, NAMES gbk'",
                "SET STATEMENT character_set_client = gbk FOR SELECT 1",
                "SELECT 'SET NAMES gbk'",
                "SELECT a, names FROM t; UPDATE t SET names = 'gbk', charset = 'gbk'",
                "SELECT 1 /* SET NAMES gbk */; SELECT 2",
                "CREATE TABLE t (a TEXT) CHARACTER SET gbk",
            })
    void notEveryCharacterSetIsOfStatements(String sql) {
        SnifferTester tester = loggedIn(MYSQL, 255, UTF8);

        run(tester, sql);

        assertPlain(tester);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET NAMES DEFAULT",
                "SET character_set_client = @saved",
                "SET character_set_client = @@global.character_set_client",
                "SET character_set_client = 28",
                "SET character_set_client = CONCAT('g', 'bk')",
                "SET NAMES /*, NAMES utf8 */ 'gbk'",
                "SET @a = 'NAMES utf8, ', NAMES 'gbk'",
                "SET GLOBAL max_connections = 5, character_set_client = gbk",
                "BEGIN NOT ATOMIC SET NAMES gbk; END",
            })
    void whatCannotBeToldIsInDoubt(String sql) {
        SnifferTester tester = loggedIn(MYSQL, 255, UTF8);

        run(tester, sql);

        assertDoubtful(tester);
    }

    /** The server has changed by the time it reads the second one. */
    @ParameterizedTest
    @ValueSource(strings = {PAIR, ESCAPE})
    void theRestOfTheSameStatementsIsInDoubt(String sql) {
        for (int collation : new int[] {UTF8, GBK}) {
            for (String name : List.of("gbk", "'gbk'", "utf8")) {
                SnifferTester tester = loggedIn(MYSQL, 255, collation);

                run(tester, "SET NAMES " + name + "; " + sql);

                assertThat(last(tester).statement).doesNotContain("geheim").endsWith("; SELECT ? ...");
                assertThat(Objects.requireNonNull(last(tester).sql).sample()).doesNotContain("geheim");
            }
        }
    }

    @Test
    void onlyWhatSucceedsCounts() {
        SnifferTester tester = loggedIn(MYSQL, 255, UTF8);

        ask(tester, bytes().u1(3).text("SET NAMES gbk COLLATE utf8mb4_bin"));
        answer(tester, error(1253, "42000", "no"));

        assertPlain(tester);
    }

    @Test
    void seriesThatFailAreInDoubt() {
        SnifferTester tester = loggedIn(MYSQL, 255, UTF8);

        ask(tester, bytes().u1(3).text("SET NAMES gbk; nonsense"));
        answer(tester, ok(0, 0x0a));
        tester.feed(
                Direction.TO_CLIENT, Talk.packet(2, error(1064, "42000", "no").done()), 3);

        assertDoubtful(tester);
    }

    @Test
    void untilTheAnswerItIsInDoubt() {
        SnifferTester tester = loggedIn(MARIADB, 33, UTF8);

        ask(tester, bytes().u1(3).text("SET NAMES gbk"));
        ask(tester, bytes().u1(3).latin(PAIR));
        answer(tester, ok(0, 2));
        answer(tester, ok(0, 2));

        assertThat(last(tester).statement).isEqualTo("SELECT ? ...");
        assertGbk(tester);
    }

    @Test
    void whatIsPreparedMaySetIt() {
        SnifferTester tester = loggedIn(MYSQL, 255, UTF8);

        ask(tester, bytes().u1(0x16).text("SET character_set_client = ?"));
        answer(tester, bytes().u1(0).u4(1).u2(0).u2(0).u1(0).u2(0));
        assertPlain(tester);
        ask(tester, bytes().u1(0x17).u4(1).u1(0).u4(1));
        answer(tester, ok(0, 2));

        assertDoubtful(tester);
    }

    // ---- what the server says, and resets

    @Test
    void theServerKnowsBest() {
        SnifferTester tester = loggedIn(MYSQL, 255, UTF8);
        byte[] change = bytes().lenenc("character_set_client").lenenc("gbk").done();

        ask(tester, bytes().u1(3).text("EXECUTE p"));
        answer(
                tester,
                bytes().u1(0, 0, 0)
                        .u2(0x4002)
                        .u2(0)
                        .u1(0, change.length + 2, 0, change.length)
                        .raw(change));

        assertGbk(tester);
    }

    @Test
    void changesOfUserSayItAnew() {
        SnifferTester tester = loggedIn(MARIADB, 33, UTF8);

        ask(
                tester,
                bytes().u1(0x11)
                        .zero("bob")
                        .u1(0)
                        .zero("orders")
                        .u2(1_024 + GBK)
                        .zero("mysql_native_password"));
        answer(tester, ok(0, 2));

        assertGbk(tester);
    }

    @Test
    void resetsGoBackToTheLoginOrTheServersDefault() {
        SnifferTester mariadb = loggedIn(MARIADB, 33, GBK);
        run(mariadb, "SET NAMES utf8");
        ask(mariadb, bytes().u1(0x1f));
        answer(mariadb, ok(0, 2));
        assertGbk(mariadb);

        SnifferTester mysql = loggedIn(MYSQL, 255, UTF8);
        run(mysql, "SET NAMES gbk");
        assertGbk(mysql);
        ask(mysql, bytes().u1(0x1f));
        answer(mysql, ok(0, 2));
        assertPlain(mysql);

        SnifferTester unlike = loggedIn(MYSQL, 255, GBK);
        ask(unlike, bytes().u1(0x1f));
        answer(unlike, ok(0, 2));
        assertDoubtful(unlike);
    }
}
