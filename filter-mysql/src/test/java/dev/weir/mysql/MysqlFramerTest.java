package dev.weir.mysql;

import static dev.weir.mysql.GateTalk.packet;
import static dev.weir.mysql.Talk.bytes;
import static dev.weir.mysql.Talk.error;
import static dev.weir.mysql.Talk.ok;
import static dev.weir.mysql.Talk.query;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.CommandPolicy.Decision;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the gate tells policies of MySQL's commands, and how it refuses them. */
class MysqlFramerTest {
    private static Talk.Bytes prepareOk(int id, int parameters) {
        return bytes().u1(0).u4(id).u2(0).u2(parameters).u1(0).u2(0);
    }

    private static Talk.Bytes execute(int id) {
        return bytes().u1(0x17).u4(id).u1(0).u4(1);
    }

    private static String err(int sequence, int errno, String state) {
        return packet(sequence, error(errno, state, "not here"));
    }

    // ---- refusing

    @Test
    void answersARefusedCommandAtItsPlaceAndGoesOn() {
        try (GateTalk talk = GateTalk.denying("DROP", null).login()) {
            talk.client(packet(0, query("SELECT 1"))
                    + packet(0, query("drop table t"))
                    + packet(0, query("DELETE FROM t")));
            assertThat(talk.toUpstream()).isEqualTo(packet(0, query("SELECT 1")) + packet(0, query("DELETE FROM t")));
            assertThat(talk.toClient()).isEmpty();

            talk.ok();
            assertThat(talk.toClient()).isEqualTo(packet(1, ok(0, 2)) + err(1, 1227, "42000"));
            talk.ok();
            assertThat(talk.toClient()).isEqualTo(packet(1, ok(0, 2)));
            assertThat(talk.closed()).isNull();
        }
    }

    @Test
    void makesErrorsByTheirNumber() {
        try (GateTalk talk = GateTalk.denying("COM_PING", "1226").login()) {
            assertThat(talk.client(bytes().u1(0x0e)).toClient()).isEqualTo(err(1, 1226, "42000"));
        }
        try (GateTalk talk = GateTalk.denying("COM_PING", "1045").login()) {
            assertThat(talk.client(bytes().u1(0x0e)).toClient()).isEqualTo(err(1, 1045, "28000"));
        }
        try (GateTalk talk = GateTalk.denying("COM_PING", "SOMETHING").login()) {
            assertThat(talk.client(bytes().u1(0x0e)).toClient()).isEqualTo(err(1, 1105, "HY000"));
        }
    }

    @Test
    void countsThePacketsOfALongCommand() {
        byte[] statement = Talk.packet(
                0,
                bytes().u1(3)
                        .text("DROP TABLE t /*")
                        .fill(0xFFFFFF - 16, 'x')
                        .text("*/")
                        .done());
        try (GateTalk talk = GateTalk.denying("DROP", null).login(GateTalk.SINGLE, "8.0.36")) {
            talk.client(GateTalk.text(statement));

            assertThat(talk.toUpstream()).isEmpty();
            assertThat(talk.toClient()).isEqualTo(err(2, 1227, "42000"));
            assertThat(talk.client(bytes().u1(0x0e)).toUpstream()).isEqualTo(packet(0, bytes().u1(0x0e)));
        }
    }

    @Test
    void refusesInSilenceWhatGetsNoAnswer() {
        try (GateTalk talk = new GateTalk((command, nanos) -> new Decision.Deny(null, "no")).login()) {
            talk.client(bytes().u1(0x19).u4(7)).client(bytes().u1(1));

            assertThat(talk.toClient()).isEmpty();
            assertThat(talk.toUpstream())
                    .as("what frees something is not kept from the server")
                    .isEqualTo(packet(0, bytes().u1(0x19).u4(7)) + packet(0, bytes().u1(1)));
        }
    }

    @Test
    void makesAnExecutionFailWhoseValueWasRefused() {
        try (GateTalk talk = GateTalk.denying("COM_STMT_SEND_LONG_DATA", null).login()) {
            talk.client(bytes().u1(0x18).u4(7).u2(0).text("value"));

            assertThat(talk.toClient()).isEmpty();
            assertThat(talk.toUpstream())
                    .isEqualTo(packet(0, bytes().u1(0x18).u4(7).u2(0xFFFF)));
        }
    }

    @Test
    void takesBackTheValuesOfAnExecutionThatWasRefused() {
        try (GateTalk talk = GateTalk.denying("COM_STMT_EXECUTE", null).login()) {
            talk.client(bytes().u1(0x16).text("INSERT INTO t VALUES (?)")).server(prepareOk(7, 0));
            talk.client(bytes().u1(0x18).u4(7).u2(0).text("value"));
            talk.toUpstream();
            talk.toClient();

            talk.client(execute(7)).client(bytes().u1(0x0e));
            assertThat(talk.toUpstream()).isEqualTo(packet(0, bytes().u1(0x1a).u4(7)) + packet(0, bytes().u1(0x0e)));
            talk.ok().ok();

            assertThat(talk.toClient()).isEqualTo(err(1, 1227, "42000") + packet(1, ok(0, 2)));
        }
    }

    @Test
    void leavesNoOtherStatementInThePlaceOfOneThatWasRefused() {
        try (GateTalk talk = GateTalk.denying("COM_STMT_PREPARE", null).login(GateTalk.CAN & ~1L, "11.4.5-MariaDB")) {
            talk.client(packet(0, bytes().u1(0x16).text("DO 1")) + packet(0, execute(-1)));
            String sent = talk.toUpstream();
            assertThat(sent)
                    .startsWith(packet(0, bytes().u1(0x16).text("refused")))
                    .endsWith(packet(0, execute(-1)));
            assertThat(talk.toClient()).isEqualTo(err(1, 1227, "42000"));

            talk.server(error(1064, "42000", "no")).server(error(1243, "HY000", "Unknown"));

            assertThat(talk.toClient()).isEqualTo(packet(1, error(1243, "HY000", "Unknown")));
            assertThat(talk.seen)
                    .containsExactly("COM_STMT_PREPARE DO ann@orders", "COM_STMT_EXECUTE _OTHER ann@orders");
        }
    }

    @Test
    void delaysACommandAndWhatIsBehindIt() {
        try (GateTalk talk = new GateTalk((command, nanos) -> "INSERT".equals(command.statement())
                        ? new Decision.Delay(Duration.ofMillis(100))
                        : Decision.ALLOW)
                .login()) {
            String insert = packet(0, query("insert into t values (1)"));
            talk.client(insert + packet(0, query("SELECT 1")));
            assertThat(talk.toUpstream()).isEmpty();

            talk.advance(Duration.ofMillis(100));

            assertThat(talk.toUpstream()).isEqualTo(insert + packet(0, query("SELECT 1")));
        }
    }

    // ---- what policies are told

    @Test
    void tellsUserSchemaAndStatement() {
        try (GateTalk talk = GateTalk.allowing().login()) {
            talk.query("select 1")
                    .ok()
                    .query("USE other")
                    .ok()
                    .query("select 1")
                    .ok();
            talk.query("USE nowhere")
                    .server(error(1049, "42000", "no"))
                    .client(bytes().u1(2).text("third"))
                    .ok();
            talk.client(bytes().u1(0x0e)).ok();

            assertThat(talk.seen)
                    .containsExactly(
                            "COM_QUERY SELECT ann@orders reads",
                            "COM_QUERY USE ann@orders session",
                            "COM_QUERY SELECT ann@other reads",
                            "COM_QUERY USE ann@other session",
                            "COM_INIT_DB null ann@other session",
                            "COM_PING null ann@third session");
        }
    }

    /** Servers read two bytes of it and leave the rest. */
    @Test
    void seesThatSeveralStatementsAreSwitchedOnHoweverLongThatCommandIs() {
        try (GateTalk talk = GateTalk.allowing().login(GateTalk.SINGLE, "8.0.36")) {
            talk.query("CREATE TABLE x (a INT); DROP TABLE y").ok();
            talk.client(bytes().u1(0x1b).u1(0).u1(0).u1(0))
                    .server(bytes().u1(0xfe).u2(0).u2(2));
            talk.query("CREATE TABLE x (a INT); DROP TABLE y");

            assertThat(talk.seen.get(0)).startsWith("COM_QUERY CREATE ");
            assertThat(talk.seen.get(2)).startsWith("COM_QUERY _OTHER ");
        }
    }

    @Test
    void holdsWhatDependsOnAnAnswer() {
        try (GateTalk talk = GateTalk.allowing().login()) {
            String use = packet(0, query("USE secret"));
            String select = packet(0, query("SELECT 1"));
            talk.client(use + select + select);
            assertThat(talk.toUpstream()).isEqualTo(use);

            talk.ok();
            assertThat(talk.toUpstream()).isEqualTo(select + select);
            assertThat(talk.seen)
                    .containsExactly(
                            "COM_QUERY USE ann@orders session",
                            "COM_QUERY SELECT ann@secret reads",
                            "COM_QUERY SELECT ann@secret reads");
        }
    }

    @Test
    void doesNotLetGoWhatWaitsWhenTheClientEnds() {
        try (GateTalk talk = GateTalk.denying("DROP", null).login()) {
            talk.client(packet(0, query("SET @a = 1")) + packet(0, query("DROP TABLE t")));
            talk.tester.clientEnds();
            assertThat(talk.toUpstream()).isEqualTo(packet(0, query("SET @a = 1")));

            talk.ok();

            assertThat(talk.toUpstream()).isEmpty();
            assertThat(talk.toClient()).isEqualTo(packet(1, ok(0, 2)) + err(1, 1227, "42000"));
            assertThat(talk.tester.upstreamSawEnd()).isTrue();
        }
    }

    @Test
    void knowsNoSchemaBehindWhatMayHaveChangedIt() {
        try (GateTalk talk = GateTalk.allowing().login()) {
            talk.query("EXECUTE s").ok().query("SELECT 1").ok();
            talk.query("USE a")
                    .ok()
                    .query("SELECT 1; USE b")
                    .server(ok(0, 10))
                    .server(2, ok(0, 2))
                    .query("SELECT 2");

            assertThat(talk.seen)
                    .containsExactly(
                            "COM_QUERY EXECUTE ann@orders",
                            "COM_QUERY SELECT ann@null reads",
                            "COM_QUERY USE ann@null session",
                            "COM_QUERY _OTHER ann@a",
                            "COM_QUERY SELECT ann@null reads");
        }
    }

    @Test
    void executionsCarryTheStatementOfTheirPrepare() {
        try (GateTalk talk = GateTalk.allowing().login()) {
            talk.client(bytes().u1(0x16).text("update t set a = ?")).server(prepareOk(1, 0));
            talk.client(bytes().u1(0x16).text("SELECT 1 FOR UPDATE")).server(prepareOk(2, 0));
            talk.client(execute(1))
                    .ok()
                    .client(execute(2))
                    .ok()
                    .client(execute(3))
                    .server(error(1243, "HY000", "no"));
            talk.client(bytes().u1(0x19).u4(1)).client(execute(1)).server(error(1243, "HY000", "no"));
            talk.client(bytes().u1(0x1f)).ok().client(execute(2)).server(error(1243, "HY000", "no"));

            assertThat(talk.seen)
                    .containsExactly(
                            "COM_STMT_PREPARE UPDATE ann@orders",
                            "COM_STMT_PREPARE SELECT ann@orders",
                            "COM_STMT_EXECUTE UPDATE ann@orders",
                            "COM_STMT_EXECUTE SELECT ann@orders",
                            "COM_STMT_EXECUTE _OTHER ann@orders",
                            "COM_STMT_CLOSE UPDATE ann@null session",
                            "COM_STMT_EXECUTE _OTHER ann@null",
                            "COM_RESET_CONNECTION null ann@null session",
                            "COM_STMT_EXECUTE _OTHER ann@null");
        }
    }

    @Test
    void findsTheTextBehindQueryAttributes() {
        try (GateTalk talk = GateTalk.allowing().login(GateTalk.CAN | Capability.QUERY_ATTRIBUTES, "8.0.36")) {
            talk.client(bytes().u1(3, 0, 1).text("DROP TABLE t")).ok();
            talk.client(bytes().u1(3, 1, 1, 0, 1)
                            .u2(253)
                            .lenenc("name")
                            .lenenc("SELECT")
                            .text("DELETE FROM t"))
                    .ok();
            // A length of nine bytes for some servers, of none for others.
            talk.client(bytes().u1(3, 0xff, 1, 0, 0).text("SELECT 1; DROP TABLE t"))
                    .ok();

            assertThat(talk.seen)
                    .containsExactly(
                            "COM_QUERY DROP ann@orders", "COM_QUERY DELETE ann@orders", "COM_QUERY _OTHER ann@orders");
        }
    }

    @Test
    void readsNoTextBehindItsHeadAndSaysSo() {
        String text = "INSERT INTO t VALUES ('" + "x".repeat(GateHead.LOOK) + "')";
        try (GateTalk talk = GateTalk.allowing().login(GateTalk.SINGLE, "8.0.36")) {
            talk.query(text);
            assertThat(talk.seen).containsExactly("COM_QUERY INSERT ann@orders");
            assertThat(talk.toUpstream()).isEqualTo(packet(0, query(text)));
        }
        try (GateTalk talk = GateTalk.allowing().login()) {
            talk.query(text);
            assertThat(talk.seen).containsExactly("COM_QUERY _OTHER ann@orders");
        }
    }

    // ---- what is no command

    @Test
    void letsNothingButTheAnswerToTheServersQuestionPassInALogin() {
        Talk.Bytes change = bytes().u1(0x11)
                .zero("bob")
                .u1(0)
                .zero("db")
                .u2(255)
                .zero("caching_sha2_password")
                .u1(0);
        try (GateTalk talk = GateTalk.allowing().login()) {
            String hidden = packet(3, query("DROP TABLE t"));
            talk.client(packet(0, change) + packet(1, bytes().text("proof")) + hidden);
            assertThat(talk.toUpstream()).isEqualTo(packet(0, change));

            talk.server(
                    bytes().u1(0xfe).zero("caching_sha2_password").fill(20, 'x').u1(0));
            assertThat(talk.toUpstream()).isEqualTo(packet(1, bytes().text("proof")));
            talk.server(3, bytes().u1(1, 3));
            assertThat(talk.toUpstream()).isEmpty();
            talk.server(4, ok(0, 2));

            assertThat(talk.toUpstream()).isEmpty();
            assertThat(talk.closed()).isEqualTo(CloseReason.FILTER);
        }
    }

    @Test
    void takesAFileForAFile() {
        try (GateTalk talk = GateTalk.denying("DROP", null).login()) {
            String file = packet(2, query("DROP TABLE t")) + packet(3, bytes());
            talk.query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t")
                    .server(bytes().u1(0xfb).text("f"));
            talk.toUpstream();
            talk.client(file);
            assertThat(talk.toUpstream()).isEqualTo(file);

            talk.server(4, ok(1, 2)).query("DROP TABLE t");

            assertThat(talk.toUpstream()).isEmpty();
            assertThat(talk.seen).hasSize(2);
        }
    }

    @Test
    void closesWhereItCannotSee() {
        Talk.Bytes tls =
                bytes().u4(GateTalk.CAN | Capability.SSL).u4(1 << 24).u1(255).fill(23, 0);
        try (GateTalk talk = GateTalk.allowing()) {
            new Talk()
                    .greeting(GateTalk.CAN | Capability.SSL, "8.0.36").script("greeting").bursts().stream()
                            .map(burst -> GateTalk.text(burst.bytes()))
                            .forEach(talk.tester::upstream);
            talk.client(packet(1, tls));
            assertThat(talk.toUpstream()).isEqualTo(packet(1, tls));
            talk.client("\026\003\001\002\000\001");
            assertThat(talk.closed()).isEqualTo(CloseReason.FILTER);
            assertThat(talk.toUpstream()).isEmpty();
        }
        try (GateTalk talk = GateTalk.allowing()) {
            talk.client("\026\003\001");
            assertThat(talk.closed()).isEqualTo(CloseReason.FILTER);
        }
        try (GateTalk talk = GateTalk.allowing().login()) {
            talk.client(packet(1, query("SELECT 1")));
            assertThat(talk.closed()).isEqualTo(CloseReason.FILTER);
        }
    }

    @Test
    void seesCommandsWhereTlsIsNotBegunHere() {
        long can = GateTalk.CAN | Capability.SSL;
        Talk.Bytes asks = bytes().u4(can).u4(1 << 24).u1(255).fill(23, 0);
        try (GateTalk talk = GateTalk.denying("DROP", null)) {
            new Talk()
                            .greeting(can, "8.0.36")
                            .more(asks)
                            .response(can)
                            .server(ok(0, 2))
                            .script("log-in")
                            .bursts()
                            .stream()
                            .forEach(burst -> {
                                String bytes = GateTalk.text(burst.bytes());
                                if (burst.direction() == Direction.TO_UPSTREAM) {
                                    talk.client(bytes);
                                } else {
                                    talk.tester.upstream(bytes);
                                }
                            });
            talk.toUpstream();

            talk.query("DROP TABLE t");

            assertThat(talk.toUpstream()).isEmpty();
            assertThat(talk.seen).containsExactly("COM_QUERY DROP ann@orders");
        }
    }

    @Test
    void isOpaqueOnceReplicationWasLetThrough() {
        try (GateTalk talk = GateTalk.allowing().login()) {
            Talk.Bytes dump = bytes().u1(0x12).u4(4).u2(0).u4(1).text("log.1");
            assertThat(talk.client(dump).toUpstream()).isEqualTo(packet(0, dump));
            talk.server(bytes().u1(0).fill(20, 1));
            assertThat(talk.closed()).isNull();

            assertThat(talk.query("DROP TABLE t").toUpstream()).isEmpty();
            assertThat(talk.closed()).isEqualTo(CloseReason.FILTER);
        }
    }

    // ---- compression

    private static GateTalk compressed(GateTalk talk) {
        return talk.login(GateTalk.CAN | Capability.COMPRESS, "8.0.36");
    }

    @Test
    void refusesACompressedCommandWithAllItsFramesAndAFrame() {
        byte[] drop = Talk.packet(
                0, query("DROP TABLE t /* " + "x".repeat(3_000) + " */").done());
        String first = GateTalk.text(Talk.deflated(0, Arrays.copyOf(drop, 1_000)));
        String second = GateTalk.text(Talk.deflated(1, Arrays.copyOfRange(drop, 1_000, drop.length)));
        String ping =
                GateTalk.text(Talk.frame(0, Talk.packet(0, bytes().u1(0x0e).done()), 0));
        String all = first + second + ping;
        for (int cut = 1; cut < all.length(); cut++) {
            try (GateTalk talk = compressed(GateTalk.denying("COM_QUERY", null))) {
                talk.client(all.substring(0, cut)).client(all.substring(cut));

                assertThat(talk.toUpstream()).isEqualTo(ping);
                String error = err(1, 1227, "42000");
                assertThat(talk.toClient()).isEqualTo(GateTalk.text(Talk.frame(2, error.getBytes(ISO_8859_1), 0)));
                assertThat(talk.inflaters.taken()).isZero();
            }
        }
    }

    @Test
    void seesWhatIsCompressed() {
        byte[] drop = Talk.packet(0, query("DROP TABLE t").done());
        try (GateTalk talk = compressed(GateTalk.allowing())) {
            talk.client(GateTalk.text(Talk.deflated(0, drop)));
            assertThat(talk.seen).containsExactly("COM_QUERY DROP ann@orders");
            talk.tester.upstream(GateTalk.text(Talk.deflated(1, Talk.packet(1, ok(0, 2).done()))));

            assertThat(talk.client(GateTalk.text(Talk.frame(0, drop, 0))).seen).hasSize(2);
        }
    }

    /** Servers go by what comes out of a frame. */
    @Test
    void closesWhereFramesLieOrHoldSeveralCommands() {
        byte[] ping = Talk.packet(0, bytes().u1(0x0e).done());
        byte[] twice = bytes().raw(ping).raw(ping).done();
        byte[] lies = Talk.deflated(0, Talk.packet(0, query("SELECT 1").done()));
        lies[4]++;
        for (byte[] frame : List.of(Talk.deflated(0, twice), Talk.frame(0, twice, 0), lies)) {
            try (GateTalk talk = compressed(GateTalk.allowing())) {
                talk.client(GateTalk.text(frame));

                assertThat(talk.closed()).isEqualTo(CloseReason.FILTER);
                assertThat(talk.toUpstream()).isEmpty();
                assertThat(talk.inflaters.taken()).isZero();
            }
        }
    }

    @Test
    void holdsNoMoreThanSoManyCommands() {
        try (GateTalk talk = GateTalk.allowing().login()) {
            talk.client(packet(0, query("SELECT 1")).repeat(5_000));
            assertThat(talk.seen).hasSize(1_024);

            for (int i = 0; i < 5_000; i++) {
                talk.ok();
            }

            assertThat(talk.seen).hasSize(5_000);
            assertThat(talk.closed()).isNull();
        }
    }
}
