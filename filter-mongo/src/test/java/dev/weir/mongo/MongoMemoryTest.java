package dev.weir.mongo;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.bson.BsonDocument;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** No client makes memory grow: what is kept is measured on the heap, with everything still referred to. */
final class MongoMemoryTest {
    private static final int MANY = 15_000;
    private static final int SHAPES = 50_000;
    private static final int MIB = 1 << 20;

    private final MemoryTalk talk = new MemoryTalk();

    /** Something a client does again and again, a little different each time. */
    record Habit(String name, IntFunction<String> request, IntFunction<String> answer) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Habit> habits() {
        String none = "{ok: 1.0}";
        String find = "{find: 'a', filter: {x: 1}, $db: 'd'}";
        return Stream.of(
                new Habit("shapes", i -> "{find: 'a', filter: {field" + i + ": {$gt: 1}}, $db: 'd'}", i -> none),
                new Habit("collections", i -> "{find: 'collection" + i + "', filter: {}, $db: 'd'}", i -> none),
                new Habit("databases", i -> "{find: 'a', filter: {}, $db: 'database" + i + "'}", i -> none),
                new Habit("applications", MongoMemoryTest::hello, i -> "{isWritablePrimary: true, ok: 1.0}"),
                new Habit("unknown commands", i -> "{command" + i + ": 1, $db: 'd'}", i -> none),
                new Habit("call sites", i -> "{find: 'a', comment: 'line " + i + "', $db: 'd'}", i -> none),
                new Habit(
                        "traces",
                        i -> String.format("{find: 'a', comment: '00-%032x-%016x-01', $db: 'd'}", i, i),
                        i -> none),
                new Habit(
                        "concerns",
                        i -> "{insert: 'a', writeConcern: {w: 'tag" + i + "'}, readConcern: {level: 'l" + i
                                + "'}, $readPreference: {mode: 'm" + i + "'}, $db: 'd'}",
                        i -> none),
                new Habit("numbers", i -> "{insert: 'a', writeConcern: {w: " + i + "}, $db: 'd'}", i -> none),
                new Habit(
                        "cursors",
                        i -> find,
                        i -> "{cursor: {firstBatch: [], id: {$numberLong: '" + (i + 1L << 20) + "'}}, ok: 1.0}"),
                new Habit(
                        "fetches",
                        i -> "{getMore: {$numberLong: '" + (i + 1L << 20) + "'}, collection: 'a', $db: 'd'}",
                        i -> "{cursor: {nextBatch: [], id: {$numberLong: '" + (i + 1L << 20) + "'}}, ok: 1.0}"),
                new Habit("transactions", MongoMemoryTest::transaction, i -> none),
                new Habit("errors", i -> find, i -> "{ok: 0.0, code: " + i + ", codeName: 'Name" + i + "'}"),
                new Habit(
                        "labels",
                        i -> find,
                        i -> "{ok: 0.0, code: 1, errorLabels: ['Label" + i + "', 'Other" + i + "']}"),
                new Habit(
                        "replica sets",
                        i -> "{hello: 1, $db: 'admin'}",
                        i -> "{isWritablePrimary: true, setName: 'set" + i + "', primary: 'host" + i + ":1',"
                                + " hosts: ['host" + i + ":1'], ok: 1.0}"),
                new Habit(
                        "users", i -> "{hello: 1, saslSupportedMechs: 'admin.user" + i + "', $db: 'admin'}", i -> none),
                new Habit(
                        "lookups",
                        i -> "{aggregate: 'a', pipeline: [{$lookup: {from: 'b" + i + "', as: 'c'}}], $db: 'd'}",
                        i -> none));
    }

    private static String hello(int i) {
        return "{hello: 1, client: {application: {name: 'app" + i + "'}, driver: {name: 'driver" + i + "', version: '"
                + i + "'}}, $db: 'admin'}";
    }

    private static String transaction(int i) {
        byte[] id = new byte[16];
        Arrays.fill(id, (byte) i);
        id[0] = (byte) (i >> 8);
        id[1] = (byte) (i >> 16);
        String base64 = Base64.getEncoder().encodeToString(id);
        return "{insert: 'a', documents: [], lsid: {id: {$binary: {base64: '" + base64
                + "', subType: '04'}}}, txnNumber: {$numberLong: '1'}, startTransaction: true, autocommit: false, $db: 'd'}";
    }

    /** The first half fills what there is room for; the second half finds no more room. */
    @ParameterizedTest
    @MethodSource("habits")
    void whatIsNewEachTimeIsKeptUpToALimit(Habit habit) {
        PerLoop.PerConnection<Sniffer> sniffers = talk.sniffers(Map.of());
        int many = habit.name().equals("shapes") ? SHAPES : MANY;
        long before = MemoryTalk.used();
        Sniffer sniffer = talk.open(sniffers);

        for (int i = 0; i < many; i++) {
            MemoryTalk.talk(sniffer, 1, habit.request().apply(i), habit.answer().apply(i));
        }
        long half = MemoryTalk.used();
        for (int i = many; i < 2 * many; i++) {
            MemoryTalk.talk(sniffer, 1, habit.request().apply(i), habit.answer().apply(i));
        }
        long all = MemoryTalk.used();

        assertThat(talk.exchanges.outcome).isEmpty();
        assertThat(talk.exchanges.emitted).isEqualTo(2L * many);
        assertThat(half - before).as("first half").isLessThan(6 * MIB);
        assertThat(all - half).as("second half").isLessThan(MIB / 2);
        assertThat(sniffer.idle()).isTrue(); // and it is still there
    }

    // ---- what is huge or deep

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void documentsAsDeepAsTheyMayBeMakeNoTrouble(boolean shown) {
        Sniffer sniffer = talk.open(talk.sniffers(Map.of("statements", shown)));
        for (int depth : new int[] {50, 99, 150, 1_000, 100_000}) {
            for (String name : List.of("a", "$and", "$gt", "$not")) {
                byte[] document = nested(depth, name);
                byte[] head = WireClient.bytes(BsonDocument.parse("{find: 'a', $db: 'd'}"));
                ByteBuffer body = ByteBuffer.allocate(5 + head.length + 8 + document.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
                body.putInt(0).put((byte) 0).putInt(head.length + 8 + document.length);
                body.put(head, 4, head.length - 5).put((byte) 3).put("filter\0".getBytes(US_ASCII));
                body.put(document).put((byte) 0);
                MemoryTalk.say(
                        sniffer, Direction.TO_UPSTREAM, new RelayMessage(1, 0, Wire.OP_MSG, body.array()).bytes());
                MemoryTalk.say(sniffer, Direction.TO_CLIENT, MemoryTalk.message(2, 1, "{ok: 1.0}"));
            }
        }

        assertThat(talk.exchanges.outcome).isEmpty();
        assertThat(talk.exchanges.emitted).isEqualTo(20);
    }

    /** {@code {name: {name: … {}}}}. */
    private static byte[] nested(int depth, String name) {
        int around = 4 + 1 + name.length() + 1 + 1;
        int size = around * depth + 5;
        ByteBuffer all = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < depth; i++) {
            all.putInt(size - i * around)
                    .put((byte) 3)
                    .put(name.getBytes(US_ASCII))
                    .put((byte) 0);
        }
        all.putInt(5);
        return all.array();
    }

    /** Nothing of what is much too long is kept. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{find: '%s', $db: 'd'}",
                "{find: 'a', $db: '%s'}",
                "{find: 'a', filter: {'%s': 1}, $db: 'd'}",
                "{find: 'a', comment: '%s', $db: 'd'}",
                "{find: 'a', comment: {callingFunction: '%s', traceparent: '%s'}, $db: 'd'}",
                "{find: 'a', filter: {x: '%s'}, $db: 'd'}",
                "{aggregate: 'a', pipeline: [{$lookup: {from: '%s', as: 'b'}}], $db: 'd'}",
                "{insert: 'a', writeConcern: {w: '%s'}, readConcern: {level: '%s'}, $db: 'd'}",
                "{bulkWrite: 1, nsInfo: [{ns: '%s'}], $db: 'admin'}",
                "{hello: 1, client: {application: {name: '%s'}, driver: {name: '%s'}}, $db: 'admin'}",
                "{'%s': 1, $db: 'd'}",
            })
    void hugeTextsAreCut(String command) {
        Sniffer sniffer = talk.open(talk.sniffers(Map.of("statements", true)));
        MemoryTalk.talk(sniffer, 1, "{hello: 1, $db: 'd'}", "{ok: 1.0}");
        long before = MemoryTalk.used();

        for (int i = 0; i < 20; i++) {
            MemoryTalk.talk(
                    sniffer,
                    1,
                    command.replace("%s", i + "x".repeat(1_000_000)),
                    "{ok: 0.0, code: 1, codeName: '" + i + "y".repeat(1_000_000) + "', setName: '"
                            + "z".repeat(1_000_000) + "', errmsg: '" + "e".repeat(1_000_000) + "'}");
        }

        assertThat(MemoryTalk.used() - before).isLessThan(MIB / 2);
        assertThat(talk.exchanges.outcome).isEmpty();
        assertThat(talk.exchanges.emitted).isEqualTo(21);
        assertThat(sniffer.idle()).isTrue(); // and it is still there
    }
}
