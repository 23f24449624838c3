package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;
import static dev.weir.mysql.Talk.column;
import static dev.weir.mysql.Talk.ok;
import static dev.weir.mysql.Talk.query;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import dev.weir.core.testkit.WireScript;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Packets that may come, and hardly ever do. */
final class MysqlOddPacketsTest {
    private static final long CAN = Talk.CAN | Talk.DEPRECATE_EOF;

    private static SnifferTester loggedIn(long can, String version) {
        SnifferTester tester = new SnifferTester(new FakeEnvironment().sniffers(new MysqlProtocol(), Map.of()));
        WireScript.parse("part", new Talk().login(can, version).text())
                .bursts()
                .forEach(burst -> tester.feed(burst.direction(), burst.bytes(), burst.nanos()));
        tester.recorded().clear();
        return tester;
    }

    private static void client(SnifferTester tester, Talk.Bytes payload) {
        tester.feed(Direction.TO_UPSTREAM, Talk.packet(0, payload.done()), 1);
    }

    private static void server(SnifferTester tester, int sequence, Talk.Bytes payload) {
        tester.feed(Direction.TO_CLIENT, Talk.packet(sequence, payload.done()), 2);
    }

    /** No server here asks for a second factor. */
    @Test
    void aSecondFactorIsPartOfTheLogin() {
        SnifferTester tester = new SnifferTester(new FakeEnvironment().sniffers(new MysqlProtocol(), Map.of()));
        Talk talk = new Talk()
                .greeting(CAN, "9.7.4")
                .response(CAN)
                .server(bytes().u1(1, 3))
                .server(bytes().u1(2).zero("authentication_ldap_sasl_client").text("first"))
                .more(bytes().text("geheim"))
                .server(bytes().u1(1).text("second"))
                .more(bytes().text("geheim"))
                .server(ok(0, 2));

        WireScript.parse("part", talk.text())
                .bursts()
                .forEach(burst -> tester.feed(burst.direction(), burst.bytes(), burst.nanos()));
        client(tester, query("SELECT 1"));
        server(tester, 1, ok(0, 2));

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.recorded().lines()).hasSize(2).noneMatch(line -> line.contains("geheim"));
        assertThat(tester.recorded().lines().get(0)).startsWith("LOGIN").contains("status=ok", "user=ann");
    }

    @Test
    void aProgressReportIsNoDefinition() {
        SnifferTester tester = loggedIn(CAN & ~Capability.MYSQL | Capability.PROGRESS, "11.4.5-MariaDB");

        client(tester, query("SELECT a, b FROM t"));
        server(tester, 1, bytes().u1(2));
        server(tester, 2, column("a"));
        server(tester, 3, bytes().u1(0xff, 0xff, 0xff, 1, 1, 2, 0, 0, 0).lenenc("Sending"));
        server(tester, 4, column("b"));
        server(tester, 5, bytes().lenenc("x").lenenc("y"));
        server(tester, 6, Talk.last(2));

        assertThat(tester.recorded().all()).extracting(e -> e.rowsSent).containsExactly(1L);
    }

    private static void prepare(SnifferTester tester, int parameters) {
        client(tester, bytes().u1(0x16).text("SELECT ?"));
        server(tester, 1, bytes().u1(0).u4(1).u2(0).u2(parameters).u1(0).u2(0));
        for (int i = 0; i < parameters; i++) {
            server(tester, 2 + i & 0xff, column("?"));
        }
    }

    private static Talk.Bytes execute(int count) {
        return bytes().u1(0x17).u4(1).u1(8).u4(1).u1(0xfc).u2(count);
    }

    /** Types that are kept are those of as many values: with others nothing is read, least of all beyond the end. */
    @Test
    void typesAreOfAsManyValues() {
        SnifferTester tester = loggedIn(CAN | Capability.QUERY_ATTRIBUTES, "8.0.36");
        prepare(tester, 255);
        Talk.Bytes first = execute(256).fill(32, 0xff).u1(1);
        for (int i = 0; i < 255; i++) {
            first.u2(3).lenenc("");
        }
        client(tester, first.u2(0xfe).lenenc("traceparent"));
        server(tester, 1, ok(0, 2));
        byte[] second = Talk.packet(0, execute(1).fill(6, 0xff).done());
        // Something without an answer, so that nothing is behind it in what is looked at in one piece.
        byte[] before = Talk.packet(
                0,
                bytes().u1(0x18).u4(99).fill(Loop.WINDOW - second.length - 9, 0).done());

        tester.feed(Direction.TO_UPSTREAM, bytes().raw(before).raw(second).done(), 1);

        assertThat(tester.outcome()).isEmpty();
    }

    /** Without session tracking only the statement tells the schema. */
    @ParameterizedTest
    @ValueSource(strings = {"orders", "status", "Session", "master", "cache", "events"})
    void useTakesAnyName(String schema) {
        SnifferTester tester = loggedIn(CAN & ~Capability.SESSION_TRACK, "8.0.36");

        client(tester, query("use " + schema));
        server(tester, 1, ok(0, 2));
        client(tester, query("SELECT 1; USE " + schema));
        server(tester, 1, ok(0, 0x0a));
        server(tester, 2, ok(0, 2));

        assertThat(tester.recorded().all()).extracting(e -> e.namespace).containsExactly(schema, schema);
    }
}
