package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What exchanges say of messages that the bson library has made. */
class MongoConversationTest {
    private final FakeEnvironment environment = new FakeEnvironment();
    private final SnifferTester tester = new SnifferTester(sniffers(Map.of()));
    private int id;

    private PerLoop.PerConnection<Sniffer> sniffers(Map<String, Object> config) {
        ConfigErrors errors = new ConfigErrors();
        PerLoop.PerConnection<Sniffer> made = new MongoProtocol()
                .sniffer(ConfigNode.of(config, errors), environment)
                .onLoop(environment);
        assertThat(errors.problems()).isEmpty();
        return made;
    }

    private void ask(String json) {
        tester.feed(Direction.TO_UPSTREAM, Messages.request(++id, json), 1_000_000L * id);
    }

    private void answer(String json) {
        tester.feed(Direction.TO_CLIENT, Messages.answer(id, json), 1_000_000L * id + 250_000);
    }

    private String line(String request, String answer) {
        ask(request);
        answer(answer);
        return tester.recorded().lines().get(tester.recorded().lines().size() - 1);
    }

    @Test
    void showsFinds() {
        String line = line(
                "{find: 'orders', filter: {status: 'x', total: {$gt: 5}, 'a.5.b': 1}, sort: {date: -1}, limit: 1, $db: 'shop', lsid: {id: UUID('7a5d3c1e-0000-4000-8000-000000000001')}}",
                "{cursor: {firstBatch: [{_id: 1}, {_id: 2}], id: {$numberLong: '0'}, ns: 'shop.orders'}, ok: 1.0}");

        assertThat(line)
                .startsWith("find | status=ok namespace=shop target=orders summary=find shop.orders digest=")
                .contains("statement=find orders {status: ?, total: {$gt: ?}, a.?.b: ?} sort {date: -1} ")
                .contains("rows=2 rows_sent=2 ")
                .contains("duration_us=250 ")
                .contains("scatter=true");
    }

    @Test
    void showsShapes() {
        assertThat(line(
                        "{aggregate: 'o', pipeline: [{$match: {a: {$in: [1, 2]}, b: {x: 1}}}, {$match: {a: {$in: [1]}, b: 3}}, {$lookup: {from: 'items', pipeline: [{$match: {c: 1}}], as: 'i'}}, {$group: {_id: '$x', n: {$sum: 1}}}, {$facet: {u: [{$limit: 1}]}}, {$merge: {into: 'res'}}], cursor: {}, $db: 'd'}",
                        "{ok: 0.0, errmsg: 'no', code: 17, codeName: 'ProtocolError', errorLabels: ['A', 'B']}"))
                .contains("target=o, items, res ")
                .contains("statement=aggregate o [{$match: {a: {$in: [?]}, b: ?}},"
                        + " {$lookup: {from: items, pipeline: [{$match: {c: ?}}], as: ?}},"
                        + " {$group: {_id: ?, n: {$sum: ?}}}, {$facet: {u: [{$limit: ?}]}}, {$merge: {into: res}}] ")
                .contains("status=error error=17 ")
                .contains("error_labels=A,B")
                .contains("code_name=ProtocolError");
    }

    @Test
    void countsSequences() {
        byte[] insert = Messages.message(
                7,
                0,
                Wire.OP_MSG,
                Messages.flags(0),
                new byte[] {0},
                Messages.bson("{insert: 'c', ordered: true, $db: 'd'}"),
                Messages.sequence("documents", Messages.bson("{_id: 1}"), Messages.bson("{_id: 2}")));
        tester.feed(Direction.TO_UPSTREAM, insert, 1);
        tester.feed(
                Direction.TO_CLIENT,
                Messages.answer(7, "{n: 1, writeErrors: [{index: 1, code: 11000, errmsg: 'x'}], ok: 1}"),
                2);

        assertThat(tester.recorded().lines())
                .singleElement()
                .asString()
                .startsWith("insert | status=error error=11000 namespace=d target=c summary=insert d.c")
                .contains("statement=insert c ")
                .contains("rows=1 ")
                .contains("batch=2 ")
                .contains("write_errors=1");
    }

    @Test
    void showsUpdates() {
        assertThat(line(
                        "{update: 'c', updates: [{q: {_id: 1}, u: {$set: {a: 1, b: {c: 2}}}}, {q: {}, u: {x: 1}}], $db: 'd'}",
                        "{n: 2, nModified: 1, upserted: [{index: 1, _id: 5}], ok: 1}"))
                .contains("statement=update c {_id: ?} {$set: {a: ?, b: ?}} ")
                .contains("rows=2 ")
                .contains("batch=2 ")
                .contains("modified=1 upserted=1");
    }

    @Test
    void attributesFetchesToTheirCursor() {
        ask("{find: 'c', filter: {}, $db: 'd', maxTimeMS: 5}");
        answer("{cursor: {firstBatch: [], id: {$numberLong: '77'}, ns: 'd.c'}, ok: 1}");

        assertThat(line(
                        "{getMore: {$numberLong: '77'}, collection: 'c', $db: 'd'}",
                        "{cursor: {nextBatch: [{}, {}, {}], id: {$numberLong: '0'}, ns: 'd.c'}, ok: 1}"))
                .startsWith("getMore | status=ok namespace=d target=c summary=find d.c")
                .contains("statement=find c {} ")
                .contains("rows=3 ")
                .contains("cursor_of=find");
    }

    private String bulk(String... namespaces) {
        String info = java.util.Arrays.stream(namespaces)
                .map(ns -> "{ns: '" + ns + "'}")
                .collect(java.util.stream.Collectors.joining(", "));
        return line(
                "{bulkWrite: 1, ops: [{insert: 0, document: {}}], nsInfo: [" + info + "], $db: 'admin'}",
                "{cursor: {firstBatch: [], id: {$numberLong: '0'}, ns: 'admin.$cmd.bulkWrite'}, nInserted: 1, ok: 1}");
    }

    @Test
    void showsCollectionsOfABulkWriteAsFarAsThereIsRoom() {
        String all = "a".repeat(60);
        // Of the fifth there is room for "sho" alone.
        assertThat(bulk("shop." + all, "shop." + all, "shop." + all, "shop.b" + "c".repeat(44), "shop.d"))
                .startsWith("bulkWrite | status=ok namespace=shop target=" + all + ", " + all + ", " + all + ", b"
                        + "c".repeat(44) + " ");
    }

    @Test
    void showsCollectionsOfABulkWriteThatLookLikeSeveral() {
        assertThat(bulk("shop.a, b", "shop.c")).startsWith("bulkWrite | status=ok namespace=shop target=a, b, c ");
    }

    @Test
    void readsNamespacesWhereTheyDoNotBelong() {
        assertThat(line(
                        "{aggregate: 'c', nsInfo: [{ns: 'database.c'}], pipeline: [{$lookup: {from: 'x'}}], $db: 'd'}",
                        "{ok: 1}"))
                .startsWith("aggregate | status=ok ");
    }

    private static final int MORE_TO_COME = 2;
    private static final int EXHAUST_ALLOWED = 1 << 16;

    private void stream(int request, String asked, int answer, int flags, String answered) {
        tester.feed(Direction.TO_UPSTREAM, Messages.msg(request, 0, EXHAUST_ALLOWED, asked), 1);
        tester.feed(Direction.TO_CLIENT, Messages.msg(answer, request, flags, answered), 2);
    }

    @Test
    void isIdleBetweenGreetingsOfAStream() {
        stream(
                1,
                "{hello: 1, topologyVersion: {counter: {$numberLong: '1'}}, maxAwaitTimeMS: 10, $db: 'admin'}",
                2,
                MORE_TO_COME,
                "{isWritablePrimary: true, ok: 1}");

        assertThat(tester.idle()).isTrue();
    }

    @Test
    void isNotIdleBetweenDocumentsOfAStream() {
        String batch = "{cursor: {nextBatch: [{}], id: {$numberLong: '77'}, ns: 'd.c'}, ok: 1}";
        stream(1, "{getMore: {$numberLong: '77'}, collection: 'c', $db: 'd'}", 2, MORE_TO_COME, batch);

        boolean between = tester.idle();
        tester.feed(Direction.TO_CLIENT, Messages.msg(3, 2, 0, batch), 3);

        assertThat(between).isFalse();
        assertThat(tester.idle()).isTrue();
    }

    @Test
    void keepsAStreamWhoseAnswerHasTheIdOfAnotherRequest() {
        String batch = "{cursor: {nextBatch: [{}], id: {$numberLong: '77'}, ns: 'd.c'}, ok: 1}";
        stream(1, "{getMore: {$numberLong: '77'}, collection: 'c', $db: 'd'}", 7, MORE_TO_COME, batch);
        tester.feed(Direction.TO_UPSTREAM, Messages.request(7, "{ping: 1, $db: 'd'}"), 3);

        tester.feed(Direction.TO_CLIENT, Messages.msg(8, 7, 0, "{ok: 1}"), 4);
        tester.feed(Direction.TO_CLIENT, Messages.msg(9, 7, 0, batch), 5);

        assertThat(tester.recorded().lines())
                .extracting(line -> line.substring(0, line.indexOf(' ')))
                .containsExactly("getMore", "ping", "getMore");
    }

    @Test
    void givesUpOnMoreStreamsThanAnybodyHas() {
        for (int i = 1; i <= 65; i++) {
            stream(i, "{hello: 1, $db: 'admin'}", 1_000 + i, MORE_TO_COME, "{ok: 1}");
        }

        assertThat(tester.outcome()).isEqualTo("gave_up:pending");
    }

    @Test
    void clientsDoNotChooseWhichIdsMeetInTheTable() {
        long places = java.util.stream.IntStream.range(0, 4_096)
                .map(i -> MongoSniffer.key(i << 16) & 0xffff)
                .distinct()
                .count();

        assertThat(places).isGreaterThan(3_500);
    }

    @Test
    void greets() {
        assertThat(
                        line(
                                "{hello: 1, client: {application: {name: 'shop'}, driver: {name: 'drv', version: '1.2'}}, $db: 'admin'}",
                                "{isWritablePrimary: true, setName: 'rs', primary: 'a:1', hosts: ['a:1'], maxWireVersion: 25, ok: 1}"))
                .startsWith("hello | status=ok namespace=admin app=shop request_bytes=142 ")
                .contains("library=drv 1.2 server_version=8.0 ")
                .contains("replica_set=rs role=primary");
    }

    @Test
    void showsCommandsAsTheyWereSentWhereOptedIn() {
        SnifferTester open = new SnifferTester(sniffers(Map.of("statements", true)));
        byte[] insert = Messages.message(
                7,
                0,
                Wire.OP_MSG,
                Messages.flags(0),
                Messages.sequence("documents", Messages.bson("{_id: 1}"), Messages.bson("{_id: 2}")),
                new byte[] {0},
                Messages.bson("{insert: 'c', $db: 'd', lsid: {id: 1}}"));

        open.feed(Direction.TO_UPSTREAM, insert, 1);
        open.feed(Direction.TO_CLIENT, Messages.answer(7, "{n: 2, ok: 1}"), 2);
        open.feed(Direction.TO_UPSTREAM, Messages.request(8, "{createUser: 'u', pwd: 'secret', $db: 'd'}"), 1);
        open.feed(Direction.TO_CLIENT, Messages.answer(8, "{ok: 1}"), 2);

        assertThat(open.recorded().all().get(0).statement)
                .isEqualTo("{\"insert\": \"c\", \"documents\": [{\"_id\": 1}, {\"_id\": 2}]}");
        assertThat(open.recorded().all().get(1).statement).isNull();
    }
}
