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

import dev.weir.core.testkit.FilterTester;
import java.util.Map;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code mongo_rewrite} makes of answers that the bson library has made. */
class MongoRewriteTest extends RewriteBed {
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
                message(
                        1,
                        0,
                        Wire.OP_MSG,
                        flags(0),
                        sequence("documents", bson("{hello: 1}")),
                        BODY,
                        bson("{insert: 'a', $db: 'd'}")),
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
    @ValueSource(
            strings = {
                "{isMaster: 1}",
                "{ismaster: 1}",
                "{$query: {isMaster: 1}, $readPreference: {mode: 'nearest'}}",
                "{query: {hello: 1}}"
            })
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
        byte[] unsummed =
                message(500, 1, Wire.OP_MSG, flags(1), BODY, sections, sequence("x", bson("{a: 1}")), int32(0));
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
                tester.client(text(status).substring(0, split))
                        .client(text(status).substring(split));
                tester.upstream(all.substring(0, 30));
                tester.upstream(all.substring(30));
                String got = tester.toClient();

                assertThat(tester.toUpstream()).isEqualTo(text(status));
                assertThat(int32(got, 0)).isEqualTo(got.length());
                assertThat(got.substring(4, 21)).isEqualTo(text(answer).substring(4, 21));
                assertThat(json(got, 21))
                        .isEqualTo(
                                json("{set: 'rs', members: [{_id: 0, name: '127.0.0.1:21', health: 1.0}], ok: 1.0}"));
            }
        }
        assertThat(environment.inflaters().taken()).isZero();
    }

    @Test
    void rewritesStatusAndConfiguration() {
        try (FilterTester tester = tester()) {
            tester.client(text(
                    request(1, "{replSetGetStatus: 1, $db: 'admin'}"),
                    request(2, "{replSetGetConfig: 1, $db: 'admin'}")));
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

    @Test
    void rewritesCompressedAnswersThatAreLong() {
        byte[] answer = msg(500, 1, 0, "{hosts: ['mongo1:27017'], x: '" + "x".repeat(900_000) + "'}");
        try (FilterTester tester = tester()) {
            tester.client(text(request(1, HELLO), request(2, HELLO)));
            tester.upstream(text(packed(answer, Wire.NOOP)));
            String noop = tester.toClient();
            tester.upstream(text(
                    packed(msg(501, 2, 0, "{hosts: ['mongo1:27017'], x: '" + "x".repeat(900_000) + "'}"), Wire.ZSTD)));
            String zstd = tester.toClient();

            assertThat(document(noop, 21).getArray("hosts").get(0).asString().getValue())
                    .isEqualTo("127.0.0.1:21");
            assertThat(document(zstd, 21).getArray("hosts").get(0).asString().getValue())
                    .isEqualTo("127.0.0.1:21");
        }
    }

    // ---- unknown members

    @Test
    void hidesOrPassesUnknownMembers() {
        String answer =
                text(msg(500, 1, 0, "{hosts: ['a:1', 'mongo1:27017', 'b:1', 7], primary: 'a:1', me: 'b:1', ok: 1.0}"));
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
        String answer = text(
                message(
                        500,
                        1,
                        Wire.OP_MSG,
                        flags(1 << 17),
                        BODY,
                        bson(
                                "{a: {$minKey: 1}, r: /x/mi, d: {$numberDecimal: '1.10'}, u: {$undefined: true}, s: {$symbol: 'q'},"
                                        + " c: {$code: 'f', $scope: {a: 1}}, p: DBPointer('a.b', '65a000000000000000000001'), n:"
                                        + " NaN, b: {$binary: {base64: 'eA==', subType: '80'}},"
                                        + " hosts: ['mongo3:27018'], t: {$timestamp: {t: 1, i: 2}}, hosts2: ['mongo3:27018'],"
                                        + " e: {}, f: [], z: {$maxKey: 1}, dt: {$date: {$numberLong: '5'}}, j: {$code: 'x'}, nn: null}")));
        try (FilterTester tester = FilterTester.of(filter(Map.of("members", Map.of("mongo3:27018", "127.0.0.12:9"))))) {
            tester.client(text(request(1, HELLO)));
            tester.upstream(answer);
            String got = tester.toClient();

            // The address is as long as the name.
            assertThat(got).isEqualTo(answer.replaceFirst("mongo3:27018", "127.0.0.12:9"));
        }
    }

    @Test
    void passesEverythingElseAtOnceAndUntouched() {
        String find = text(
                msg(500, 1, 0, "{cursor: {firstBatch: [], hosts: ['mongo1:27017']}, hosts: ['mongo1:27017'], ok: 1}"));
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
            tester.client(
                    text(request(1, "{ping: 1, $db: 'a'}"), request(2, HELLO), request(3, "{ping: 1, $db: 'a'}")));
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

            assertThat(tester.toClient().equals(answer + text(msg(501, 2, 0, ANSWER))))
                    .isTrue();
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

            assertThat(document(tester.toClient(), 21)
                            .getArray("hosts")
                            .get(0)
                            .asString()
                            .getValue())
                    .isEqualTo("127.0.0.1:21");
        }
    }
}
