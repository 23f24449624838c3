package dev.weir.mongo;

import static dev.weir.mongo.Messages.request;
import static dev.weir.mongo.Messages.sequence;
import static dev.weir.mongo.PackedMessages.document;
import static dev.weir.mongo.PackedMessages.packed;
import static dev.weir.mongo.PackedMessages.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.builtin.AccessFactory;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.FilterTester;
import java.util.List;
import java.util.Map;
import org.bson.BsonDocument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The filter {@code access} on MongoDB's wire: what must not get through, however it is written. */
final class MongoAccessTest {
    private static final Map<String, ?> NO_DROPS = Map.of("action", "deny", "commands", List.of("drop*"));

    private static NetworkFilter access(Map<String, ?> rule) {
        FakeEnvironment environment = new FakeEnvironment();
        environment.add(new MongoProtocol());
        ConfigErrors errors = new ConfigErrors();
        ConfigNode config = ConfigNode.of(Map.of("protocol", "mongo", "rules", List.of(rule)), errors);
        PerLoop<NetworkFilter> configured = new AccessFactory().configure(config, environment);
        errors.throwIfAny("test");
        return configured.onLoop(environment).create(new FakeConnection());
    }

    /** Whether {@code message} passes; if not, nothing of it did, and it was answered or the connection closed. */
    private static boolean passes(Map<String, ?> rule, byte[] message) {
        try (FilterTester tester = FilterTester.of(access(rule))) {
            tester.client(text(message));
            String up = tester.toUpstream();
            if (up.isEmpty()) {
                assertThat(tester.closeReason() == CloseReason.FILTER
                                || !tester.toClient().isEmpty())
                        .isTrue();
            }
            return up.equals(text(message)) && tester.closeReason() == null;
        }
    }

    private static boolean passes(Map<String, ?> rule, String json) {
        return passes(rule, request(1, json));
    }

    @Test
    void answersUnauthorizedAndGoesOn() {
        try (FilterTester tester = FilterTester.of(access(NO_DROPS))) {
            tester.client(text(request(7, "{drop: 'a', $db: 'shop'}"), request(8, "{ping: 1, $db: 'shop'}")));

            assertThat(tester.toUpstream()).isEqualTo(text(request(8, "{ping: 1, $db: 'shop'}")));
            BsonDocument error = document(tester.toClient(), 21);
            assertThat(error.getNumber("ok").intValue()).isZero();
            assertThat(error.getNumber("code").intValue()).isEqualTo(13);
            assertThat(error.getString("codeName").getValue()).isEqualTo("Unauthorized");
            assertThat(error.getString("errmsg").getValue()).isEqualTo("this command is not allowed here");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{drop: 'a', $db: 'shop'}",
                "{Drop: 'a', $db: 'shop'}",
                "{DROPDATABASE: 1, $db: 'shop'}",
                "{dropDatabase: 1, comment: {find: 'a'}, $db: 'shop'}",
                "{drop: {find: 'a'}, $db: 'shop'}",
                "{dropIndexes: 'a', index: '*', $db: 'shop'}",
                "{deleteIndexes: 'a', index: '*', $db: 'shop'}"
            })
    void isNotEvadedByAnotherSpellingOrCompression(String json) {
        assertThat(passes(NO_DROPS, json)).isFalse();
        for (int compressor : new int[] {Wire.NOOP, Wire.SNAPPY, Wire.ZLIB, Wire.ZSTD}) {
            assertThat(passes(NO_DROPS, packed(request(1, json), compressor))).isFalse();
            assertThat(passes(NO_DROPS, packed(request(1, "{find: 'a', $db: 'shop'}"), compressor)))
                    .isTrue();
        }
        String all = text(request(1, json));
        for (int cut = 1; cut < all.length(); cut++) {
            try (FilterTester tester = FilterTester.of(access(NO_DROPS))) {
                tester.client(all.substring(0, cut)).client(all.substring(cut));
                assertThat(tester.toUpstream()).isEmpty();
            }
        }
    }

    @Test
    void aDatabaseThatIsNoTextOrComesTwiceEndsTheConnection() {
        Map<String, ?> rule = Map.of("action", "deny", "namespaces", "secret");
        assertThat(passes(rule, "{find: 'a', $db: 'shop'}")).isTrue();
        assertThat(passes(rule, "{find: 'a', $db: 'secret'}")).isFalse();
        assertThat(passes(rule, "{find: 'a', $db: 'SECRET'}")).isFalse();
        assertThat(passes(rule, "{find: 'a', $db: 5}")).isFalse();
        assertThat(passes(rule, "{find: 'a', $db: null}")).isFalse();
        assertThat(passes(rule, "{find: 'a'}")).isFalse();
    }

    @Test
    void commandsThatNameOtherDatabasesAreInNone() {
        List<Map<String, ?>> rules = List.of(
                Map.of("action", "deny", "namespaces", "secret"), Map.of("action", "allow", "namespaces", "shop"));
        for (Map<String, ?> rule : rules) {
            assertThat(passes(rule, "{aggregate: 'a', pipeline: [{$match: {}}], cursor: {}, $db: 'shop'}"))
                    .isTrue();
            assertThat(passes(
                            rule,
                            "{aggregate: 'a', pipeline: [{$out: {db: 'secret', coll: 'b'}}], cursor: {}, $db: 'shop'}"))
                    .isFalse();
            assertThat(
                            passes(
                                    rule,
                                    "{aggregate: 'a', pipeline: [{$merge: {into: {db: 'secret', coll: 'b'}}}], cursor: {}, $db: 'shop'}"))
                    .isFalse();
            assertThat(passes(rule, "{renameCollection: 'secret.a', to: 'shop.a', $db: 'admin'}"))
                    .isFalse();
            assertThat(passes(
                            rule,
                            "{mapReduce: 'a', map: 'f', reduce: 'f', out: {replace: 'b', db: 'secret'}, $db: 'shop'}"))
                    .isFalse();
            assertThat(passes(rule, "{noSuchCommand: 1, $db: 'shop'}")).isFalse();
            byte[] bulk = Messages.message(
                    1,
                    0,
                    Wire.OP_MSG,
                    Messages.flags(0),
                    new byte[] {0},
                    Messages.bson("{bulkWrite: 1, $db: 'admin'}"),
                    sequence("ops", Messages.bson("{insert: 0, document: {a: 1}}")),
                    sequence("nsInfo", Messages.bson("{ns: 'secret.a'}")));
            assertThat(passes(rule, bulk)).isFalse();
        }
    }

    @Test
    void driversGetToKnowTheServerAndEndTheirTransactionsUnderAnyList() {
        Map<String, ?> rule = Map.of("action", "allow", "namespaces", "shop", "commands", List.of("@read", "@session"));
        for (String json : List.of(
                "{hello: 1, $db: 'admin'}",
                "{isMaster: 1, $db: 'admin'}",
                "{saslStart: 1, mechanism: 'PLAIN', $db: 'admin'}",
                "{saslContinue: 1, $db: 'admin'}",
                "{ping: 1, $db: 'admin'}",
                "{commitTransaction: 1, $db: 'admin'}",
                "{endSessions: [], $db: 'admin'}",
                "{find: 'a', $db: 'shop'}")) {
            assertThat(passes(rule, json)).as(json).isTrue();
        }
        for (String json :
                List.of("{find: 'a', $db: 'admin'}", "{insert: 'a', $db: 'shop'}", "{shutdown: 1, $db: 'admin'}")) {
            assertThat(passes(rule, json)).as(json).isFalse();
        }
    }

    @Test
    void rulesByUserAreRefusedAsTheFilterCannotTellThem() {
        assertThatThrownBy(() -> access(Map.of("action", "deny", "users", "ann")))
                .hasMessageContaining(
                        "rules[0].users: the filter cannot tell the users of mongodb (expected: a rule" + " without)");
    }
}
