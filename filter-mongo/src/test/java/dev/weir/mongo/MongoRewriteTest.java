package dev.weir.mongo;

import static dev.weir.mongo.Messages.bson;
import static dev.weir.mongo.Messages.cstring;
import static dev.weir.mongo.Messages.flags;
import static dev.weir.mongo.Messages.int32;
import static dev.weir.mongo.Messages.message;
import static dev.weir.mongo.Messages.msg;
import static dev.weir.mongo.Messages.request;
import static dev.weir.mongo.Messages.sequence;
import static dev.weir.mongo.PackedMessages.bytes;
import static dev.weir.mongo.PackedMessages.document;
import static dev.weir.mongo.PackedMessages.int32;
import static dev.weir.mongo.PackedMessages.packed;
import static dev.weir.mongo.PackedMessages.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.NetworkFilter.Boundary;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32C;
import org.bson.BsonDocument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code mongo_rewrite} makes of answers that the bson library has made. */
class MongoRewriteTest {
    private static final byte[] BODY = {0};
    private static final String HELLO = "{hello: 1, $db: 'admin'}";
    private static final String ANSWER = "{helloOk: true, hosts: ['mongo1:27017', 'Mongo2:27017'], passives: ['mongo3:27018'],"
            + " arbiters: ['other:27017'], setName: 'rs', primary: 'mongo1:27017', me: 'MONGO2:27017', lastWrite: {x: [1]},"
            + " topologyVersion: {processId: ObjectId('65a000000000000000000001'), counter: NumberLong(6)}, ok: 1.0}";
    private static final String REWRITTEN = "{helloOk: true, hosts: ['127.0.0.1:21', '127.0.0.1:22'], passives: ['weir:23'],"
            + " arbiters: [], setName: 'rs', primary: '127.0.0.1:21', me: '127.0.0.1:22', lastWrite: {x: [1]},"
            + " topologyVersion: {processId: ObjectId('65a000000000000000000001'), counter: NumberLong(6)}, ok: 1.0}";

    private final FakeEnvironment environment = new FakeEnvironment();

    private NetworkFilter filter(Map<String, ?> config) {
        ConfigErrors errors = new ConfigErrors();
        NetworkFilter filter = new MongoRewriteFactory()
                .configure(ConfigNode.of(config, errors), environment)
                .onLoop(environment)
                .create(new FakeConnection());
        errors.throwIfAny("test");
        return filter;
    }

    private static Map<String, String> members() {
        Map<String, String> members = new LinkedHashMap<>();
        members.put("mongo1:27017", "127.0.0.1:21");
        members.put("mongo2", "127.0.0.1:22");
        members.put("mongo3:27018", "weir:23");
        return members;
    }

    private FilterTester tester() {
        return FilterTester.of(filter(Map.of("members", members())));
    }

    private static String json(String message, int at) {
        return document(message, at).toJson();
    }

    private static String json(String text) {
        return BsonDocument.parse(text).toJson();
    }

    private int stops(String reason) {
        return (int) environment
                .meters()
                .get("weir_mongo_rewrite_stops")
                .tag("reason", reason)
                .counter()
                .count();
    }

    // ---- kinds of messages

    @Test
    void rewritesAHelloWhereverItIsSplit() {
        String answer = text(msg(500, 1, 0, ANSWER));
        for (int split = 1; split < answer.length(); split++) {
            try (FilterTester tester = tester()) {
                tester.client(text(request(1, HELLO)));
                tester.upstream(answer.substring(0, split));
                assertThat(tester.toClient()).isEmpty();
                tester.upstream(answer.substring(split));
                String got = tester.toClient();

                assertThat(tester.toUpstream()).isEqualTo(text(request(1, HELLO)));
                assertThat(int32(got, 0)).isEqualTo(got.length());
                assertThat(got.substring(4, 21)).isEqualTo(answer.substring(4, 21));
                assertThat(json(got, 21)).isEqualTo(json(REWRITTEN));
            }
        }
        assertThat(environment.count("weir_mongo_rewritten")).isEqualTo(answer.length() - 1);
        assertThat(environment.count("weir_mongo_rewrite_stops")).isZero();
    }

    @Test
    void seesTheRequestWhereverItIsSplit() {
        String requests = text(
                message(1, 0, Wire.OP_MSG, flags(0), sequence("documents", bson("{hello: 1}")), BODY, bson("{insert: 'a', $db: 'd'}")),
                message(2, 0, Wire.OP_MSG, flags(0), sequence("x", bson("{a: 1}")), BODY, bson(HELLO)));
        for (int split = 1; split < requests.length(); split++) {
            try (FilterTester tester = tester()) {
                tester.client(requests.substring(0, split));
                assertThat(tester.toUpstream()).isEqualTo(requests.substring(0, split));
                tester.client(requests.substring(split));
                tester.upstream(text(msg(500, 1, 0, ANSWER), msg(501, 2, 0, ANSWER)));
                String got = tester.toClient();

                String first = text(msg(500, 1, 0, ANSWER));
                assertThat(got).startsWith(first);
                assertThat(json(got, first.length() + 21)).isEqualTo(json(REWRITTEN));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{isMaster: 1}", "{ismaster: 1}", "{$query: {isMaster: 1}, $readPreference: {mode: 'nearest'}}", "{query: {hello: 1}}"})
    void rewritesLegacyAnswers(String command) {
        byte[] request =
                message(1, 0, Wire.OP_QUERY, flags(4), cstring("admin.$cmd"), int32(0), int32(-1), bson(command));
        byte[] reply = message(500, 1, Wire.OP_REPLY, flags(8), int32(0), int32(0), int32(0), int32(1), bson(ANSWER));
        try (FilterTester tester = tester()) {
            tester.client(text(request));
            tester.upstream(text(reply));
            String got = tester.toClient();

            assertThat(int32(got, 0)).isEqualTo(got.length());
            assertThat(got.substring(4, 36)).isEqualTo(text(reply).substring(4, 36));
            assertThat(json(got, 36)).isEqualTo(json(REWRITTEN));
        }
    }

    @Test
    void makesTheChecksumAnew() {
        byte[] sections = bson(ANSWER);
        byte[] unsummed = message(500, 1, Wire.OP_MSG, flags(1), BODY, sections, sequence("x", bson("{a: 1}")), int32(0));
        byte[] answer = summed(unsummed);
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO)));
            tester.upstream(text(answer));
            byte[] got = bytes(tester.toClient());

            assertThat(json(text(got), 21)).isEqualTo(json(REWRITTEN));
            assertThat(text(got)).contains(text(sequence("x", bson("{a: 1}"))));
            assertThat(int32(text(got), 0)).isEqualTo(got.length);
            assertThat(got).isEqualTo(summed(got));
        }
    }

    /** The same message with the right checksum at its end. */
    private static byte[] summed(byte[] message) {
        CRC32C crc = new CRC32C();
        crc.update(message, 0, message.length - 4);
        byte[] summed = message.clone();
        System.arraycopy(int32((int) crc.getValue()), 0, summed, message.length - 4, 4);
        return summed;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void rewritesEveryAnswerOfAStream(boolean chained) {
        try (FilterTester tester = tester()) {
            tester.client(text(msg(1, 0, Wire.EXHAUST_ALLOWED, HELLO)));
            for (int i = 0; i < 5; i++) {
                byte[] answer = msg(500 + i, i == 0 || !chained ? 1 : 499 + i, i < 4 ? Wire.MORE_TO_COME : 0, ANSWER);
                tester.upstream(text(answer));
                String got = tester.toClient();

                assertThat(got.substring(4, 21)).isEqualTo(text(answer).substring(4, 21));
                assertThat(json(got, 21)).isEqualTo(json(REWRITTEN));
            }
            String other = text(msg(505, 504, 0, ANSWER));
            tester.upstream(other);

            assertThat(tester.toClient()).isEqualTo(other);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Wire.NOOP, Wire.SNAPPY, Wire.ZLIB, Wire.ZSTD})
    void rewritesCompressedAnswersIntoPlainOnes(int compressor) {
        byte[] status = packed(request(1, "{replSetGetStatus: 1, $db: 'admin'}"), compressor);
        byte[] answer = msg(500, 1, 0, "{set: 'rs', members: [{_id: 0, name: 'mongo1:27017', health: 1.0}], ok: 1.0}");
        String all = text(packed(answer, compressor));
        for (int split = 1; split < text(status).length(); split++) {
            try (FilterTester tester = tester()) {
                tester.client(text(status).substring(0, split)).client(text(status).substring(split));
                tester.upstream(all.substring(0, 30));
                tester.upstream(all.substring(30));
                String got = tester.toClient();

                assertThat(tester.toUpstream()).isEqualTo(text(status));
                assertThat(int32(got, 0)).isEqualTo(got.length());
                assertThat(got.substring(4, 21)).isEqualTo(text(answer).substring(4, 21));
                assertThat(json(got, 21))
                        .isEqualTo(json("{set: 'rs', members: [{_id: 0, name: '127.0.0.1:21', health: 1.0}], ok: 1.0}"));
            }
        }
        assertThat(environment.inflaters().taken()).isZero();
    }

    @Test
    void rewritesStatusAndConfiguration() {
        try (FilterTester tester = tester()) {
            tester.client(text(
                    request(1, "{replSetGetStatus: 1, $db: 'admin'}"), request(2, "{replSetGetConfig: 1, $db: 'admin'}")));
            tester.upstream(text(
                    msg(
                            500,
                            1,
                            0,
                            "{syncSourceHost: 'mongo1:27017', syncingTo: '', members: [{name: 'mongo2:27017', syncingTo:"
                                    + " 'mongo1:27017', syncSourceHost: 'mongo1:27017', x: 1}, {name: 'other:1', hosts:"
                                    + " ['mongo1:27017']}], hosts: ['mongo1:27017'], ok: 1.0}"),
                    msg(
                            501,
                            2,
                            0,
                            "{config: {_id: 'rs', members: [{_id: 0, host: 'mongo1:27017', tags: {host: 'mongo1:27017'}}, 5,"
                                    + " {host: 'other:1'}], host: 'mongo1:27017'}, host: 'mongo1:27017', ok: 1.0}")));
            String got = tester.toClient();

            assertThat(json(got, 21))
                    .isEqualTo(json("{syncSourceHost: '127.0.0.1:21', syncingTo: '', members: [{name: '127.0.0.1:22',"
                            + " syncingTo: '127.0.0.1:21', syncSourceHost: '127.0.0.1:21', x: 1}, {name: 'other:1',"
                            + " hosts: ['mongo1:27017']}], hosts: ['mongo1:27017'], ok: 1.0}"));
            assertThat(json(got, int32(got, 0) + 21))
                    .isEqualTo(json("{config: {_id: 'rs', members: [{_id: 0, host: '127.0.0.1:21', tags: {host:"
                            + " 'mongo1:27017'}}, 5, {host: 'other:1'}], host: 'mongo1:27017'}, host: 'mongo1:27017',"
                            + " ok: 1.0}"));
        }
    }

    // ---- unknown members

    @Test
    void hidesOrPassesUnknownMembers() {
        String answer = text(msg(500, 1, 0, "{hosts: ['a:1', 'mongo1:27017', 'b:1', 7], primary: 'a:1', me: 'b:1', ok: 1.0}"));
        try (FilterTester hiding = tester();
                FilterTester passing =
                        FilterTester.of(filter(Map.of("members", members(), "unknown_members", "pass")))) {
            hiding.client(text(request(1, HELLO)));
            passing.client(text(request(1, HELLO)));

            hiding.upstream(answer);
            passing.upstream(answer);

            assertThat(json(hiding.toClient(), 21)).isEqualTo(json("{hosts: ['127.0.0.1:21', 7], ok: 1.0}"));
            assertThat(json(passing.toClient(), 21))
                    .isEqualTo(json("{hosts: ['a:1', '127.0.0.1:21', 'b:1', 7], primary: 'a:1', me: 'b:1', ok: 1.0}"));
        }
        assertThat(environment.count("weir_mongo_unknown_members")).isEqualTo(8);
    }

    @Test
    void keepsIndexesOfArraysInOrder() {
        byte[] answer = msg(500, 1, 0, "{hosts: ['x:1', 'mongo1:27017', 'y:1', 'mongo2:27017'], ok: 1.0}");
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO)));
            tester.upstream(text(answer));

            assertThat(tester.toClient())
                    .contains("\u00020\0\r\0\0\000127.0.0.1:21\0\u00021\0\r\0\0\000127.0.0.1:22\0\0");
        }
    }

    // ---- what stays

    @Test
    void changesNoOtherByteOfADocument() {
        String answer = text(message(
                500,
                1,
                Wire.OP_MSG,
                flags(1 << 17),
                BODY,
                bson("{a: {$minKey: 1}, r: /x/mi, d: {$numberDecimal: '1.10'}, u: {$undefined: true}, s: {$symbol: 'q'},"
                        + " c: {$code: 'f', $scope: {a: 1}}, p: DBPointer('a.b', '65a000000000000000000001'), n:"
                        + " NaN, b: {$binary: {base64: 'eA==', subType: '80'}},"
                        + " hosts: ['mongo3:27018'], t: {$timestamp: {t: 1, i: 2}}, hosts2: ['mongo3:27018'],"
                        + " e: {}, f: [], z: {$maxKey: 1}, dt: {$date: {$numberLong: '5'}}, j: {$code: 'x'}, nn: null}")));
        try (FilterTester tester =
                FilterTester.of(filter(Map.of("members", Map.of("mongo3:27018", "127.0.0.12:9"))))) {
            tester.client(text(request(1, HELLO)));
            tester.upstream(answer);
            String got = tester.toClient();

            // The address is as long as the name.
            assertThat(got).isEqualTo(answer.replaceFirst("mongo3:27018", "127.0.0.12:9"));
        }
    }

    @Test
    void passesEverythingElseAtOnceAndUntouched() {
        String find = text(msg(500, 1, 0, "{cursor: {firstBatch: [], hosts: ['mongo1:27017']}, hosts: ['mongo1:27017'], ok: 1}"));
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, "{find: 'a', filter: {hello: 1}, $db: 'd'}")));
            for (int at = 0; at < find.length(); at++) {
                tester.upstream(find.substring(at, at + 1));

                assertThat(tester.toClient()).isEqualTo(at < 15 ? "" : find.substring(at == 15 ? 0 : at, at + 1));
            }
        }
        assertThat(environment.count("weir_mongo_rewritten")).isZero();
    }

    @Test
    void passesAnswersWithoutMembersAsTheyCame() {
        String answer = text(packed(msg(500, 1, 0, "{isWritablePrimary: true, msg: 'isdbgrid', ok: 1.0}"), Wire.ZLIB));
        String other = text(msg(501, 2, 0, "{ok: 0.0, errmsg: 'no', code: 76}"));
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO), request(2, "{replSetGetStatus: 1, $db: 'admin'}")));
            tester.upstream(answer + other);

            assertThat(tester.toClient()).isEqualTo(answer + other);
        }
        assertThat(environment.count("weir_mongo_rewritten")).isZero();
    }

    @Test
    void findsTheAnswerAmongOthers() {
        String before = text(msg(500, 3, 0, ANSWER));
        String after = text(msg(502, 1, 0, ANSWER));
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, "{ping: 1, $db: 'a'}"), request(2, HELLO), request(3, "{ping: 1, $db: 'a'}")));
            tester.upstream(before + text(msg(501, 2, 0, ANSWER)) + after);
            String got = tester.toClient();

            assertThat(got).startsWith(before).endsWith(after);
            assertThat(json(got, before.length() + 21)).isEqualTo(json(REWRITTEN));
        }
    }

    @Test
    void passesAnAnswerThatIsTooLongAndSaysSo() {
        String answer = text(msg(500, 1, 0, "{hosts: ['mongo1:27017'], x: '" + "x".repeat(1 << 20) + "'}"));
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO), request(2, HELLO)));
            tester.upstream(answer.substring(0, 100));
            tester.upstream(answer.substring(100) + text(msg(501, 2, 0, ANSWER)));

            assertThat(tester.toClient().equals(answer + text(msg(501, 2, 0, ANSWER)))).isTrue();
        }
        assertThat(stops("size")).isEqualTo(1);
    }

    @Test
    void holdsALongAnswerWithoutStoppingToRead() {
        String answer = text(msg(500, 1, 0, "{hosts: ['mongo1:27017'], x: '" + "x".repeat(1_000_000) + "'}"));
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO)));
            for (int at = 0; at < answer.length(); at += 50_000) {
                assertThat(tester.writable()).isTrue();
                tester.upstream(answer.substring(at, Math.min(answer.length(), at + 50_000)));
            }

            assertThat(document(tester.toClient(), 21).getArray("hosts").get(0).asString().getValue())
                    .isEqualTo("127.0.0.1:21");
        }
    }

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
        stopsAt("compression", message(500, 1, Wire.OP_COMPRESSED, int32(Wire.OP_MSG), int32(9), new byte[] {2}, new byte[9]));
        stopsAt("size", message(500, 1, Wire.OP_COMPRESSED, int32(Wire.OP_MSG), int32(1 << 20), new byte[] {2}, new byte[9]));
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
        assertThat(problems(Map.of())).singleElement().asString().contains("members").contains("missing");
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
                .anySatisfy(problem -> assertThat(problem).contains("unknown_members").contains("\"drop\""))
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
