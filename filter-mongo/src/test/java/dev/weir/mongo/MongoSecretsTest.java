package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeLines;
import dev.weir.core.filter.Direction;
import dev.weir.core.sql.DigestRow;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.sql.SqlStatement;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bson.BsonDocument;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What nobody is to see; each is {@code geheim} here, {@code Z2VoZWlt} in base64. */
final class MongoSecretsTest {
    private static final String PAYLOAD = "{$binary: {base64: 'Z2VoZWlt', subType: '00'}}";
    private static final Map<String, ?> ALL_SHOWN = Map.of("statements", true, "error_messages", true);

    private final FakeEnvironment environment = new FakeEnvironment();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger("dev.weir");

    @BeforeEach
    void listen() {
        logger.setLevel(Level.TRACE);
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void listenNoMore() {
        logger.detachAppender(log);
        logger.setLevel(null);
    }

    private SnifferTester tester(Map<String, ?> config) {
        return new SnifferTester(environment.sniffers(new MongoProtocol(), config));
    }

    private static void say(SnifferTester tester, Direction direction, RelayMessage message) {
        tester.feed(direction, message.bytes(), 1);
    }

    private static void talk(SnifferTester tester, RelayMessage request, String answer) {
        say(tester, Direction.TO_UPSTREAM, request);
        say(tester, Direction.TO_CLIENT, RelayMessage.of(90, request.requestId(), 0, BsonDocument.parse(answer)));
    }

    private void assertShowsNone(SnifferTester tester) throws IOException {
        tester.close(9);
        assertThat(tester.outcome()).isEmpty();
        ExchangeLines json = new ExchangeLines(environment.clock());
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        StringBuilder all =
                new StringBuilder(String.join("\n", tester.recorded().lines()));
        for (Exchange e : tester.recorded().all()) {
            json.add(e);
            SqlStatement sql = e.sql;
            if (sql != null) {
                all.append(sql.text())
                        .append(sql.sample())
                        .append(sql.summary())
                        .append(sql.tables());
            }
        }
        json.writeTo(written);
        all.append(written.toString(StandardCharsets.UTF_8));
        List<DigestRow> digests = DigestTable.rows(List.of(tester.recorded().digests()));
        digests.forEach(
                row -> all.append(row.statement().text()).append(row.statement().sample()));
        environment.meters().getMeters().forEach(meter -> all.append(meter.getId()));
        log.list.forEach(event -> all.append(event.getFormattedMessage()).append(event.getThrowableProxy()));

        assertThat(all.toString().toLowerCase(Locale.ROOT)).doesNotContain("geheim", "z2vozwlt");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{createUser: 'bob', pwd: 'geheim', roles: [], $db: 'admin'}",
                "{createUser: 'bob', customData: {token: 'geheim'}, roles: [], comment: 'geheim', $db: 'admin'}",
                "{updateUser: 'bob', pwd: 'geheim', $db: 'admin'}",
                "{saslStart: 1, mechanism: 'PLAIN', payload: " + PAYLOAD + ", $db: '$external'}",
                "{saslStart: 1, mechanism: 'SCRAM-SHA-256', payload: 'geheim', options: {a: 'geheim'}, $db: 'admin'}",
                "{saslContinue: 1, conversationId: 1, payload: " + PAYLOAD + ", $db: 'admin'}",
                "{authenticate: 1, mechanism: 'MONGODB-X509', user: 'CN=geheim,O=weir', $db: '$external'}",
                "{authenticate: 1, user: 'bob', nonce: 'geheim', key: 'geheim', $db: 'admin'}",
                "{getnonce: 1, a: 'geheim', $db: 'admin'}",
                "{copydb: 1, fromhost: 'a', fromdb: 'b', todb: 'c', username: 'd', nonce: 'e', key: 'geheim', $db: 'admin'}",
                "{copydbsaslstart: 1, mechanism: 'PLAIN', payload: " + PAYLOAD + ", $db: 'admin'}",
                "{copydbgetnonce: 1, fromhost: 'geheim', $db: 'admin'}",
                "{hello: 1, speculativeAuthenticate: {saslStart: 1, payload: " + PAYLOAD + "}, $db: 'admin'}",
                "{isMaster: 1, speculativeAuthenticate: {authenticate: 1, user: 'CN=geheim'}, $db: 'admin'}",
                "{ismaster: 1, speculativeAuthenticate: {saslStart: 1, payload: 'geheim'}, $db: 'admin'}",
                "{setParameter: 1, ldapQueryPassword: 'geheim', $db: 'admin'}",
                "{replSetInitiate: {a: 'geheim'}, $db: 'admin'}",
                "{applyOps: [{op: 'i', ns: 'admin.system.users', o: {pwd: 'geheim'}}], $db: 'admin'}",
                "{explain: {createUser: 'bob', pwd: 'geheim'}, comment: 'geheim', $db: 'admin'}",
                "{explain: {explain: {createUser: 'bob', pwd: 'geheim'}}, $db: 'admin'}",
                "{explain: {explain: {explain: {updateUser: 'bob', pwd: 'geheim'}}}, $db: 'admin'}",
                "{explain: {saslStart: 1, payload: " + PAYLOAD + "}, $db: 'admin'}",
                "{explain: 'geheim', pwd: 'geheim', $db: 'admin'}",
                "{createuser: 'bob', pwd: 'geheim', $db: 'admin'}",
                "{geheim: 1, a: 'geheim', $db: 'admin'}",
                "{_mint: {token: 'geheim'}, $db: 'admin'}",
                "{'': 'geheim', $db: 'admin'}",
                "{eval: 'db.auth(\\'a\\', \\'geheim\\')', args: ['geheim'], $db: 'shop'}",
                "{streams_startStreamProcessor: 'a', connections: [{options: {auth: 'geheim'}}], $db: 'admin'}",
                "{insert: 'system.users', documents: [{_id: 'a', pwd: 'geheim'}], $db: 'admin'}",
                "{update: 'system.users', updates: [{q: {a: 'geheim'}, u: {$set: {pwd: 'geheim'}}}], $db: 'admin'}",
                "{find: 'system.users', filter: {credentials: 'geheim'}, $db: 'admin'}",
                "{findAndModify: 'system.users', query: {a: 1}, update: {pwd: 'geheim'}, $db: 'admin'}",
                "{aggregate: 'a', pipeline: [{$match: {a: 'geheim'}}, {$out: 'system.users'}], cursor: {}, $db: 'admin'}",
                "{aggregate: 'a', pipeline: [{$addFields: {a: 'geheim'}},"
                        + " {$merge: {into: {db: 'admin', coll: 'system.users'}}}], cursor: {}, $db: 'shop'}",
                "{bulkWrite: 1, ops: [{insert: 0, document: {pwd: 'geheim'}}], nsInfo: [{ns: 'admin.system.users'}],"
                        + " $db: 'admin'}",
                "{aggregate: 'a', pipeline: [{$lookup: {from: 'system.users', as: 'b', pipeline: [{$match:"
                        + " {x: 'geheim'}}]}}], cursor: {}, $db: 'admin'}",
                "{find: 'a', filter: {x: 'geheim', y: 'system.users'}, $db: 'admin'}",
                "{bulkWrite: 1, ops: [{insert: 0, document: {pwd: 'geheim'}}], nsInfo: [{ns: 'shop.orders'},"
                        + " {ns: 'shop.a'}, {ns: 'shop.b'}, {ns: 'shop.c'}, {ns: 'shop.d'}, {ns: 'shop.e'},"
                        + " {ns: 'shop.f'}, {ns: 'shop.g'}, {ns: 'admin.system.users'}], $db: 'admin'}",
            })
    void secretsAreInNoCommandAsItWasSent(String command) throws IOException {
        SnifferTester tester = tester(ALL_SHOWN);
        BsonDocument document = BsonDocument.parse(command);

        talk(tester, RelayMessage.of(1, 0, 0, document), "{ok: 1.0}");
        talk(tester, RelayMessage.of(2, 0, 0, document), "{ok: 0.0, code: 18, codeName: 'AuthenticationFailed'}");
        talk(tester, RelayMessage.of(3, 0, 0, document).packed(BridgeCompressor.ZLIB), "{ok: 1.0}");
        talk(tester, query("admin.$cmd", document), "{ok: 1.0}");
        talk(tester, query("admin.$cmd", new BsonDocument("$query", document)), "{ok: 1.0}");
        say(tester, Direction.TO_UPSTREAM, RelayMessage.of(5, 0, Wire.MORE_TO_COME, document));

        assertThat(tester.recorded().all()).hasSize(6);
        assertShowsNone(tester);
    }

    /** flags, name, skip, return, document. */
    private static RelayMessage query(String name, BsonDocument document) {
        byte[] bytes = WireClient.bytes(document);
        byte[] to = (name + '\0').getBytes(StandardCharsets.US_ASCII);
        ByteBuffer body = ByteBuffer.allocate(12 + to.length + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        body.putInt(0).put(to).putInt(0).putInt(-1).put(bytes);
        return new RelayMessage(4, 0, Wire.OP_QUERY, body.array());
    }

    @Test
    void documentsOfSectionsAreNotShownEither() throws IOException {
        SnifferTester tester = tester(ALL_SHOWN);
        List<BsonDocument> documents = List.of(BsonDocument.parse("{_id: 'a', pwd: 'geheim'}"));

        talk(
                tester,
                RelayMessage.of(
                        1, BsonDocument.parse("{insert: 'system.users', $db: 'admin'}"), "documents", documents),
                "{n: 1, ok: 1.0}");
        talk(
                tester,
                RelayMessage.of(2, BsonDocument.parse("{createUser: 'a', $db: 'admin'}"), "pwd", documents),
                "{ok: 1.0}");

        assertThat(tester.recorded().all()).hasSize(2);
        assertShowsNone(tester);
    }

    /** Legacy writes and queries of collections that hold users. */
    @Test
    void legacyMessagesAboutUsersAreNotShown() throws IOException {
        SnifferTester tester = tester(ALL_SHOWN);
        byte[] document = WireClient.bytes(BsonDocument.parse("{_id: 'a', pwd: 'geheim'}"));
        byte[] name = "admin.system.users\0".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer insert =
                ByteBuffer.allocate(4 + name.length + document.length).order(ByteOrder.LITTLE_ENDIAN);
        insert.putInt(0).put(name).put(document);
        ByteBuffer update =
                ByteBuffer.allocate(8 + name.length + 2 * document.length).order(ByteOrder.LITTLE_ENDIAN);
        update.putInt(0).put(name).putInt(0).put(document).put(document);

        say(tester, Direction.TO_UPSTREAM, new RelayMessage(1, 0, Wire.OP_INSERT, insert.array()));
        say(tester, Direction.TO_UPSTREAM, new RelayMessage(2, 0, Wire.OP_UPDATE, update.array()));
        say(tester, Direction.TO_UPSTREAM, query("admin.system.users", BsonDocument.parse("{pwd: 'geheim'}")));

        tester.close(9);
        assertThat(tester.recorded().all()).hasSize(3);
        assertShowsNone(tester);
    }

    /** What is cut off may be what tells that nobody is to see it. */
    @Test
    void aLongCommandIsNotShownWhereItsEndNamesUsers() throws IOException {
        SnifferTester tester = tester(ALL_SHOWN);
        String ops = "{insert: 0, document: {pwd: 'geheim', a: '" + "x".repeat(9_000) + "'}}";

        talk(
                tester,
                RelayMessage.of(
                        1,
                        0,
                        0,
                        BsonDocument.parse("{bulkWrite: 1, ops: [" + ops
                                + "], nsInfo: [{ns: 'admin.system.users'}], $db: 'admin'}")),
                "{ok: 1.0}");

        assertThat(tester.recorded().all()).hasSize(1);
        assertShowsNone(tester);
    }

    @Test
    void otherCommandsAreShownWhereOptedIn() {
        SnifferTester tester = tester(ALL_SHOWN);

        talk(
                tester,
                RelayMessage.of(1, 0, 0, BsonDocument.parse("{find: 'a', filter: {x: 'seen'}, $db: 'd'}")),
                "{ok: 1.0}");
        talk(
                tester,
                RelayMessage.of(2, 0, 0, BsonDocument.parse("{explain: {find: 'a', filter: {x: 'seen'}}, $db: 'd'}")),
                "{ok: 1.0}");

        assertThat(tester.recorded().all())
                .extracting(e -> e.statement)
                .containsExactly(
                        "{\"find\": \"a\", \"filter\": {\"x\": \"seen\"}}",
                        "{\"explain\": {\"find\": \"a\", \"filter\": {\"x\": \"seen\"}}}");
    }

    /** What servers say while somebody logs in. */
    @Test
    void answersToLogInsAreNotShown() throws IOException {
        SnifferTester tester = tester(ALL_SHOWN);
        String payload = "conversationId: 1, done: true, payload: " + PAYLOAD;

        talk(
                tester,
                RelayMessage.of(
                        1,
                        0,
                        0,
                        BsonDocument.parse("{hello: 1, saslSupportedMechs: 'admin.bob',"
                                + " speculativeAuthenticate: {saslStart: 1, payload: " + PAYLOAD + "}, $db: 'admin'}")),
                "{isWritablePrimary: true, maxWireVersion: 21, saslSupportedMechs: ['SCRAM-SHA-256'],"
                        + " speculativeAuthenticate: {" + payload + "}, ok: 1.0}");
        talk(
                tester,
                RelayMessage.of(
                        2,
                        0,
                        0,
                        BsonDocument.parse(
                                "{saslContinue: 1, conversationId: 1, payload: " + PAYLOAD + ", $db: 'admin'}")),
                "{" + payload + ", ok: 1.0}");
        talk(
                tester,
                RelayMessage.of(3, 0, 0, BsonDocument.parse("{getnonce: 1, $db: 'admin'}")),
                "{nonce: 'geheim', ok: 1.0}");
        talk(tester, RelayMessage.of(4, 0, 0, BsonDocument.parse("{ping: 1, $db: 'admin'}")), "{ok: 1.0, a: 'geheim'}");

        assertThat(tester.recorded().all()).hasSize(4);
        assertThat(tester.recorded().all().get(3).user).isEqualTo("bob");
        assertShowsNone(tester);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{find: 'a', filter: {x: 'geheim', y: {$gt: 'geheim'}, z: {$in: ['geheim', {b: 'geheim'}]}}, $db: 'd'}",
                "{find: 'a', filter: {x: {geheim: 1}, y: {$eq: {geheim: 1}}, z: {$in: [{geheim: 1}]}}, $db: 'd'}",
                "{find: 'a', filter: {$or: [{x: 'geheim'}, {$and: [{y: {$not: {$eq: 'geheim'}}}]}]}, $db: 'd'}",
                "{find: 'a', filter: {$text: {$search: 'geheim'}, $where: 'this.a == \\'geheim\\''}, $db: 'd'}",
                "{find: 'a', filter: {x: {$regex: 'geheim'}, y: {$regularExpression: {pattern: 'geheim', options: ''}}},"
                        + " $db: 'd'}",
                "{find: 'a', filter: {$expr: {$eq: ['$x', 'geheim']}, $comment: 1}, $db: 'd'}",
                "{find: 'a', filter: {x: {$elemMatch: {y: 'geheim'}}, z: {$all: ['geheim']}}, $db: 'd'}",
                "{find: 'a', filter: {'$jsonSchema': {properties: {x: {enum: ['geheim']}}}}, $db: 'd'}",
                "{find: 'a', sort: {x: 'geheim', y: {$meta: 'geheim'}}, projection: {x: {$literal: 'geheim'}}, $db: 'd'}",
                "{find: 'a', hint: {geheim: 1}, min: {x: 'geheim'}, max: {x: 'geheim'}, let: {v: 'geheim'}, $db: 'd'}",
                "{insert: 'a', documents: [{geheim: 'geheim'}], $db: 'd'}",
                "{update: 'a', updates: [{q: {x: 'geheim'}, u: {$set: {x: 'geheim', y: {geheim: 1}}}}], $db: 'd'}",
                "{update: 'a', updates: [{q: {}, u: {geheim: 'geheim'}, c: {v: 'geheim'}}], $db: 'd'}",
                "{update: 'a', updates: [{q: {}, u: [{$set: {x: {$literal: 'geheim'}}}],"
                        + " arrayFilters: [{'e.a': 'geheim'}]}], $db: 'd'}",
                "{update: 'a', updates: [{q: {}, u: {$push: {x: {$each: ['geheim', {x: 'geheim'}]}}}}], $db: 'd'}",
                "{update: 'a', updates: [{q: {}, u: {$pull: {x: {geheim: 1}}, $pullAll: {y: ['geheim', {geheim: 1}]},"
                        + " $addToSet: {z: {geheim: 1}}, $setOnInsert: {v: {geheim: 1}}}}], $db: 'd'}",
                "{aggregate: 'a', pipeline: [{$unionWith: {pipeline: [{$documents: [{x: 'geheim'}]}]}}], $db: 'd'}",
                "{delete: 'a', deletes: [{q: {x: 'geheim'}, limit: 1}], $db: 'd'}",
                "{findAndModify: 'a', query: {x: 'geheim'}, update: {$set: {x: 'geheim'}}, $db: 'd'}",
                "{findAndModify: 'a', query: {x: 'geheim'}, update: {geheim: 'geheim'}, $db: 'd'}",
                "{count: 'a', query: {x: 'geheim'}, $db: 'd'}",
                "{distinct: 'a', key: 'x', query: {x: 'geheim'}, $db: 'd'}",
                "{aggregate: 'a', pipeline: [{$match: {x: 'geheim'}}, {$project: {y: {$literal: 'geheim'}}},"
                        + " {$addFields: {z: {$literal: {geheim: 1}}}}], cursor: {}, $db: 'd'}",
                "{aggregate: 'a', pipeline: [{$group: {_id: {$concat: ['geheim', '$x']}, n: {$sum: 'geheim'}}},"
                        + " {$bucket: {groupBy: '$x', boundaries: ['geheim', 'h'], default: 'geheim'}}], $db: 'd'}",
                "{aggregate: 'a', pipeline: [{$lookup: {from: 'b', let: {v: 'geheim'}, as: 'c',"
                        + " pipeline: [{$match: {$expr: {$eq: ['$x', 'geheim']}}}]}},"
                        + " {$facet: {p: [{$match: {x: 'geheim'}}]}}], $db: 'd'}",
                "{aggregate: 'a', pipeline: [{$search: {text: {query: 'geheim', path: 'x'}}},"
                        + " {$replaceWith: {$literal: 'geheim'}}, {$limit: 3}], $db: 'd'}",
                "{aggregate: 'a', pipeline: [{$switch: {branches: [{case: {$eq: ['$x', 'geheim']}, then: 'geheim'}]}},"
                        + " {$function: {body: 'geheim', args: ['geheim'], lang: 'js'}}], $db: 'd'}",
                "{explain: {find: 'a', filter: {x: 'geheim'}}, verbosity: 'geheim', $db: 'd'}",
                "{mapReduce: 'a', map: 'geheim', reduce: 'geheim', query: {x: 'geheim'}, out: {inline: 1}, $db: 'd'}",
                "{bulkWrite: 1, ops: [{insert: 0, document: {x: 'geheim'}}, {update: 0, filter: {x: 'geheim'},"
                        + " updateMods: {$set: {x: 'geheim'}}}], nsInfo: [{ns: 'd.a'}], $db: 'admin'}",
                "{createIndexes: 'a', indexes: [{key: {x: 1}, name: 'n', partialFilterExpression: {x: 'geheim'}}], $db: 'd'}",
                "{create: 'a', validator: {x: 'geheim'}, $db: 'd'}",
                "{find: 'a', filter: {$query: {x: 'geheim'}, $orderby: {x: 1}}, $db: 'd'}",
                "{renameCollection: 'd.geheim', to: 'd.b', $db: 'admin'}",
            })
    void valuesAreInNoDigest(String command) throws IOException {
        SnifferTester tester = tester(Map.of());
        BsonDocument document = BsonDocument.parse(command);

        talk(
                tester,
                RelayMessage.of(1, 0, 0, document),
                "{ok: 1.0, n: 1, cursor: {firstBatch: [{x: 'geheim'}], id: 0}}");
        talk(
                tester,
                RelayMessage.of(2, 0, 0, document),
                "{ok: 0.0, code: 9, codeName: 'FailedToParse', errmsg: 'geheim', keyValue: {x: 'geheim'}}");
        talk(
                tester,
                RelayMessage.of(3, 0, 0, document),
                "{ok: 1.0, writeErrors: [{index: 0, code: 11000, errmsg: 'geheim', keyValue: {x: 'geheim'}}],"
                        + " writeConcernError: {code: 64, errmsg: 'geheim', errInfo: {a: 'geheim'}}}");

        assertThat(tester.recorded().all()).hasSize(3);
        assertShowsNone(tester);
    }

    /** The same in sections, where the documents are in places of their own. */
    @ParameterizedTest
    @ValueSource(strings = {"documents", "updates", "deletes", "ops", "nsInfo", "other"})
    void valuesInSectionsAreInNoDigest(String section) throws IOException {
        SnifferTester tester = tester(Map.of());
        BsonDocument document = BsonDocument.parse("{q: {x: 'geheim'}, u: {$set: {x: 'geheim'}}, ns: 1, x: 'geheim'}");

        for (String command : List.of("insert", "update", "delete", "bulkWrite", "find")) {
            talk(
                    tester,
                    RelayMessage.of(
                            1,
                            BsonDocument.parse("{" + command + ": 'a', $db: 'd'}"),
                            section,
                            List.of(document, document)),
                    "{ok: 1.0, n: 1}");
        }

        assertThat(tester.recorded().all()).hasSize(5);
        assertShowsNone(tester);
    }

    /** Bytes that make no sense are neither shown nor logged. */
    @ParameterizedTest
    @EnumSource
    void malformedMessagesAreNotShown(BridgeCompressor compressor) throws IOException {
        RelayMessage request =
                RelayMessage.of(1, 0, 0, BsonDocument.parse("{createUser: 'a', pwd: 'geheim', a: 'geheim', $db: 'd'}"));
        for (int i = 4; i < request.body().length; i += 3) {
            byte[] body = request.body().clone();
            body[i] = (byte) (body[i] + 101);
            SnifferTester tester = tester(ALL_SHOWN);

            say(tester, Direction.TO_UPSTREAM, request.with(Wire.OP_MSG, body).packed(compressor));
            tester.close(9);

            assertThat(String.join("\n", tester.recorded().lines())).doesNotContain("geheim");
        }
        log.list.forEach(event -> assertThat(event.getFormattedMessage()).doesNotContain("geheim"));
    }
}
