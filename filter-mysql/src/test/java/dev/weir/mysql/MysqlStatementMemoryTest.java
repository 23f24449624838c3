package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;
import static dev.weir.mysql.Talk.ok;
import static dev.weir.mysql.Talk.query;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.sql.SqlNormalizer;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import dev.weir.core.testkit.WireScript;
import io.micrometer.core.instrument.Counter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Statements are bounded by their bytes, of all connections together. */
final class MysqlStatementMemoryTest {
    private static final long CAN = Talk.CAN | Talk.DEPRECATE_EOF;

    private final FakeEnvironment environment = new FakeEnvironment();

    private static void client(SnifferTester tester, byte[] bytes) {
        tester.feed(Direction.TO_UPSTREAM, bytes, 1);
    }

    private static void server(SnifferTester tester, byte[] bytes) {
        tester.feed(Direction.TO_CLIENT, bytes, 2);
    }

    private static byte[] prepare(int n) {
        return Talk.packet(
                0,
                bytes().u1(0x16).text("SELECT " + "a + ".repeat(900) + "b" + n).done());
    }

    private static byte[] prepared(int id) {
        return Talk.packet(1, bytes().u1(0).u4(id).u2(0).u2(0).u1(0).u2(0).done());
    }

    /** Servers allow for tens of thousands of statements, each of which may be different and long. */
    @Test
    void preparedStatementsOfAllConnectionsAreBounded() {
        AtomicLong taken = new AtomicLong();
        Loop loop = loop(taken);
        List<SnifferTester> testers = new ArrayList<>();
        long most = 0;
        for (int n = 0; n < 6_000; n++) {
            if (n % 1_000 == 0) {
                testers.add(loggedIn(loop));
            }
            SnifferTester tester = testers.get(testers.size() - 1);
            client(tester, prepare(n));
            server(tester, prepared(n % 1_000 + 1));
            tester.recorded().clear();
            most = Math.max(most, taken.get());
        }

        assertThat(most).isBetween(Loop.STATEMENTS - 20_000, Loop.STATEMENTS);
        assertThat(testers).allMatch(tester -> tester.outcome().isEmpty());
        testers.forEach(tester -> tester.close(9));
        assertThat(taken).hasValue(0);
    }

    /** As many connections prepare the same statements. */
    @Test
    void equalStatementsAreKeptOnce() {
        AtomicLong taken = new AtomicLong();
        Loop loop = loop(taken);
        List<SnifferTester> testers = new ArrayList<>();
        for (int n = 0; n < 20_000; n++) {
            if (n % 1_000 == 0) {
                testers.add(loggedIn(loop));
            }
            client(testers.get(n / 1_000), prepare(1));
            server(testers.get(n / 1_000), prepared(n % 1_000 + 1));
            testers.get(n / 1_000).recorded().clear();
        }
        client(
                testers.get(19),
                Talk.packet(0, bytes().u1(0x17).u4(1_000).u1(0).u4(1).done()));
        server(testers.get(19), Talk.packet(1, ok(0, 2).done()));

        assertThat(testers.get(19).recorded().all().get(0).statement).startsWith("SELECT a + a");
        assertThat(taken).hasValueLessThan(Loop.STATEMENTS);
        testers.forEach(tester -> tester.close(9));
        assertThat(taken).hasValue(0);
    }

    @Test
    void newStatementsThatWaitAreBounded() {
        AtomicLong taken = new AtomicLong();
        SnifferTester tester = loggedIn(loop(taken));

        long most = 0;
        for (int n = 0; n < 4_000 && tester.outcome().isEmpty(); n++) {
            client(
                    tester,
                    Talk.packet(
                            0, query("SELECT " + "a + ".repeat(900) + "b" + n).done()));
            most = Math.max(most, taken.get());
        }

        assertThat(tester.outcome()).isEqualTo("gave_up:pending");
        assertThat(most).isBetween(Loop.STATEMENTS - 20_000, Loop.STATEMENTS);
        tester.close(9);
        assertThat(taken).hasValue(0);
    }

    private Loop loop(AtomicLong taken) {
        Counter counter = Counter.builder("any").register(environment.meters());
        return new Loop(
                new Loop.Settings(false, false, 16 << 10, 4_096, 1_024),
                new Loop.Counters(counter, counter, counter),
                environment.inflaters(),
                new SqlNormalizer(),
                taken);
    }

    private static SnifferTester loggedIn(Loop loop) {
        SnifferTester tester = new SnifferTester(connection -> new MysqlSniffer(loop, connection));
        WireScript.parse("login", new Talk().login(CAN, "8.0.36").text())
                .bursts()
                .forEach(burst -> tester.feed(burst.direction(), burst.bytes(), burst.nanos()));
        tester.recorded().clear();
        return tester;
    }
}
