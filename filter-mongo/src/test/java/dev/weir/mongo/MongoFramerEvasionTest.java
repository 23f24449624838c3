package dev.weir.mongo;

import static dev.weir.mongo.Messages.bson;
import static dev.weir.mongo.Messages.cstring;
import static dev.weir.mongo.Messages.flags;
import static dev.weir.mongo.Messages.int32;
import static dev.weir.mongo.Messages.message;
import static dev.weir.mongo.Messages.msg;
import static dev.weir.mongo.Messages.request;
import static dev.weir.mongo.Messages.sequence;
import static dev.weir.mongo.PackedMessages.document;
import static dev.weir.mongo.PackedMessages.int32;
import static dev.weir.mongo.PackedMessages.packed;
import static dev.weir.mongo.PackedMessages.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FilterTester;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ways around the gate, and into what is compressed. */
class MongoFramerEvasionTest extends GateBed {
    // ---- ways around it

    @Test
    void isNotFooledByALengthThatLooksLikeTls() {
        int others = request(1, "{drop: 'a', $db: 'd', comment: ''}").length;
        byte[] drop = request(1, "{drop: 'a', $db: 'd', comment: '" + "x".repeat(0x010316 - others) + "'}");
        assertThat(text(drop).substring(0, 3)).isEqualTo("\u0016\u0003\u0001");
        try (FilterTester tester = denying("drop", null)) {
            tester.client(text(drop).substring(0, 5)).client(text(drop).substring(5));

            assertThat(tester.toUpstream()).isEmpty();
            assertThat(int32(tester.toClient(), 8)).isEqualTo(1);
        }
    }

    @Test
    void letsTlsPassOnlyIfItMayPassUnseen() {
        String hello = "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003random bytes of a client";
        CommandGate passing =
                new CommandGate(new MongoProtocol().framer(new FakeConnection(), inflaters), GateBed::denyDrop, true);
        try (FilterTester tester = FilterTester.of(passing)) {
            tester.client(hello.substring(0, 3)).client(hello.substring(3));

            assertThat(tester.toUpstream()).isEqualTo(hello);
        }
        try (FilterTester tester = denying("drop", null)) {
            tester.client(hello);

            assertThat(tester.toUpstream()).isEmpty();
            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
        }
    }

    @Test
    void refusesWhatIsNoMessage() {
        closesAt("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        closesAt(message(1, 0, 1_000, bson("{}")));
        closesAt(message(1, 0, Wire.OP_REPLY, bson("{}")));
        closesAt(
                request(1, "{ping: 1}"),
                "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003random"
                        .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    }

    @Test
    void refusesTwoDatabasesAndTwoPipelines() {
        closesAt(twice("{ping: 1, $db: 'a'}", "{$db: 'admin'}"));
        closesAt(twice("{ping: 1, $db: 'a', x: '" + "x".repeat(100_000) + "'}", "{$db: 'admin'}"));
        closesAt(twice("{aggregate: 'a', pipeline: [], $db: 'a'}", "{pipeline: [{$out: 'b'}]}"));
        closesAt(request(1, "{ping: 1, $db: 5}"));
        closesAt(request(1, "{ping: 1, $db: 'a\\u0000b'}"));
        closesAt(request(1, "{ping: 1, $db: '" + "x".repeat(300) + "'}"));
    }

    /** A request whose document has the fields of both, which no library makes. */
    private static byte[] twice(String first, String second) {
        byte[] one = bson(first);
        byte[] two = bson(second);
        byte[] document = Unpooled.buffer()
                .writeIntLE(one.length + two.length - 5)
                .writeBytes(one, 4, one.length - 5)
                .writeBytes(two, 4, two.length - 4)
                .array();
        return message(
                1, 0, Wire.OP_MSG, flags(0), BODY, java.util.Arrays.copyOf(document, one.length + two.length - 5));
    }

    @Test
    void refusesMessagesOfTwoBodiesOrNone() {
        byte[] ping = bson("{ping: 1, $db: 'a'}");
        closesAt(message(1, 0, Wire.OP_MSG, flags(0), BODY, ping, BODY, bson("{drop: 'a', $db: 'a'}")));
        closesAt(message(1, 0, Wire.OP_MSG, flags(0), sequence("documents", ping)));
        closesAt(message(1, 0, Wire.OP_MSG, flags(0)));
        closesAt(message(1, 0, Wire.OP_MSG, flags(0), BODY, ping, new byte[] {2}, ping));
        closesAt(message(1, 0, Wire.OP_MSG, flags(4), BODY, ping));
        closesAt(message(1, 0, Wire.OP_MSG, flags(0), BODY, ping, new byte[3]));
        closesAt(message(1, 0, Wire.OP_MSG, flags(Wire.CHECKSUM_PRESENT), BODY, ping));
    }

    @Test
    void refusesLengthsThatDoNotAddUp() {
        byte[] good =
                request(1, "{ping: 1, s: 'abc', d: {a: 1}, b: {$binary: {base64: 'eA==', subType: '0'}}, $db: 'a'}");
        for (int at = 21; at < good.length; at++) {
            for (int value : new int[] {0, 1, 0x7f, 0x80, 0xff}) {
                byte[] bad = good.clone();
                bad[at] = (byte) value;
                try (FilterTester tester = denying("drop", null)) {
                    tester.client(text(bad));

                    boolean passed = tester.toUpstream().equals(text(bad));
                    assertThat(passed || tester.closeReason() == CloseReason.FILTER)
                            .as("%s at %s", value, at)
                            .isTrue();
                }
            }
        }
        byte[] longer = good.clone();
        longer[21] = (byte) (longer[21] + 1);
        closesAt(longer);
        byte[] shorter = good.clone();
        shorter[21] = (byte) (shorter[21] - 1);
        closesAt(shorter);
    }

    @Test
    void refusesABodyThatIsNotWhatItsSequencesPromised() {
        byte[] documents = sequence("documents", bson("{x: '" + "x".repeat(70_000) + "'}"));
        byte[] comment = sequence("comment", bson("{x: '" + "x".repeat(70_000) + "'}"));
        closesAt(message(1, 0, Wire.OP_MSG, flags(0), documents, BODY, bson("{dropDatabase: 1, $db: 'd'}")));
        closesAt(message(1, 0, Wire.OP_MSG, flags(0), comment, BODY, bson("{dropDatabase: 1, $db: 'd'}")));
    }

    @Test
    void holdsNoMoreThanItSays() {
        String slow = text(request(1, "{drop: 'a', $db: 'd', comment: '" + "x".repeat(70_000) + "'}"));
        try (FilterTester tester = denying("drop", null)) {
            for (int i = 0; i < 40; i++) {
                tester.client(slow.substring(i, i + 1));
            }
            assertThat(tester.toClient()).isEmpty();

            tester.advance(Duration.ofSeconds(21));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.HOLD_TIMEOUT);
        }
    }

    @Test
    void givesUpOnAClientThatNeverReads() {
        byte[][] pings = new byte[OpenRequests.MOST + 1][];
        for (int i = 0; i < pings.length; i++) {
            pings[i] = request(i, "{ping: 1, $db: 'a'}");
        }
        closesAt(pings);
    }

    @Test
    void endsNoConnectionForAnotherReasonWhateverComes() {
        String requests = text(
                request(1, "{aggregate: 'a', $db: 'd', x: [1, {a: 1}], pipeline: [{$out: 'b'}]}"),
                packed(request(2, "{ping: 1, $db: 'd'}"), Wire.SNAPPY),
                message(
                        3,
                        0,
                        Wire.OP_QUERY,
                        flags(0),
                        cstring("g.$cmd"),
                        int32(0),
                        int32(-1),
                        bson("{$query: {drop: 'c'}}")),
                msg(4, 0, Wire.EXHAUST_ALLOWED, "{getMore: 1, $db: 'd'}"));
        String answers = text(
                msg(500, 1, 0, OK),
                packed(msg(501, 2, 0, OK), Wire.ZLIB),
                packed(msg(502, 4, Wire.MORE_TO_COME, OK), Wire.ZSTD),
                msg(503, 502, 0, OK));
        Random random = new Random(3);
        for (int round = 0; round < 500; round++) {
            byte[] up = PackedMessages.bytes(requests);
            byte[] down = PackedMessages.bytes(answers);
            byte[] hit = round % 3 == 0 ? down : up;
            for (int i = 0; i <= random.nextInt(3); i++) {
                hit[random.nextInt(hit.length)] = (byte) random.nextInt(256);
            }
            try (FilterTester tester = denying("drop", null)) {
                tester.client(text(up));
                tester.upstream(text(down));

                assertThat(tester.closeReason()).isIn(null, CloseReason.FILTER);
            }
        }
        assertThat(inflaters.taken()).isZero();
    }

    // ---- compression

    @ParameterizedTest
    @ValueSource(ints = {Wire.NOOP, Wire.SNAPPY, Wire.ZLIB, Wire.ZSTD})
    void looksIntoCompressedCommands(int compressor) {
        byte[] drop = packed(request(1, "{drop: 'a', $db: 'd'}"), compressor);
        byte[] query = packed(
                message(2, 0, Wire.OP_QUERY, flags(0), cstring("d.$cmd"), int32(0), int32(-1), bson("{drop: 1}")),
                compressor);
        String requests = text(drop, packed(request(3, "{ping: 1, $db: 'd'}"), compressor), query);
        for (int split = 1; split < requests.length(); split++) {
            try (FilterTester tester = denying("drop", null)) {
                tester.client(requests.substring(0, split)).client(requests.substring(split));

                assertThat(tester.toUpstream()).isEqualTo(text(packed(request(3, "{ping: 1, $db: 'd'}"), compressor)));
                String errors = tester.toClient();
                String second = errors.substring(int32(errors, 0));
                assertThat(int32(errors, 8)).isEqualTo(1);
                assertThat(int32(errors, 12)).isEqualTo(Wire.OP_MSG);
                assertThat(int32(second, 8)).isEqualTo(2);
                assertThat(int32(second, 12)).isEqualTo(Wire.OP_REPLY);
            }
        }
        assertThat(inflaters.taken()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {Wire.NOOP, Wire.SNAPPY, Wire.ZLIB, Wire.ZSTD})
    void looksIntoTheBeginOfLongCompressedMessages(int compressor) {
        StringBuilder noise = new StringBuilder();
        Random random = new Random(1);
        while (noise.length() < 1_000_000) {
            // Digits compress to half: a block of zstd is longer on the wire than what may usually be held.
            noise.append(random.nextInt(10));
        }
        byte[] insert = packed(request(1, "{insert: 'a', $db: 'd', documents: [{x: '" + noise + "'}]}"), compressor);
        String all = text(insert);
        StringBuilder passed = new StringBuilder();
        try (FilterTester tester = tester((command, nanos) -> Decision.ALLOW)) {
            for (int at = 0; at < all.length(); at += 10_000) {
                tester.client(all.substring(at, Math.min(all.length(), at + 10_000)));
                assertThat(tester.reading()).isTrue();
                passed.append(tester.toUpstream());
            }
        }

        assertThat(passed.toString()).isEqualTo(all);
        assertThat(seen).containsExactly("insert d");
        assertThat(inflaters.taken()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {Wire.SNAPPY, Wire.ZLIB, Wire.ZSTD})
    void refusesCompressedMessagesThatAreNot(int compressor) {
        byte[] good = packed(request(1, "{drop: 'a', $db: 'd', comment: 'aaaaaaaaaaaaaaaaaaaaaaaa'}"), compressor);
        for (int at = 16; at < good.length; at++) {
            seen.clear();
            byte[] bad = good.clone();
            bad[at] ^= 0x55;
            try (FilterTester tester = denying("drop", null)) {
                tester.client(text(bad));

                boolean refused = !tester.toClient().isEmpty();
                boolean other = seen.toString().contains("_OTHER");
                assertThat(refused || other || tester.closeReason() == CloseReason.FILTER)
                        .as("byte %s", at)
                        .isTrue();
            }
        }
        assertThat(inflaters.taken()).isZero();
    }

    @Test
    void refusesCompressionThatHidesSomething() {
        byte[] ping = request(1, "{ping: 1, $db: 'd'}");
        closesAt(packed(packed(ping, Wire.ZLIB), Wire.ZLIB));
        closesAt(packed(twice("{ping: 1, $db: 'a'}", "{$db: 'admin'}"), Wire.ZLIB));
        closesAt(message(1, 0, Wire.OP_COMPRESSED, int32(Wire.OP_MSG), int32(5), new byte[] {9}, new byte[5]));
        closesAt(message(1, 0, Wire.OP_COMPRESSED, int32(Wire.OP_MSG), int32(5)));
        closesAt(message(1, 0, Wire.OP_COMPRESSED, int32(Wire.OP_MSG), int32(-1), new byte[] {2}, new byte[5]));
        closesAt(message(1, 0, Wire.OP_COMPRESSED, int32(Wire.OP_REPLY), int32(5), new byte[] {0}, new byte[5]));
        byte[] padded = packed(ping, Wire.ZLIB);
        closesAt(message(
                1, 0, Wire.OP_COMPRESSED, java.util.Arrays.copyOfRange(padded, 16, padded.length), new byte[9]));
    }

    @Test
    void doesNotPassWhatItHasNoInflaterFor() {
        CommandGate gate = new CommandGate(
                new MongoProtocol().framer(new FakeConnection(), new Inflaters(0)), GateBed::denyDrop, false);
        try (FilterTester tester = FilterTester.of(gate)) {
            tester.client(text(packed(request(1, "{drop: 'a', $db: 'd'}"), Wire.ZLIB)));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
            assertThat(tester.toUpstream()).isEmpty();
        }
    }

    @Test
    void seesTheSameInPiecesOfAnySize() {
        byte[][] messages = {
            request(
                    1,
                    "{aggregate: 'a', $db: 'd', x: [1, /r/i, {a: 1}], pipeline: [{$match: {}}, {$out: 'b'}], n: null}"),
            message(
                    2,
                    0,
                    Wire.OP_MSG,
                    flags(1),
                    sequence("updates", bson("{}")),
                    BODY,
                    bson("{update: 'a', $db: 'e'}"),
                    int32(0)),
            packed(request(3, "{count: 'a', $db: 'f'}"), Wire.ZSTD),
            message(
                    4,
                    0,
                    Wire.OP_QUERY,
                    flags(0),
                    cstring("g.$cmd"),
                    int32(0),
                    int32(-1),
                    bson("{$query: {drop: 'c'}, x: 1}")),
            request(5, "{insert: 'a', documents: [{x: '" + "x".repeat(70_000) + "'}], $db: 'h'}"),
            packed(request(6, "{insert: 'a', $db: 'h', documents: [{x: '" + "x".repeat(70_000) + "'}]}"), Wire.SNAPPY),
            message(7, 0, Wire.OP_DELETE, flags(0), cstring("i.b"), flags(0), bson("{}")),
        };
        List<String> whole = List.copyOf(commands(messages));
        String all = text(messages);
        Random random = new Random(5);
        for (int round = 0; round < 30; round++) {
            seen.clear();
            StringBuilder passed = new StringBuilder();
            try (FilterTester tester = tester((command, nanos) -> Decision.ALLOW)) {
                for (int at = 0; at < all.length(); ) {
                    int end = Math.min(all.length(), at + 1 + random.nextInt(round < 10 ? 40 : 10_000));
                    tester.client(all.substring(at, end));
                    passed.append(tester.toUpstream());
                    at = end;
                }
            }

            assertThat(seen).isEqualTo(whole);
            assertThat(passed.toString().equals(all)).isTrue();
        }
        assertThat(whole)
                .containsExactly(
                        "aggregate null", "update e", "count f reads", "drop g", "insert null", "insert h", "delete i");
    }
}
