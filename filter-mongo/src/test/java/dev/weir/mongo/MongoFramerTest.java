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

import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.protocol.CommandFramer;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.bson.BsonDocument;
import org.junit.jupiter.api.Test;

/** What the gate tells policies of messages that the bson library has made, and how it refuses them. */
class MongoFramerTest extends GateBed {
    // ---- users

    /** As a client may ask for one user's mechanisms, which names it, and log in as another one. */
    @Test
    void tellsPoliciesNoUserThatTheClientOnlyNamed() {
        FakeConnection connection = new FakeConnection();
        connection.set(ConnectionAttribute.USER, "root");
        CommandFramer framer = new MongoProtocol().framer(connection, new FakeEnvironment().inflaters());

        framer.request(Unpooled.wrappedBuffer(request(1, "{ping: 1, $db: 'admin'}")));

        assertThat(framer.command().name()).isEqualTo("ping");
        assertThat(framer.command().user()).isNull();
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
            try (FilterTester tester = tester(GateBed::denyDrop)) {
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
            try (FilterTester tester = tester(GateBed::denyDrop)) {
                tester.client(text(request(1, "{ping: 1, $db: 'a'}"), request(2, "{ping: 1, $db: 'a'}")));
                tester.upstream(answers.substring(0, split));
                tester.client(text(request(3, "{drop: 'c', $db: 'a'}")));
                tester.upstream(answers.substring(split));
                String got = tester.toClient();

                // The refusal goes to where a message ends.
                assertThat(got).hasSizeGreaterThan(answers.length());
                int at = split < answer(70, 1).length() + 16
                                && split >= answer(70, 1).length()
                        ? answer(70, 1).length()
                        : split < answer(70, 1).length()
                                ? split < 16 ? 0 : answer(70, 1).length()
                                : answers.length();
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
                    .isEqualTo(BsonDocument.parse("{ok: 0.0, errmsg: 'not here', code: 13, codeName: 'Unauthorized'}"));
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
        byte[] command =
                message(5, 0, Wire.OP_QUERY, flags(4), cstring("d.$cmd"), int32(0), int32(-1), bson("{drop: 'a'}"));
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
        byte[] command = message(5, 0, Wire.OP_COMMAND, cstring("d"), cstring("drop"), bson("{drop: 'a'}"), bson("{}"));
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
        assertThat(
                        commands(
                                request(1, "{find: 'a', filter: {x: /a/i, y: [1, {z: 2}]}, $db: 'shop'}"),
                                request(2, "{ismaster: 1, $db: 'admin'}"),
                                request(3, "{findandmodify: 'a', $db: 'shop'}"),
                                request(4, "{FINDANDMODIFY: 'a', $db: 'shop'}"),
                                request(5, "{deleteIndexes: 'a', $db: 'shop'}"),
                                request(6, "{ownCommand: 1, $db: 'shop'}"),
                                request(7, "{}"),
                                request(8, "{ping: 1}"),
                                request(
                                        9,
                                        "{saslStart: 1, mechanism: 'PLAIN', payload: {$binary: {base64: 'eA==', subType: '0'}}, $db: 'a'}")))
                .containsExactly(
                        "find shop reads",
                        "isMaster admin reads",
                        "findAndModify shop",
                        "findAndModify shop",
                        "dropIndexes shop",
                        "_OTHER null",
                        "_OTHER null",
                        "ping null reads",
                        "saslStart a reads");
    }

    @Test
    void knowsLegacyOpcodes() {
        assertThat(commands(
                        message(
                                1,
                                0,
                                Wire.OP_QUERY,
                                flags(0),
                                cstring("a.b.c"),
                                int32(0),
                                int32(0),
                                bson("{x: 1}"),
                                bson("{y: 1}")),
                        message(
                                2,
                                0,
                                Wire.OP_QUERY,
                                flags(0),
                                cstring("a.$cmd"),
                                int32(0),
                                int32(-1),
                                bson("{isMaster: 1}")),
                        message(
                                3,
                                0,
                                Wire.OP_QUERY,
                                flags(0),
                                cstring("a.$cmd"),
                                int32(0),
                                int32(-1),
                                bson("{$query: {drop: 'c'}, $readPreference: {mode: 'x'}}")),
                        message(
                                4,
                                0,
                                Wire.OP_QUERY,
                                flags(0),
                                cstring("a.$cmd"),
                                int32(0),
                                int32(-1),
                                bson("{query: {drop: 'c'}}")),
                        message(
                                5,
                                0,
                                Wire.OP_QUERY,
                                flags(0),
                                cstring("admin.$cmd.sys.killop"),
                                int32(0),
                                int32(-1),
                                bson("{op: 1}")),
                        message(6, 0, Wire.OP_INSERT, flags(0), cstring("a.b"), bson("{}"), bson("{}")),
                        message(7, 0, Wire.OP_UPDATE, flags(0), cstring("a.b"), flags(0), bson("{}"), bson("{}")),
                        message(8, 0, Wire.OP_DELETE, flags(0), cstring("a.b"), flags(0), bson("{}")),
                        message(9, 0, Wire.OP_GET_MORE, flags(0), cstring("a.b"), int32(0), int32(7), int32(0)),
                        message(10, 0, Wire.OP_KILL_CURSORS, flags(0), int32(1), int32(7), int32(0)),
                        message(
                                11,
                                0,
                                Wire.OP_COMMAND,
                                cstring("a"),
                                cstring("drop"),
                                bson("{drop: 'c'}"),
                                bson("{}"))))
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
                        message(
                                3,
                                0,
                                Wire.OP_MSG,
                                flags(0),
                                new byte[] {3},
                                context,
                                BODY,
                                bson("{ping: 1, $db: 'd'}")),
                        message(
                                4,
                                0,
                                Wire.OP_MSG,
                                flags(Wire.CHECKSUM_PRESENT),
                                BODY,
                                bson("{ping: 1, $db: 'd'}"),
                                int32(5))))
                .containsExactly("insert d", "insert d", "ping d reads", "ping d reads");
    }

    @Test
    void tellsPipelinesThatWrite() {
        assertThat(commands(
                        request(
                                1,
                                "{aggregate: 'a', pipeline: [{$match: {$out: 1}}, {$facet: {x: [{$limit: 1}]}}], $db: 'd'}"),
                        request(2, "{aggregate: 'a', pipeline: [{$match: {}}, {$out: 'b'}], $db: 'd'}"),
                        request(3, "{aggregate: 'a', $db: 'd', pipeline: [{$merge: {into: 'b'}}]}"),
                        request(4, "{aggregate: 'a', $db: 'd'}"),
                        request(5, "{find: 'a', $db: 'd', pipeline: [{$out: 'b'}]}")))
                .containsExactly(
                        "aggregate d reads", "aggregate null", "aggregate null", "aggregate null", "find d reads");
    }

    @Test
    void decidesByTheFirst64KiBOfLongMessages() {
        String filler = "x".repeat(70_000);
        assertThat(commands(
                        request(1, "{find: 'a', comment: '" + filler.substring(0, 60_000) + "', $db: 'd'}"),
                        request(2, "{find: 'a', comment: '" + filler + "', $db: 'd'}"),
                        request(3, "{find: 'a', $db: 'd', comment: '" + filler + "'}"),
                        request(4, "{aggregate: 'a', $db: 'd', comment: '" + filler + "', pipeline: []}")))
                .containsExactly("find d reads", "find null reads", "find d reads", "aggregate null");
    }

    @Test
    void takesLongSequencesInFrontOfTheirCommandForWhatTheyAre() {
        byte[] documents = sequence("documents", bson("{x: '" + "x".repeat(70_000) + "'}"));
        byte[] insert = message(1, 0, Wire.OP_MSG, flags(0), documents, BODY, bson("{insert: 'a', $db: 'd'}"));

        assertThat(commands(insert)).containsExactly("insert null");
    }
}
