package dev.weir.mysql;

import static dev.weir.mysql.Talk.error;
import static dev.weir.mysql.Talk.ok;
import static dev.weir.mysql.Talk.query;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.Direction;
import dev.weir.core.sql.SqlStatement;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import dev.weir.core.testkit.WireScript;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Passwords in places where they are not looked for at once; each is {@code geheim} here. */
final class MysqlSecretsTest {
    private static SnifferTester loggedIn(Map<String, ?> config) {
        SnifferTester tester = new SnifferTester(new FakeEnvironment().sniffers(new MysqlProtocol(), config));
        String login = new Talk().login(Talk.CAN | Talk.DEPRECATE_EOF, "8.0.36").text();
        WireScript.parse("part", login)
                .bursts()
                .forEach(burst -> tester.feed(burst.direction(), burst.bytes(), burst.nanos()));
        tester.recorded().clear();
        return tester;
    }

    private static void run(SnifferTester tester, String sql) {
        ask(tester, sql);
        answer(tester, ok(0, 2));
    }

    private static void assertShowsNone(SnifferTester tester) {
        assertThat(String.join("\n", tester.recorded().lines())).doesNotContain("geheim");
        for (Exchange e : tester.recorded().all()) {
            SqlStatement sql = e.sql;
            if (sql != null) {
                assertThat(sql.sample() + sql.text() + sql.summary() + sql.tables())
                        .doesNotContain("geheim");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PREPARE p FROM 'CREATE USER bob IDENTIFIED BY ''geheim'''",
                "PREPARE p FROM \"ALTER USER bob IDENTIFIED BY 'geheim'\"",
                "EXECUTE IMMEDIATE 'CREATE USER bob IDENTIFIED BY ''geheim'''",
                "SET @sql = 'ALTER USER bob IDENTIFIED BY ''geheim'''",
                "SET @pw = 'geheim'",
                "SELECT 1 /* CREATE USER bob IDENTIFIED BY 'geheim' */",
                "CREATE TABLE f (a INT) ENGINE=FEDERATED CONNECTION='mysql://u:geheim@h/d/t'",
                "ALTER TABLE f CONNECTION='mysql://u:geheim@h/d/t'",
                "UPDATE mysql.user SET authentication_string = 'geheim' WHERE user = 'a'",
                "INSERT INTO mysql.user VALUES ('a', 'b', 'geheim')",
                "DO keyring_key_store('a', 'AES', 'geheim')",
                "CHANGE MASTER TO MASTER_SSL_KEY = 'geheim'",
            })
    void textAsItWasSentHasNone(String sql) {
        SnifferTester tester = loggedIn(Map.of("statements", true));

        run(tester, sql);

        assertThat(tester.recorded().all()).hasSize(1);
        assertShowsNone(tester);
    }

    /** Double quotes hold names only as long as that is certain. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '^',
            value = {
                "SET sql_mode = @@global.sql_mode ~ SELECT \"geheim\"",
                "SET sql_mode = @saved ~ SELECT \"geheim\"",
                "SET sql_mode = DEFAULT ~ SELECT \"geheim\"",
                "SET sql_mode = REPLACE(@@sql_mode, 'ANSI_QUOTES', '') ~ SELECT \"geheim\"",
                "SET @sql_mode = 'ANSI_QUOTES', @@session.sql_mode = '' ~ SELECT \"geheim\"",
                "SET sql_mode = ''; SELECT 1 ~ SELECT \"geheim\"",
                "SET sql_mode = ''; ALTER USER bob IDENTIFIED BY \"geheim\" ~ SELECT 1",
                "DO 1 ~ ALTER USER bob IDENTIFIED BY \"geheim\"",
                "DO 1 ~ SET STATEMENT sql_mode = '' FOR SET PASSWORD = \"geheim\"",
            })
    void doubtfulQuotesHoldValues(String mode, String sql) {
        SnifferTester tester = loggedIn(Map.of());

        run(tester, "SET SESSION sql_mode = 'ANSI_QUOTES'");
        run(tester, mode);
        run(tester, sql);

        assertThat(tester.recorded().all()).hasSize(3);
        assertShowsNone(tester);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET @old_sql_mode = 'ANSI_QUOTES'",
                "SET GLOBAL sql_mode = 'ANSI_QUOTES'",
                "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR SELECT 1",
                "SET @a = 'sql_mode=ANSI_QUOTES'",
            })
    void notEveryAnsiQuotesIsOfTheSession(String sql) {
        SnifferTester tester = loggedIn(Map.of());

        run(tester, sql);
        run(tester, "SELECT \"geheim\"");

        assertThat(tester.recorded().all()).hasSize(2);
        assertShowsNone(tester);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET sql_mode = ANSI",
                "SET @a = 1, SESSION sql_mode = \"ANSI_QUOTES\"",
                "SET @@sql_mode := concat(@@sql_mode, ',ANSI_QUOTES')",
                "SET NAMES utf8; SET sql_mode = 'ANSI_QUOTES'",
            })
    void ansiQuotesAreFoundHoweverTheyAreSet(String sql) {
        SnifferTester tester = loggedIn(Map.of());

        run(tester, sql);
        run(tester, "SELECT \"a\" FROM \"t\"");

        assertThat(tester.recorded().all().get(1).statement).isEqualTo("SELECT a FROM t");
    }

    @Test
    void aSeriesThatFailsLeavesTheModeInDoubt() {
        SnifferTester tester = loggedIn(Map.of());

        run(tester, "SET SESSION sql_mode = 'ANSI_QUOTES'");
        tester.feed(
                Direction.TO_UPSTREAM,
                Talk.packet(0, query("SET sql_mode = ''; nonsense").done()),
                3);
        tester.feed(Direction.TO_CLIENT, Talk.packet(1, ok(0, 0x0a).done()), 4);
        tester.feed(
                Direction.TO_CLIENT, Talk.packet(2, error(1064, "42000", "no").done()), 5);
        run(tester, "SELECT \"geheim\"");

        assertThat(tester.recorded().all()).extracting(e -> e.status).contains(Exchange.Status.ERROR);
        assertShowsNone(tester);
    }

    /** Where NO_BACKSLASH_ESCAPES may have been set, what looks like a name may be in a string. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT 'a\\', 'geheim', 'b'",
                "SELECT 1; SET @@session.sql_mode = ?; SELECT 'a\\', 'geheim', 'b'",
                "SET @a = 1, sql_mode = ''; SELECT \"a\\\", \"geheim\", \"b\"",
            })
    void backslashesBehindAChangeOfModeAreInDoubt(String sql) {
        SnifferTester tester = loggedIn(Map.of("statements", true));

        run(tester, sql);

        assertThat(tester.recorded().all()).hasSize(1);
        assertThat(tester.recorded().all().get(0).statement).contains("SET ").endsWith(" ...");
        assertShowsNone(tester);
    }

    @ParameterizedTest
    @ValueSource(strings = {"SELECT 'a\\', 'geheim', 'b'", "SELECT \"geheim\""})
    void untilAChangeOfModeIsAnsweredStringsAreInDoubt(String sql) {
        SnifferTester tester = loggedIn(Map.of());

        run(tester, "SET sql_mode = 'ANSI_QUOTES'");
        ask(tester, "SET sql_mode = 'NO_BACKSLASH_ESCAPES'");
        ask(tester, sql);
        answer(tester, ok(0, 0x202));
        answer(tester, ok(0, 0x202));
        run(tester, "SELECT 'c\\', 'd'");

        assertThat(tester.recorded().all()).hasSize(4);
        assertThat(tester.recorded().all().get(3).statement).isEqualTo("SELECT ?");
        assertShowsNone(tester);
    }

    @Test
    void whatBeganUnseenMayHaveAnyMode() {
        SnifferTester tester = new SnifferTester(new FakeEnvironment().sniffers(new MysqlProtocol(), Map.of()));

        run(tester, "SELECT 'a\\', 'geheim', 'b'");
        run(tester, "SELECT 'c\\\\', 'd'");

        assertThat(tester.recorded().all()).extracting(e -> e.statement).containsExactly("SELECT ? ...", "SELECT ?");
        assertShowsNone(tester);
    }

    @Test
    void aModeIsFollowedThoughTheStatementIsNotShownSoFar() {
        SnifferTester tester = loggedIn(Map.of());

        run(tester, "SET sql_mode = 'ANSI_QUOTES'");
        run(tester, "SET @a = 'x\\\\'; SET sql_mode = ''");
        run(tester, "SELECT \"geheim\"");

        assertShowsNone(tester);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 0x16})
    void errorsOfStatementsWithPasswordsAreNotQuoted(int command) {
        SnifferTester tester = loggedIn(Map.of("error_messages", true));

        tester.feed(
                Direction.TO_UPSTREAM,
                Talk.packet(
                        0,
                        Talk.bytes()
                                .u1(command)
                                .text("ALTER USER bob IDENTIFIED BY 'geheim' nonsense")
                                .done()),
                1);
        answer(tester, error(1064, "42000", "near ''geheim' nonsense'"));
        ask(tester, "SELECT 1 nonsense here");
        answer(tester, error(1064, "42000", "near 'here'"));

        assertThat(tester.recorded().lines()).hasSize(2);
        assertThat(tester.recorded().lines().get(0)).contains("error=1064").doesNotContain("message=");
        assertThat(tester.recorded().lines().get(1)).contains("message=near 'here'");
        assertShowsNone(tester);
    }

    private static void ask(SnifferTester tester, String sql) {
        tester.feed(Direction.TO_UPSTREAM, Talk.packet(0, query(sql).done()), 1);
    }

    private static void answer(SnifferTester tester, Talk.Bytes answer) {
        tester.feed(Direction.TO_CLIENT, Talk.packet(1, answer.done()), 2);
    }
}
