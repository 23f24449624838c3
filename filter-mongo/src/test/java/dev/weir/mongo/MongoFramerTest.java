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
import dev.weir.core.filter.NetworkFilter.Boundary;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FilterTester;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bson.BsonDocument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the gate does with messages that the bson library has made. */
class MongoFramerTest {
    private static final byte[] BODY = {0};
    private static final String OK = "{ok: 1.0}";

    private final Inflaters inflaters = new Inflaters();
    private final List<String> seen = new ArrayList<>();

    private CommandGate gate(CommandPolicy policy) {
        CommandPolicy recording = (command, nanos) -> {
            seen.add(command.name() + " " + command.namespace() + (command.readOnly() ? " reads" : ""));
            return policy.decide(command, nanos);
        };
        return new CommandGate(new MongoProtocol().framer(new FakeConnection(), inflaters), recording, false);
    }

    private FilterTester tester(CommandPolicy policy) {
        return FilterTester.of(gate(policy));
    }

    private FilterTester denying(String name, String code) {
        return tester(
                (command, nanos) -> command.name().equals(name) ? new Decision.Deny(code, "not here") : Decision.ALLOW);
    }

    private static Decision denyDrop(Command command, long nanos) {
        return command.name().equals("drop") ? new Decision.Deny(null, "no") : Decision.ALLOW;
    }

    private static String answer(int id, int to) {
        return text(msg(id, to, 0, OK));
    }

    private List<String> commands(byte[]... messages) {
        try (FilterTester tester = tester((command, nanos) -> Decision.ALLOW)) {
            for (byte[] message : messages) {
                tester.client(text(message));
            }

            assertThat(tester.closeReason()).isNull();
            assertThat(tester.toUpstream()).isEqualTo(text(messages));
        }
        return seen;
    }

    private void closesAt(byte[]... messages) {
        try (FilterTester tester = tester((command, nanos) -> Decision.ALLOW)) {
            String all = text(messages);
            tester.client(all);

            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
            assertThat(tester.toUpstream()).hasSizeLessThan(all.length());
        }
    }

    // ---- errors

    @Test
    void answersARefusedCommandWhereverTheBytesAreSplit() {
        String requests = text(
                request(1, "{find: 'a', $db: 'd'}"),
                request(2, "{drop: 'a', $db: 'd'}"),
                request(3, "{ping: 1, $db: 'admin'}"));
        String upstream = text(request(1, "{find: 'a', $db: 'd'}"), request(3, "{ping: 1, $db: 'admin'}"));
        for (int split = 1; split < requests.length(); split++) {
            try (FilterTester tester = tester(MongoFramerTest::denyDrop)) {
                tester.client(requests.substring(0, split)).client(requests.substring(split));
                String refused = tester.toClient();
                tester.upstream(answer(70, 1));
                tester.upstream(answer(71, 3));

                assertThat(tester.toUpstream()).as("split at %s", split).isEqualTo(upstream);
                assertThat(int32(refused, 8)).isEqualTo(2);
                assertThat(tester.toClient()).isEqualTo(answer(70, 1) + answer(71, 3));
            }
        }
    }

    @Test
    void letsAnswersThroughWhereverTheyAreSplit() {
        String answers = answer(70, 1) + answer(71, 2);
        for (int split = 1; split < answers.length(); split++) {
            try (FilterTester tester = tester(MongoFramerTest::denyDrop)) {
                tester.client(text(request(1, "{ping: 1, $db: 'a'}"), request(2, "{ping: 1, $db: 'a'}")));
                tester.upstream(answers.substring(0, split));
                tester.client(text(request(3, "{drop: 'c', $db: 'a'}")));
                tester.upstream(answers.substring(split));
                String got = tester.toClient();

                // The refusal goes to where a message ends.
                assertThat(got).hasSizeGreaterThan(answers.length());
                int at = split < answer(70, 1).length() + 16 && split >= answer(70, 1).length()
                        ? answer(70, 1).length()
                        : split < answer(70, 1).length() ? split < 16 ? 0 : answer(70, 1).length() : answers.length();
                String refused = got.substring(at, at + int32(got, at));
                assertThat(int32(refused, 8)).isEqualTo(3);
                assertThat(got.substring(0, at) + got.substring(at + refused.length()))
                        .as("split at %s", split)
                        .isEqualTo(answers);
            }
        }
    }

    @Test
    void makesErrorsAsTheServerDoes() {
        try (FilterTester tester = denying("drop", null)) {
            tester.client(text(request(77, "{drop: 'a', $db: 'd'}")));

            String error = tester.toClient();
            assertThat(int32(error, 0)).isEqualTo(error.length());
            assertThat(int32(error, 8)).isEqualTo(77);
            assertThat(int32(error, 12)).isEqualTo(Wire.OP_MSG);
            assertThat(int32(error, 16)).isZero();
            assertThat(error.charAt(20)).isEqualTo('\0');
            assertThat(document(error, 21))
                    .isEqualTo(BsonDocument.parse(
                            "{ok: 0.0, errmsg: 'not here', code: 13, codeName: 'Unauthorized'}"));
        }
    }

    @Test
    void takesCodesAsNumbersAndAsNames() {
        assertThat(errorOf("13436")).isEqualTo("13436 NotPrimaryOrSecondary");
        assertThat(errorOf("MaxTimeMSExpired")).isEqualTo("50 MaxTimeMSExpired");
        assertThat(errorOf("8000")).isEqualTo("8000 AtlasError");
        assertThat(errorOf("51234")).isEqualTo("51234 Location51234");
        assertThat(errorOf("Own")).isEqualTo("8 Own");
        assertThat(errorOf("462"))
                .isEqualTo("462 IngressRequestRateLimitExceeded [\"SystemOverloadedError\", \"RetryableError\"]");
    }

    private String errorOf(String code) {
        try (FilterTester tester = denying("drop", code)) {
            tester.client(text(request(1, "{drop: 'a', $db: 'd'}")));
            BsonDocument error = document(tester.toClient(), 21);
            String labels = error.containsKey("errorLabels")
                    ? " "
                            + error.getArray("errorLabels").getValues().stream()
                                    .map(v -> "\"" + v.asString().getValue() + "\"")
                                    .toList()
                    : "";
            return error.getInt32("code").getValue() + " "
                    + error.getString("codeName").getValue() + labels;
        }
    }

    @Test
    void answersLegacyQueriesInTheirOwnKind() {
        byte[] command = message(
                5, 0, Wire.OP_QUERY, flags(4), cstring("d.$cmd"), int32(0), int32(-1), bson("{drop: 'a'}"));
        byte[] query = message(6, 0, Wire.OP_QUERY, flags(0), cstring("d.a"), int32(0), int32(0), bson("{}"));
        byte[] more = message(7, 0, Wire.OP_GET_MORE, int32(0), cstring("d.a"), int32(0), int32(9), int32(0));
        try (FilterTester tester = tester((c, nanos) -> new Decision.Deny("13", "no"))) {
            tester.client(text(command));
            String error = tester.toClient();
            assertThat(int32(error, 0)).isEqualTo(error.length());
            assertThat(int32(error, 8)).isEqualTo(5);
            assertThat(int32(error, 12)).isEqualTo(Wire.OP_REPLY);
            assertThat(int32(error, 16) & Wire.REPLY_QUERY_FAILURE).isZero();
            assertThat(int32(error, 32)).isEqualTo(1);
            assertThat(document(error, 36))
                    .isEqualTo(BsonDocument.parse("{ok: 0.0, errmsg: 'no', code: 13, codeName: 'Unauthorized'}"));
            for (byte[] read : List.of(query, more)) {
                tester.client(text(read));

                error = tester.toClient();
                assertThat(int32(error, 12)).isEqualTo(Wire.OP_REPLY);
                assertThat(int32(error, 16) & Wire.REPLY_QUERY_FAILURE).isNotZero();
                assertThat(int32(error, 32)).isEqualTo(1);
                assertThat(document(error, 36)).isEqualTo(BsonDocument.parse("{$err: 'no', code: 13}"));
            }
            assertThat(tester.toUpstream()).isEmpty();
        }
    }

    @Test
    void answersTheCommandsOfOldClusters() {
        byte[] command =
                message(5, 0, Wire.OP_COMMAND, cstring("d"), cstring("drop"), bson("{drop: 'a'}"), bson("{}"));
        try (FilterTester tester = denying("drop", "13")) {
            tester.client(text(command));

            String error = tester.toClient();
            assertThat(int32(error, 0)).isEqualTo(error.length());
            assertThat(int32(error, 12)).isEqualTo(Wire.OP_COMMANDREPLY);
            BsonDocument reply = document(error, 16);
            assertThat(reply.getInt32("code").getValue()).isEqualTo(13);
            assertThat(document(error, 16 + int32(error, 16))).isEmpty();
        }
    }

    @Test
    void refusesInSilenceWhatGetsNoAnswer() {
        try (FilterTester tester = tester((command, nanos) -> new Decision.Deny(null, "no"))) {
            tester.client(text(
                    msg(1, 0, Wire.MORE_TO_COME, "{insert: 'a', documents: [], $db: 'd'}"),
                    message(2, 0, Wire.OP_INSERT, flags(0), cstring("d.a"), bson("{}")),
                    message(3, 0, Wire.OP_UPDATE, flags(0), cstring("d.a"), flags(0), bson("{}"), bson("{}")),
                    message(4, 0, Wire.OP_DELETE, flags(0), cstring("d.a"), flags(0), bson("{}")),
                    message(5, 0, Wire.OP_KILL_CURSORS, flags(0), int32(1), int32(7), int32(0)),
                    packed(msg(6, 0, Wire.MORE_TO_COME, "{delete: 'a', deletes: [], $db: 'd'}"), Wire.ZLIB)));

            assertThat(tester.toClient()).isEmpty();
            assertThat(tester.toUpstream()).isEmpty();
            assertThat(tester.closeReason()).isNull();
            assertThat(seen).hasSize(6);
        }
    }

    @Test
    void waitsForNoAnswerToAnUnacknowledgedWrite() {
        try (FilterTester tester = denying("drop", null)) {
            tester.client(text(
                    msg(1, 0, Wire.MORE_TO_COME, "{insert: 'a', documents: [], $db: 'd'}"),
                    request(2, "{drop: 'a', $db: 'd'}")));

            assertThat(int32(tester.toClient(), 8)).isEqualTo(2);
        }
    }

    // ---- what policies are told

    @Test
    void knowsCommandsAndDatabases() {
        assertThat(commands(
                        request(1, "{find: 'a', filter: {x: /a/i, y: [1, {z: 2}]}, $db: 'shop'}"),
                        request(2, "{ismaster: 1, $db: 'admin'}"),
                        request(3, "{findandmodify: 'a', $db: 'shop'}"),
                        request(4, "{FINDANDMODIFY: 'a', $db: 'shop'}"),
                        request(5, "{deleteIndexes: 'a', $db: 'shop'}"),
                        request(6, "{ownCommand: 1, $db: 'shop'}"),
                        request(7, "{}"),
                        request(8, "{ping: 1}"),
                        request(9, "{saslStart: 1, mechanism: 'PLAIN', payload: {$binary: {base64: 'eA==', subType: '0'}}, $db: 'a'}")))
                .containsExactly(
                        "find shop reads",
                        "isMaster admin reads",
                        "findAndModify shop",
                        "findAndModify shop",
                        "dropIndexes shop",
                        "_OTHER shop",
                        "_OTHER null",
                        "ping null reads",
                        "saslStart a reads");
    }

    @Test
    void knowsLegacyOpcodes() {
        assertThat(commands(
                        message(1, 0, Wire.OP_QUERY, flags(0), cstring("a.b.c"), int32(0), int32(0), bson("{x: 1}"), bson("{y: 1}")),
                        message(2, 0, Wire.OP_QUERY, flags(0), cstring("a.$cmd"), int32(0), int32(-1), bson("{isMaster: 1}")),
                        message(3, 0, Wire.OP_QUERY, flags(0), cstring("a.$cmd"), int32(0), int32(-1), bson("{$query: {drop: 'c'}, $readPreference: {mode: 'x'}}")),
                        message(4, 0, Wire.OP_QUERY, flags(0), cstring("a.$cmd"), int32(0), int32(-1), bson("{query: {drop: 'c'}}")),
                        message(5, 0, Wire.OP_QUERY, flags(0), cstring("admin.$cmd.sys.killop"), int32(0), int32(-1), bson("{op: 1}")),
                        message(6, 0, Wire.OP_INSERT, flags(0), cstring("a.b"), bson("{}"), bson("{}")),
                        message(7, 0, Wire.OP_UPDATE, flags(0), cstring("a.b"), flags(0), bson("{}"), bson("{}")),
                        message(8, 0, Wire.OP_DELETE, flags(0), cstring("a.b"), flags(0), bson("{}")),
                        message(9, 0, Wire.OP_GET_MORE, flags(0), cstring("a.b"), int32(0), int32(7), int32(0)),
                        message(10, 0, Wire.OP_KILL_CURSORS, flags(0), int32(1), int32(7), int32(0)),
                        message(11, 0, Wire.OP_COMMAND, cstring("a"), cstring("drop"), bson("{drop: 'c'}"), bson("{}"))))
                .containsExactly(
                        "find a reads",
                        "isMaster a reads",
                        "drop a",
                        "drop a",
                        "killOp admin",
                        "insert a",
                        "update a",
                        "delete a",
                        "getMore a reads",
                        "killCursors null reads",
                        "drop a");
    }

    @Test
    void findsTheCommandInAnySection() {
        byte[] documents = sequence("documents", bson("{_id: 1, $db: 'fake'}"), bson("{drop: 1}"));
        byte[] context = bson("{otel: {traceparent: 'x'}}");

        assertThat(commands(
                        message(1, 0, Wire.OP_MSG, flags(0), documents, BODY, bson("{insert: 'a', $db: 'd'}")),
                        message(2, 0, Wire.OP_MSG, flags(0), BODY, bson("{insert: 'a', $db: 'd'}"), documents),
                        message(3, 0, Wire.OP_MSG, flags(0), new byte[] {3}, context, BODY, bson("{ping: 1, $db: 'd'}")),
                        message(4, 0, Wire.OP_MSG, flags(Wire.CHECKSUM_PRESENT), BODY, bson("{ping: 1, $db: 'd'}"), int32(5))))
                .containsExactly("insert d", "insert d", "ping d reads", "ping d reads");
    }

    @Test
    void tellsPipelinesThatWrite() {
        assertThat(commands(
                        request(1, "{aggregate: 'a', pipeline: [{$match: {$out: 1}}, {$facet: {x: [{$limit: 1}]}}], $db: 'd'}"),
                        request(2, "{aggregate: 'a', pipeline: [{$match: {}}, {$out: 'b'}], $db: 'd'}"),
                        request(3, "{aggregate: 'a', $db: 'd', pipeline: [{$merge: {into: 'b'}}]}"),
                        request(4, "{aggregate: 'a', $db: 'd'}"),
                        request(5, "{find: 'a', $db: 'd', pipeline: [{$out: 'b'}]}")))
                .containsExactly("aggregate d reads", "aggregate d", "aggregate d", "aggregate d", "find d reads");
    }

    @Test
    void decidesByTheFirst64KiBOfLongMessages() {
        String filler = "x".repeat(70_000);
        assertThat(commands(
                        request(1, "{find: 'a', comment: '" + filler.substring(0, 60_000) + "', $db: 'd'}"),
                        request(2, "{find: 'a', comment: '" + filler + "', $db: 'd'}"),
                        request(3, "{find: 'a', $db: 'd', comment: '" + filler + "'}"),
                        request(4, "{aggregate: 'a', $db: 'd', comment: '" + filler + "', pipeline: []}")))
                .containsExactly("find d reads", "find null reads", "find d reads", "aggregate d");
    }

    @Test
    void takesLongSequencesInFrontOfTheirCommandForWhatTheyAre() {
        byte[] documents = sequence("documents", bson("{x: '" + "x".repeat(70_000) + "'}"));
        byte[] insert = message(1, 0, Wire.OP_MSG, flags(0), documents, BODY, bson("{insert: 'a', $db: 'd'}"));

        assertThat(commands(insert)).containsExactly("insert null");
    }

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
    void letsTlsPass() {
        String hello = "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003random bytes of a client";
        try (FilterTester tester = denying("drop", null)) {
            tester.client(hello.substring(0, 3)).client(hello.substring(3));

            assertThat(tester.toUpstream()).isEqualTo(hello);
        }
    }

    @Test
    void refusesWhatIsNoMessage() {
        closesAt("GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        closesAt(message(1, 0, 1_000, bson("{}")));
        closesAt(message(1, 0, Wire.OP_REPLY, bson("{}")));
        closesAt(request(1, "{ping: 1}"), "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003random"
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
        return message(1, 0, Wire.OP_MSG, flags(0), BODY, java.util.Arrays.copyOf(document, one.length + two.length - 5));
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
        byte[] good = request(1, "{ping: 1, s: 'abc', d: {a: 1}, b: {$binary: {base64: 'eA==', subType: '0'}}, $db: 'a'}");
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
        longer[21] += 1;
        closesAt(longer);
        byte[] shorter = good.clone();
        shorter[21] -= 1;
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
        closesAt(message(1, 0, Wire.OP_COMPRESSED, java.util.Arrays.copyOfRange(padded, 16, padded.length), new byte[9]));
    }

    @Test
    void doesNotPassWhatItHasNoInflaterFor() {
        CommandGate gate = new CommandGate(
                new MongoProtocol().framer(new FakeConnection(), new Inflaters(0)), MongoFramerTest::denyDrop, false);
        try (FilterTester tester = FilterTester.of(gate)) {
            tester.client(text(packed(request(1, "{drop: 'a', $db: 'd'}"), Wire.ZLIB)));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
            assertThat(tester.toUpstream()).isEmpty();
        }
    }

    @Test
    void seesTheSameInPiecesOfAnySize() {
        byte[][] messages = {
            request(1, "{aggregate: 'a', $db: 'd', x: [1, /r/i, {a: 1}], pipeline: [{$match: {}}, {$out: 'b'}], n: null}"),
            message(2, 0, Wire.OP_MSG, flags(1), sequence("updates", bson("{}")), BODY, bson("{update: 'a', $db: 'e'}"), int32(0)),
            packed(request(3, "{count: 'a', $db: 'f'}"), Wire.ZSTD),
            message(4, 0, Wire.OP_QUERY, flags(0), cstring("g.$cmd"), int32(0), int32(-1), bson("{$query: {drop: 'c'}, x: 1}")),
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
        assertThat(whole).containsExactly("aggregate d", "update e", "count f reads", "drop g", "insert null", "insert h", "delete i");
    }

    // ---- streams of answers, and answers in another order

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void putsNothingIntoAStreamOfAnswers(boolean chained) {
        byte[] more = msg(1, 0, Wire.EXHAUST_ALLOWED, "{getMore: {$numberLong: '7'}, collection: 'a', $db: 'd'}");
        String first = text(msg(500, 1, Wire.MORE_TO_COME, OK));
        String second = text(packed(msg(501, chained ? 500 : 1, Wire.MORE_TO_COME, OK), Wire.SNAPPY));
        String last = text(msg(502, chained ? 501 : 1, 0, OK));
        try (FilterTester tester = denying("drop", null)) {
            tester.client(text(more) + text(request(2, "{drop: 'a', $db: 'd'}")));
            tester.upstream(first);
            assertThat(tester.toClient()).isEqualTo(first);

            for (int i = 0; i < second.length(); i++) {
                tester.upstream(second.substring(i, i + 1));
            }
            tester.client(text(request(3, "{drop: 'b', $db: 'd'}")));
            assertThat(tester.toClient()).isEqualTo(second);

            tester.upstream(last);

            String end = tester.toClient();
            assertThat(end).startsWith(last);
            assertThat(int32(end, last.length() + 8)).isEqualTo(2);
            int next = last.length() + int32(end, last.length());
            assertThat(int32(end, next + 8)).isEqualTo(3);
        }
    }

    @Test
    void putsNothingIntoALegacyStream() {
        byte[] query = message(
                1, 0, Wire.OP_QUERY, flags(Wire.QUERY_EXHAUST), cstring("d.a"), int32(0), int32(0), bson("{}"));
        String first = text(reply(500, 1, 7));
        String last = text(reply(501, 500, 0));
        try (FilterTester tester = denying("drop", null)) {
            tester.client(text(query));
            tester.upstream(first);
            tester.client(text(request(2, "{drop: 'a', $db: 'd'}")));
            assertThat(tester.toClient()).isEqualTo(first);

            tester.upstream(last);

            assertThat(int32(tester.toClient(), last.length() + 8)).isEqualTo(2);
        }
    }

    private static byte[] reply(int id, int to, int cursor) {
        return message(id, to, Wire.OP_REPLY, flags(8), int32(cursor), int32(0), int32(0), int32(1), bson("{a: 1}"));
    }

    @Test
    void findsTheRequestOfAnAnswerByItsNumber() {
        CommandPolicy policy = (command, nanos) -> switch (command.name()) {
            case "count" -> new Decision.Rewrite(answer -> ByteBufUtil.writeAscii(answer.alloc(), "new"));
            case "drop" -> new Decision.Deny(null, "no");
            default -> Decision.ALLOW;
        };
        try (FilterTester tester = tester(policy)) {
            tester.client(text(
                    request(1, "{find: 'a', $db: 'd'}"),
                    request(2, "{count: 'a', $db: 'd'}"),
                    request(3, "{ping: 1, $db: 'd'}"),
                    request(4, "{drop: 'a', $db: 'd'}")));
            assertThat(int32(tester.toClient(), 8)).isEqualTo(4);

            tester.upstream(answer(70, 3) + answer(71, 99) + answer(72, 1) + answer(73, 2));

            assertThat(tester.toClient()).isEqualTo(answer(70, 3) + answer(71, 99) + answer(72, 1) + "new");
        }
    }

    @Test
    void delaysACommand() {
        CommandPolicy policy = (command, nanos) -> "slow".equals(command.namespace())
                ? new Decision.Delay(Duration.ofMillis(100))
                : Decision.ALLOW;
        String slow = text(request(2, "{find: 'a', $db: 'slow'}"));
        try (FilterTester tester = tester(policy)) {
            tester.client(text(request(1, "{find: 'a', $db: 'd'}")) + slow);
            assertThat(tester.toUpstream()).isEqualTo(text(request(1, "{find: 'a', $db: 'd'}")));

            tester.advance(Duration.ofMillis(100));

            assertThat(tester.toUpstream()).isEqualTo(slow);
        }
    }

    @Test
    void drainsBetweenTheAnswersOfHellosButNotOfCursors() {
        CommandGate monitor = gate(MongoFramerTest::denyDrop);
        CommandGate cursor = gate(MongoFramerTest::denyDrop);
        try (FilterTester one = FilterTester.of(monitor);
                FilterTester other = FilterTester.of(cursor)) {
            one.client(text(msg(1, 0, Wire.EXHAUST_ALLOWED, "{hello: 1, $db: 'admin'}")));
            other.client(text(msg(1, 0, Wire.EXHAUST_ALLOWED, "{getMore: 1, $db: 'admin'}")));
            assertThat(monitor.boundary()).isEqualTo(Boundary.BUSY);

            one.upstream(text(msg(500, 1, Wire.MORE_TO_COME, OK)));
            other.upstream(text(msg(500, 1, Wire.MORE_TO_COME, OK)));

            assertThat(monitor.boundary()).isEqualTo(Boundary.IDLE);
            assertThat(cursor.boundary()).isEqualTo(Boundary.BUSY);
            other.upstream(text(msg(501, 500, 0, OK)));
            assertThat(cursor.boundary()).isEqualTo(Boundary.IDLE);
        }
    }

    @Test
    void closesWhenAnswersCannotBeCut() {
        for (byte[] bad : List.of(message(1, 1, Wire.OP_INSERT, bson("{}")), new byte[] {1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0})) {
            try (FilterTester tester = denying("drop", null)) {
                tester.client(text(request(1, "{ping: 1, $db: 'd'}")));
                tester.upstream(text(bad));

                assertThat(tester.closeReason()).isEqualTo(CloseReason.FILTER);
            }
        }
    }
}
