package dev.weir.mongo;

import static dev.weir.mongo.Messages.bson;
import static dev.weir.mongo.Messages.flags;
import static dev.weir.mongo.Messages.int32;
import static dev.weir.mongo.Messages.message;
import static dev.weir.mongo.Messages.msg;
import static dev.weir.mongo.Messages.request;
import static dev.weir.mongo.Messages.sequence;
import static dev.weir.mongo.PackedMessages.bytes;
import static dev.weir.mongo.PackedMessages.int32;
import static dev.weir.mongo.PackedMessages.packed;
import static dev.weir.mongo.PackedMessages.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.NetworkFilter.Boundary;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** {@code mongo_rewrite} with bytes that make no sense, at the ends of connections, and with wrong settings. */
class MongoRewriteEdgesTest extends RewriteBed {
    // ---- bytes that make no sense

    @Test
    void stopsAtBytesThatMakeNoSenseAndPassesThem() {
        byte[] summed = msg(500, 1, 1, ANSWER);
        byte[] cut = msg(500, 1, 0, ANSWER);
        cut[21] = (byte) (cut[21] + 1);
        stopsAt("checksum", summed);
        stopsAt("bson", cut);
        stopsAt("flags", msg(500, 1, 4, ANSWER));
        stopsAt("section", message(500, 1, Wire.OP_MSG, flags(0), sequence("x", bson("{}"))));
        stopsAt("section", message(500, 1, Wire.OP_MSG, flags(0), BODY, bson(ANSWER), BODY, bson(ANSWER)));
        stopsAt("opcode", message(500, 1, Wire.OP_INSERT, bson(ANSWER)));
        stopsAt("length", "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        stopsAt("length", message(500, 1, Wire.OP_MSG, new byte[1]));
        stopsAt("length", message(500, 1, Wire.OP_REPLY, new byte[1]));
        stopsAt("compression", packed(packed(msg(500, 1, 0, ANSWER), Wire.ZLIB), Wire.ZLIB));
        stopsAt("compression", message(500, 1, Wire.OP_COMPRESSED, new byte[1]));
        stopsAt(
                "compression",
                message(500, 1, Wire.OP_COMPRESSED, int32(Wire.OP_MSG), int32(9), new byte[] {2}, new byte[9]));
        stopsAt(
                "size",
                message(500, 1, Wire.OP_COMPRESSED, int32(Wire.OP_MSG), int32(1 << 20), new byte[] {2}, new byte[9]));
    }

    private void stopsAt(String reason, byte[] answer) {
        String hello = text(msg(501, 2, 0, ANSWER));
        try (FilterTester tester = tester()) {
            int before = stops(reason);
            tester.client(text(request(1, HELLO), request(2, HELLO)));
            tester.upstream(text(answer) + hello);

            assertThat(tester.toClient()).isEqualTo(text(answer) + hello);
            assertThat(tester.closeReason()).isNull();
            assertThat(stops(reason)).as(reason).isEqualTo(before + 1);
        }
    }

    @Test
    void stopsAtRequestsThatMakeNoSenseAndLetsGoOfWhatItHolds() {
        String half = text(msg(500, 1, 0, ANSWER)).substring(0, 40);
        String bad = text(message(2, 0, 999, bson("{}")));
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO)));
            tester.upstream(half);
            assertThat(tester.toClient()).isEmpty();

            tester.client(bad);

            assertThat(tester.toClient()).isEqualTo(half);
            assertThat(tester.toUpstream()).endsWith(bad);
        }
        assertThat(stops("opcode")).isEqualTo(1);
    }

    @Test
    void letsTlsPass() {
        String hello = "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003random bytes of a client";
        try (FilterTester tester = tester()) {
            tester.client(hello);
            tester.upstream("\u0016\u0003\u0003\0");

            assertThat(tester.toUpstream()).isEqualTo(hello);
            assertThat(tester.toClient()).isEqualTo("\u0016\u0003\u0003\0");
        }
        assertThat(stops("encrypted")).isEqualTo(1);
    }

    @Test
    void neitherThrowsNorLosesBytesWhateverComes() {
        Random random = new Random(11);
        String requests = text(
                request(1, HELLO),
                packed(request(2, "{replSetGetStatus: 1, $db: 'admin'}"), Wire.SNAPPY),
                msg(3, 0, Wire.EXHAUST_ALLOWED, HELLO));
        String answers = text(
                msg(500, 1, 0, ANSWER),
                packed(msg(501, 2, 0, "{members: [{name: 'mongo1:27017'}], ok: 1.0}"), Wire.ZLIB),
                msg(502, 3, Wire.MORE_TO_COME, ANSWER),
                msg(503, 502, 0, ANSWER));
        for (int round = 0; round < 500; round++) {
            byte[] up = bytes(requests);
            byte[] down = bytes(answers);
            double before = environment.count("weir_mongo_rewritten");
            byte[] hit = round % 3 == 0 ? up : down;
            for (int i = 0; i <= random.nextInt(3); i++) {
                hit[random.nextInt(hit.length)] = (byte) random.nextInt(256);
            }
            try (FilterTester tester = tester()) {
                tester.client(text(up));
                int split = random.nextInt(down.length);
                tester.upstream(text(down).substring(0, split));
                tester.upstream(text(down).substring(split));
                tester.upstreamEnds();

                assertThat(tester.closeReason()).isNull();
                assertThat(tester.toUpstream()).isEqualTo(text(up));
                assertThat(tester.clientSawEnd()).isTrue();
                if (environment.count("weir_mongo_rewritten") == before) {
                    assertThat(tester.toClient()).isEqualTo(text(down));
                }
            }
        }
        assertThat(environment.inflaters().taken()).isZero();
    }

    // ---- ends

    @Test
    void letsHalfAnAnswerGoWhenTheServerEnds() {
        String half = text(msg(500, 1, 0, ANSWER)).substring(0, 40);
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO)));
            tester.upstream(half);
            tester.upstreamEnds();

            assertThat(tester.toClient()).isEqualTo(half);
            assertThat(tester.clientSawEnd()).isTrue();
        }
    }

    @Test
    void stillRewritesForAClientThatHasEnded() {
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO))).clientEnds();
            assertThat(tester.upstreamSawEnd()).isTrue();

            tester.upstream(text(msg(500, 1, 0, ANSWER)));

            assertThat(json(tester.toClient(), 21)).isEqualTo(json(REWRITTEN));
        }
    }

    @Test
    void doesNotWaitForEverForTheRestOfAnAnswer() {
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO)));
            tester.upstream(text(msg(500, 1, 0, ANSWER)).substring(0, 40));

            tester.advance(Duration.ofSeconds(21));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.HOLD_TIMEOUT);
        }
    }

    @Test
    void isBusyInsideOfMessages() {
        NetworkFilter filter = filter(Map.of("members", members()));
        String ping = text(request(1, "{ping: 1, $db: 'a'}"));
        String pong = text(msg(500, 1, 0, "{ok: 1.0}"));
        try (FilterTester tester = FilterTester.of(filter)) {
            assertThat(filter.boundary()).isEqualTo(Boundary.UNKNOWN);
            tester.client(ping.substring(0, 7));
            assertThat(filter.boundary()).isEqualTo(Boundary.BUSY);
            tester.client(ping.substring(7));
            assertThat(filter.boundary()).isEqualTo(Boundary.UNKNOWN);
            tester.upstream(pong.substring(0, 20));
            assertThat(filter.boundary()).isEqualTo(Boundary.BUSY);

            tester.upstream(pong.substring(20));

            assertThat(filter.boundary()).isEqualTo(Boundary.UNKNOWN);
        }
    }

    // ---- configuration

    private static List<String> problems(Map<String, ?> config) {
        ConfigErrors errors = new ConfigErrors();
        ConfigNode node = ConfigNode.of(config, errors);
        new MongoRewriteFactory().configure(node, new FakeEnvironment());
        node.rejectUnknown();
        return errors.problems().stream().map(Object::toString).toList();
    }

    @Test
    void saysWhatIsWrongWithItsConfiguration() {
        assertThat(problems(Map.of()))
                .singleElement()
                .asString()
                .contains("members")
                .contains("missing");
        assertThat(problems(Map.of("members", Map.of())))
                .singleElement()
                .asString()
                .contains("members")
                .contains("no member given (expected: a map of members, name: address)");
        assertThat(problems(Map.of("members", Map.of("a:1", "unix:/x"))))
                .singleElement()
                .asString()
                .contains("members.a:1")
                .contains("\"unix:/x\" (expected: host:port or [v6]:port)");
        assertThat(problems(Map.of("members", Map.of("a:99999", "b:1"))))
                .singleElement()
                .asString()
                .contains("member \"a:99999\" (expected: a port of 0..65535)");
        assertThat(problems(Map.of("members", Map.of("a:1", "x:1", "A:1", "x:2"))))
                .singleElement()
                .asString()
                .contains("is there twice (expected: each member once; case does not matter)");
        assertThat(problems(Map.of("members", Map.of("a:1", "x:1", "b:1", "x:1"))))
                .singleElement()
                .asString()
                .contains("\"x:1\" is another member's (expected: an address of its own for each)");
        assertThat(problems(Map.of("members", Map.of("a:1", "x:1"), "unknown_members", "drop", "membres", 1)))
                .hasSize(2)
                .anySatisfy(problem ->
                        assertThat(problem).contains("unknown_members").contains("\"drop\""))
                .anySatisfy(problem -> assertThat(problem).contains("membres").contains("unknown key"));
    }

    @Test
    void takesMembersByNameAndByAddress() {
        assertThat(problems(Map.of("members", Map.of("[::1]:27017", "[::1]:1", "10.0.0.1", "weir:1", "m.x", "weir:2"))))
                .isEmpty();
        assertThat(Members.key("Mongo")).isEqualTo("mongo:27017");
        assertThat(Members.key("[FE80::1]")).isEqualTo("[fe80::1]:27017");
        assertThat(Members.key("[fe80::1]:5")).isEqualTo("[fe80::1]:5");
    }
}
