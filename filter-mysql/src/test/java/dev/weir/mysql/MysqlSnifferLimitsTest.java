package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;
import static dev.weir.mysql.Talk.ok;
import static dev.weir.mysql.Talk.query;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.github.luben.zstd.Zstd;
import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.compress.Inflation;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import dev.weir.core.testkit.WireScript;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bounds, secrets, malformed bytes, what is large. */
final class MysqlSnifferLimitsTest {
    private static final MysqlProtocol PROTOCOL = new MysqlProtocol();
    private static final long CAN = Talk.CAN | Talk.DEPRECATE_EOF;

    private final FakeEnvironment environment = new FakeEnvironment();

    private SnifferTester tester(Map<String, ?> config) {
        return new SnifferTester(environment.sniffers(PROTOCOL, config));
    }

    private SnifferTester loggedIn(Map<String, ?> config, long can) {
        SnifferTester tester = tester(config);
        play(tester, new Talk().login(can, "8.0.36"));
        tester.recorded().clear();
        return tester;
    }

    private static void play(SnifferTester tester, Talk talk) {
        WireScript.parse("part", talk.text())
                .bursts()
                .forEach(burst -> tester.feed(burst.direction(), burst.bytes(), burst.nanos()));
    }

    private static void client(SnifferTester tester, byte[] bytes) {
        tester.feed(Direction.TO_UPSTREAM, bytes, 1);
    }

    private static void server(SnifferTester tester, byte[] bytes) {
        tester.feed(Direction.TO_CLIENT, bytes, 2);
    }

    @Test
    void aStatementOfMoreThan16MiBIsOneCommand() {
        SnifferTester tester = loggedIn(Map.of(), CAN);
        byte[] sql = Talk.packet(
                0,
                query("INSERT INTO t VALUES ('" + "x".repeat(17 << 20) + "')").done());
        byte[] again = Talk.packet(0, bytes().u1(0x0e).done());

        for (int i = 0; i < sql.length; i += 100_000) {
            client(tester, Arrays.copyOfRange(sql, i, Math.min(sql.length, i + 100_000)));
        }
        server(tester, Talk.packet(2, ok(1, 2).done()));
        client(tester, again);
        server(tester, Talk.packet(1, ok(0, 2).done()));

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.recorded().all())
                .extracting(e -> e.operation().name(), e -> e.target, e -> e.requestBytes, e -> e.rows)
                .containsExactly(tuple("COM_QUERY", "t", (long) sql.length, 1L), tuple("COM_PING", null, 5L, -1L));
        assertThat(tester.recorded().all().get(0).sql.truncated()).isTrue();
    }

    /** An exact multiple of 0xFFFFFF ends with an empty packet; a row may begin with 0xFE if its first field is large. */
    @Test
    void aRowOfExactlyAFullPacketEndsWithAnEmptyOne() {
        SnifferTester tester = loggedIn(Map.of(), CAN);
        byte[] row = bytes().u1(0xfe).fill(0xFFFFFF - 1, 1).done();

        client(tester, Talk.packet(0, query("SELECT a FROM t").done()));
        server(tester, Talk.packet(1, bytes().u1(1).done()));
        server(tester, Talk.packet(2, Talk.column("a").done()));
        byte[] packets = Talk.packet(3, row);
        for (int i = 0; i < packets.length; i += 65_536) {
            server(tester, Arrays.copyOfRange(packets, i, Math.min(packets.length, i + 65_536)));
        }
        assertThat(tester.recorded().all()).isEmpty();
        server(tester, Talk.packet(5, Talk.last(2).done()));

        assertThat(packets).hasSize(0xFFFFFF + 8);
        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.recorded().all()).hasSize(1);
        assertThat(tester.recorded().all().get(0).rows).isEqualTo(1);
        assertThat(tester.recorded().all().get(0).responseBytes).isEqualTo(5 + 27 + 0xFFFFFF + 8 + 11);
    }

    @Test
    void sequenceNumbersWrap() {
        SnifferTester tester = loggedIn(Map.of(), CAN);

        client(tester, Talk.packet(0, query("SELECT a FROM t").done()));
        server(tester, Talk.packet(1, bytes().u1(1).done()));
        server(tester, Talk.packet(2, Talk.column("a").done()));
        for (int i = 0; i < 600; i++) {
            server(tester, Talk.packet(3 + i & 0xff, bytes().lenenc("x").done()));
        }
        server(tester, Talk.packet(603 & 0xff, Talk.last(2).done()));

        assertThat(tester.recorded().all().get(0).rows).isEqualTo(600);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '^',
            value = {
                "SELECT 1 -- remark ~ false",
                "CREATE USER bob IDENTIFIED BY 'geheim' ~ true",
                "ALTER USER bob IDENTIFIED WITH caching_sha2_password BY 'geheim' ~ true",
                "SET PASSWORD = 'geheim' ~ true",
                "SET PASSWORD FOR bob = PASSWORD('geheim') ~ true",
                "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = 'geheim' ~ true",
                "CHANGE MASTER TO MASTER_PASSWORD = 'geheim' ~ true",
                "GRANT ALL ON a.* TO bob IDENTIFIED BY 'geheim' ~ true",
                "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (USER 'a', PASSWORD 'geheim') ~ true",
                "SELECT AES_ENCRYPT('a', 'geheim') ~ true",
                "SELECT PASSWORD('geheim') ~ true",
                "START SLAVE USER = 'r' PASSWORD = 'geheim' ~ true",
                "/* x */ create /* y */ user bob identified by 'geheim' ~ true",
                "select 1; set password = 'geheim' ~ true"
            })
    void rawTextNeverShowsPasswords(String sql, boolean secret) {
        SnifferTester tester = loggedIn(Map.of("statements", true), CAN);

        client(tester, Talk.packet(0, query(sql).done()));
        server(tester, Talk.packet(1, ok(0, 2).done()));

        assertThat(String.join("\n", tester.recorded().lines())).doesNotContain("geheim");
        assertThat(tester.recorded().all().get(0).statement.equals(sql)).isEqualTo(!secret);
    }

    @Test
    void nothingOfTheConnectionPhaseIsASecret() {
        SnifferTester tester = tester(Map.of("statements", true, "error_messages", true));

        play(tester, new Talk().greeting(CAN, "8.0.36").response(CAN));
        client(tester, Talk.packet(3, bytes().zero("geheim").done()));
        server(tester, Talk.packet(4, Talk.error(1045, "28000", "Access denied").done()));
        tester.close(9);

        assertThat(tester.recorded().lines()).hasSize(1);
        assertThat(tester.recorded().lines().get(0))
                .contains("status=error error=1045", "message=Access denied", "user=ann")
                .doesNotContain("geheim", "sss", "xxx", "yyy");
    }

    @Test
    void statementsAreShownAsSentOnlyWhereOptedIn() {
        SnifferTester tester = loggedIn(Map.of(), CAN);

        client(tester, Talk.packet(0, query("SELECT 'private'").done()));
        server(
                tester,
                Talk.packet(1, Talk.error(1064, "42000", "near 'private'").done()));

        assertThat(tester.recorded().lines()).noneMatch(line -> line.contains("private"));
    }

    @Test
    void aClientThatAsksForTlsIsNotDecoded() {
        SnifferTester tester = tester(Map.of());

        play(tester, new Talk().greeting(CAN, "8.0.36"));
        byte[] request = Talk.packet(
                1, bytes().u4(CAN | 1 << 11).u4(1 << 24).u1(255).fill(23, 0).done());
        client(tester, bytes().raw(request).u1(0x16, 3, 1, 0, 1).done());

        assertThat(tester.outcome()).isEqualTo("encrypted");
        assertThat(tester.recorded().all()).isEmpty();
        assertThat(tester.recorded().taken()).isZero();
    }

    @Test
    void theXProtocolIsPassedOn() {
        SnifferTester byServer = tester(Map.of());
        SnifferTester byClient = tester(Map.of());

        server(byServer, bytes().u4(5).u1(0x0b, 8, 5, 0x1a, 0).done());
        client(byClient, bytes().u4(1).u1(1).done());

        assertThat(byServer.outcome()).isEqualTo("opaque:x_protocol");
        assertThat(byClient.outcome()).isEqualTo("opaque:x_protocol");
    }

    @Test
    void replicationIsPassedOn() {
        SnifferTester tester = loggedIn(Map.of(), CAN);

        client(tester, Talk.packet(0, bytes().u1(0x15).u4(9).fill(14, 0).done()));
        server(tester, Talk.packet(1, ok(0, 2).done()));
        client(
                tester,
                Talk.packet(
                        0, bytes().u1(0x12).u4(4).u2(0).u4(9).text("binlog.1").done()));
        server(tester, Talk.packet(1, bytes().u1(0).fill(40, 7).done()));

        assertThat(tester.outcome()).isEqualTo("opaque:replication");
        assertThat(tester.recorded().all())
                .extracting(e -> e.operation().name() + " " + e.status.label() + " " + e.longWait)
                .containsExactly("COM_REGISTER_SLAVE ok false", "COM_BINLOG_DUMP ok true");
    }

    @Test
    void anErrorThatNobodyAskedForIsCounted() {
        SnifferTester tester = loggedIn(Map.of(), CAN);

        server(
                tester,
                Talk.packet(
                        0,
                        Talk.error(4031, "HY000", "disconnected by the server").done()));

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.recorded().all()).isEmpty();
        assertThat(environment.count("weir_mysql_unsolicited")).isEqualTo(1);
    }

    /** A packet that is too large is refused before it has ended. */
    @Test
    void anErrorBeforeTheEndOfARequestIsItsAnswer() {
        SnifferTester tester = loggedIn(Map.of(), CAN);
        byte[] sql = Talk.packet(
                0, query("INSERT INTO t VALUES ('" + "x".repeat(100_000) + "')").done());

        client(tester, Arrays.copyOf(sql, 60_000));
        server(
                tester,
                Talk.packet(1, Talk.error(1153, "08S01", "Got a packet bigger").done()));

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.recorded().lines()).hasSize(1);
        assertThat(tester.recorded().lines().get(0)).contains("error=1153", "target=t");
    }

    @Test
    void pipelinesAreBounded() {
        SnifferTester tester = loggedIn(Map.of("max_pending", 16), CAN);
        byte[] ping = Talk.packet(0, bytes().u1(0x0e).done());

        for (int i = 0; i < 17; i++) {
            client(tester, ping);
        }

        assertThat(tester.outcome()).isEqualTo("gave_up:pending");
        assertThat(tester.recorded().taken()).isZero();
    }

    @Test
    void preparedStatementsAreBounded() {
        SnifferTester tester = loggedIn(Map.of("max_prepared", 2), CAN);
        for (int id = 1; id <= 3; id++) {
            client(
                    tester,
                    Talk.packet(0, bytes().u1(0x16).text("SELECT a FROM t" + id).done()));
            server(
                    tester,
                    Talk.packet(1, bytes().u1(0).u4(id).u2(0).u2(0).u1(0).u2(0).done()));
        }
        tester.recorded().clear();

        for (int id = 1; id <= 3; id++) {
            client(tester, Talk.packet(0, bytes().u1(0x17).u4(id).u1(0).u4(1).done()));
            server(tester, Talk.packet(1, ok(0, 2).done()));
        }

        assertThat(tester.recorded().all()).extracting(e -> e.target).containsExactly("t1", "t2", null);
        assertThat(environment.count("weir_mysql_unknown_statements")).isEqualTo(1);
    }

    // ---- compression

    private SnifferTester compressed(long flag) {
        return loggedIn(Map.of(), CAN | flag);
    }

    @Test
    void zstdFramesAreRead() {
        SnifferTester tester = compressed(Capability.ZSTD);
        byte[] sql = Talk.packet(
                0,
                query("SELECT a FROM t WHERE b = '" + "x".repeat(50_000) + "'").done());
        byte[] frame = Talk.frame(0, Zstd.compress(sql, 19), sql.length);

        for (byte b : frame) {
            client(tester, new byte[] {b});
        }
        server(tester, Talk.frame(1, Talk.packet(1, ok(0, 2).done()), 0));

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.recorded().lines()).hasSize(1);
        assertThat(tester.recorded().lines().get(0)).contains("target=t", "request_bytes=" + frame.length);
        assertThat(environment.inflaters().taken()).isZero();
    }

    /** Much that inflates to more than announced, or never ends, or asks for a window of gigabytes. */
    @Test
    void bombsAreFoundOut() {
        byte[] zeros = new byte[8 << 20];
        SnifferTester lies = compressed(Capability.COMPRESS);
        byte[] honest = Talk.deflated(0, zeros);
        honest[4] = 10; // of 8 MiB
        honest[5] = 0;
        honest[6] = 0;
        client(lies, honest);
        assertThat(lies.outcome()).isEqualTo("gave_up:compression");

        SnifferTester wide = compressed(Capability.ZSTD);
        // Magic number, no content size, window descriptor for 2^41 bytes.
        client(wide, Talk.frame(0, bytes().u4(0xFD2FB528L).u1(0, 0xf8, 1, 0, 0).done(), 100));
        assertThat(wide.outcome()).isEqualTo("gave_up:compression");
        assertThat(environment.inflaters().taken()).isZero();
    }

    @Test
    void whatNobodyReadsIsNotInflated() {
        SnifferTester tester = compressed(Capability.COMPRESS);
        byte[] sql = Talk.packet(
                0, query("INSERT INTO t VALUES ('" + "x".repeat(200_000) + "')").done());

        client(tester, Talk.deflated(0, Arrays.copyOf(sql, 60_000)));
        // All of it belongs to the statement, whose head was seen: garbage does not matter.
        client(tester, Talk.frame(1, new byte[5_000], 100_000));
        client(tester, Talk.deflated(2, Arrays.copyOfRange(sql, 160_000, sql.length)));
        server(tester, Talk.frame(0, Talk.packet(1, ok(1, 2).done()), 0));

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.recorded().lines().get(0)).contains("rows=1", "target=t");
    }

    @Test
    void withoutAnInflaterItGoesOnWithTheNextCommand() {
        SnifferTester tester = compressed(Capability.COMPRESS);
        List<Inflation> taken = new ArrayList<>();
        Inflation one = environment.inflaters().lease(Format.ZLIB);
        while (one != null) {
            taken.add(one);
            one = environment.inflaters().lease(Format.ZLIB);
        }

        client(
                tester,
                Talk.deflated(0, Talk.packet(0, query("SELECT a FROM lost").done())));
        server(tester, Talk.deflated(1, Talk.packet(1, ok(0, 2).done())));
        assertThat(environment.count("weir_mysql_lossy")).isEqualTo(1);
        taken.forEach(Inflation::release);
        server(tester, Talk.deflated(2, Talk.packet(2, ok(0, 2).done())));
        client(
                tester,
                Talk.deflated(0, Talk.packet(0, query("SELECT a FROM found").done())));
        server(tester, Talk.deflated(1, Talk.packet(1, ok(0, 2).done())));

        assertThat(tester.outcome()).isEmpty();
        assertThat(tester.recorded().all()).extracting(e -> e.target).containsExactly("found");
        assertThat(environment.inflaters().taken()).isZero();
    }

    // ---- configuration

    @ParameterizedTest
    @ValueSource(strings = {"max_statement", "max_pending", "max_prepared"})
    void settingsHaveLimits(String name) {
        ConfigErrors errors = new ConfigErrors();
        Object value = name.equals("max_statement") ? "1GiB" : (Object) 1_000_000_000;

        PROTOCOL.sniffer(ConfigNode.of(Map.of(name, value), errors), environment);

        assertThat(errors.isEmpty()).isFalse();
    }

    @Test
    void theConnectionPhaseKeepsItBusy() {
        SnifferTester tester = tester(Map.of());
        assertThat(tester.idle()).isTrue();
        play(tester, new Talk().greeting(CAN, "8.0.36"));
        assertThat(tester.idle()).isFalse();
    }

    @Test
    void aTransactionKeepsTheConnectionBusy() {
        SnifferTester tester = loggedIn(Map.of(), CAN);
        assertThat(tester.idle()).isTrue();

        client(tester, Talk.packet(0, query("BEGIN").done()));
        assertThat(tester.idle()).isFalse();
        server(tester, Talk.packet(1, ok(0, 3).done()));
        assertThat(tester.idle()).isFalse();
        client(tester, Talk.packet(0, query("COMMIT").done()));
        server(tester, Talk.packet(1, ok(0, 2).done()));
        assertThat(tester.idle()).isTrue();
    }

    // ---- attributes and traces

    @Test
    void queryAttributesComeBeforeTheText() {
        String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        SnifferTester tester = loggedIn(Map.of(), CAN | Capability.QUERY_ATTRIBUTES);

        client(
                tester,
                Talk.packet(
                        0,
                        bytes().u1(3, 2, 1, 0, 1)
                                .u2(8)
                                .lenenc("n")
                                .u2(0xfe)
                                .lenenc("traceparent")
                                .fill(8, 1)
                                .lenenc("00-" + trace + "-00f067aa0ba902b7-01")
                                .text("SELECT a FROM t")
                                .done()));
        server(tester, Talk.packet(1, ok(0, 2).done()));
        client(
                tester,
                Talk.packet(0, bytes().u1(3, 0, 1).text("SELECT b FROM u").done()));
        server(tester, Talk.packet(1, ok(0, 2).done()));

        assertThat(tester.recorded().all()).extracting(e -> e.trace).containsExactly(trace, null);
        assertThat(tester.recorded().all()).extracting(e -> e.target).containsExactly("t", "u");
    }

    @Test
    void typesOfAttributesAreRememberedPerStatement() {
        String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        SnifferTester tester = loggedIn(Map.of(), CAN | Capability.QUERY_ATTRIBUTES);
        client(
                tester,
                Talk.packet(
                        0, bytes().u1(0x16).text("SELECT a FROM t WHERE b = ?").done()));
        server(
                tester,
                Talk.packet(1, bytes().u1(0).u4(1).u2(0).u2(1).u1(0).u2(0).done()));
        server(tester, Talk.packet(2, Talk.column("?").done()));
        tester.recorded().clear();

        byte[] values =
                bytes().u4(5).lenenc("00-" + trace + "-00f067aa0ba902b7-01").done();
        byte[] types = bytes().u2(3).lenenc("").u2(0xfe).lenenc("traceparent").done();
        client(
                tester,
                Talk.packet(
                        0,
                        bytes().u1(0x17)
                                .u4(1)
                                .u1(8)
                                .u4(1)
                                .u1(2, 0, 1)
                                .raw(types)
                                .raw(values)
                                .done()));
        server(tester, Talk.packet(1, ok(0, 2).done()));
        client(
                tester,
                Talk.packet(
                        0,
                        bytes().u1(0x17)
                                .u4(1)
                                .u1(8)
                                .u4(1)
                                .u1(2, 0, 0)
                                .raw(values)
                                .done()));
        server(tester, Talk.packet(1, ok(0, 2).done()));

        assertThat(tester.recorded().all()).extracting(e -> e.trace).containsExactly(trace, trace);
    }

    @Test
    void commentsCarryTraces() {
        String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        SnifferTester tester = loggedIn(Map.of(), CAN);

        client(
                tester,
                Talk.packet(
                        0,
                        query("SELECT a FROM t /*traceparent='00-" + trace + "-00f067aa0ba902b7-01'*/")
                                .done()));
        server(tester, Talk.packet(1, ok(0, 2).done()));

        assertThat(tester.recorded().all()).extracting(e -> e.trace).containsExactly(trace);
    }

    @Test
    void sqlModesChangeWhatAStringIs() {
        SnifferTester tester = loggedIn(Map.of(), CAN);
        String sql = "SELECT \"a\" FROM t WHERE b = 'x\\' OR c = ?";

        client(
                tester,
                Talk.packet(
                        0,
                        query("SET SESSION sql_mode = 'ANSI_QUOTES,STRICT_TRANS_TABLES'")
                                .done()));
        server(tester, Talk.packet(1, ok(0, 0x202).done()));
        tester.recorded().clear();
        client(tester, Talk.packet(0, query(sql).done()));
        server(tester, Talk.packet(1, ok(0, 2).done()));

        assertThat(tester.recorded().all())
                .extracting(e -> e.statement)
                .containsExactly("SELECT a FROM t WHERE b = ? OR c = ?");
    }
}
