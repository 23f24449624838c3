package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bson.BsonDocument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** In the steady state nothing is allocated: not per document, not per command, not per part of a stream. */
final class MongoSnifferAllocationTest {
    private static final int ROUNDS = 2_000;
    /** Of an open cursor or transaction. */
    private static final int RECORD = 32;

    private static final BsonDocument HELLO = BsonDocument.parse("{hello: 1, client: {application: {name: 'shop'},"
            + " driver: {name: 'PyMongo', version: '4.20.1'}}, $db: 'admin'}");
    private static final BsonDocument PRIMARY = BsonDocument.parse(
            "{isWritablePrimary: true, maxWireVersion: 27, setName: 'rs0', hosts: ['a:1'], me: 'a:1', ok: 1.0}");
    private static final String SESSION = "lsid: {id: {$binary: {base64: 'AAECAwQFBgcICQoLDA0ODw==', subType: '04'}}}";

    private static BsonDocument json(String json) {
        return BsonDocument.parse(json);
    }

    private static String documents(int n) {
        return String.join(
                ", ",
                IntStream.range(0, n)
                        .mapToObj(i -> "{_id: " + i + ", status: 'open', lines: [{sku: 'a', n: 1}], total: 17.5}")
                        .toList());
    }

    /** A find of a hundred documents in two batches. */
    private static List<RelayMessage> asksForCursors() {
        return List.of(
                RelayMessage.of(
                        1,
                        0,
                        0,
                        json("{find: 'orders', filter: {status: 'open', total: {$gt: 5}}, sort: {date: -1},"
                                + " batchSize: 50, comment: 'Shop.list', " + SESSION
                                + ", $db: 'shop', $readPreference: {mode: 'primaryPreferred'}}")),
                RelayMessage.of(
                        2, 0, 0, json("{getMore: {$numberLong: '7700000001'}, collection: 'orders', $db: 'shop'}")));
    }

    private static List<RelayMessage> givesCursors() {
        return List.of(
                RelayMessage.of(
                        91,
                        1,
                        0,
                        json("{cursor: {firstBatch: [" + documents(50)
                                + "], id: {$numberLong: '7700000001'}, ns: 'shop.orders'}, ok: 1.0}")),
                RelayMessage.of(
                        92,
                        2,
                        0,
                        json("{cursor: {nextBatch: [" + documents(50)
                                + "], id: {$numberLong: '0'}, ns: 'shop.orders'}, ok: 1.0}")));
    }

    @Test
    void allocatesNothingPerFindAndDocument() {
        List<RelayMessage> asked = asksForCursors().subList(0, 1);
        List<RelayMessage> answered = List.of(RelayMessage.of(
                91,
                1,
                0,
                json("{cursor: {firstBatch: [" + documents(100)
                        + "], id: {$numberLong: '0'}, ns: 'shop.orders'}, ok: 1.0}")));

        assertNothingAllocated(asked, answered, 1, 100);
    }

    /** Besides the record of it, which all loops share and which therefore is a new one for each. */
    @Test
    void allocatesNothingPerGetMoreOfACursor() {
        long allocated = allocated(singly(asksForCursors()), inTurn(asksForCursors(), givesCursors()), 2, 100);

        assertThat(allocated).isLessThan((RECORD + 12L) * ROUNDS);
    }

    @ParameterizedTest
    @EnumSource
    void allocatesNothingWhereMessagesAreCompressed(BridgeCompressor compressor) {
        UnaryOperator<RelayMessage> pack = message -> message.packed(compressor);

        List<RelayMessage> asked = asksForCursors().stream().map(pack).toList();
        List<RelayMessage> answered = givesCursors().stream().map(pack).toList();
        long allocated = allocated(singly(asked), inTurn(asked, answered), 2, 100);

        assertThat(allocated).isLessThan((RECORD + 12L) * ROUNDS);
    }

    @Test
    void allocatesNothingPerWrite() {
        List<BsonDocument> hundred = IntStream.range(0, 100)
                .mapToObj(i -> json("{_id: " + i + ", a: {b: [1, 2]}}"))
                .toList();
        List<RelayMessage> asked = List.of(
                RelayMessage.of(1, json("{insert: 'orders', ordered: true, $db: 'shop'}"), "documents", hundred),
                RelayMessage.of(
                        2,
                        json("{update: 'orders', $db: 'shop', writeConcern: {w: 'majority'}}"),
                        "updates",
                        List.of(json("{q: {_id: 7}, u: {$set: {status: 'paid'}}}"))),
                RelayMessage.of(
                        3,
                        0,
                        Wire.MORE_TO_COME,
                        json(
                                "{delete: 'orders', deletes: [{q: {a: 1}, limit: 1}], writeConcern: {w: 0}, $db: 'shop'}")),
                RelayMessage.of(
                        4,
                        0,
                        0,
                        json("{findAndModify: 'orders', query: {_id: 1}, update: {$set: {a: 1}}," + " $db: 'shop'}")));
        List<RelayMessage> answered = List.of(
                RelayMessage.of(91, 1, 0, json("{n: 100, ok: 1.0}")),
                RelayMessage.of(92, 2, 0, json("{n: 1, nModified: 1, ok: 1.0}")),
                RelayMessage.of(94, 4, 0, json("{lastErrorObject: {n: 1}, value: {_id: 1}, ok: 1.0}")));

        assertNothingAllocated(asked, answered, 4, 102);
    }

    /** Besides the record of the transaction. */
    @Test
    void allocatesNothingPerStatementOfATransactionAndError() {
        String part = SESSION + ", txnNumber: {$numberLong: '7'}, autocommit: false, $db: ";
        List<RelayMessage> asked = List.of(
                RelayMessage.of(
                        1,
                        0,
                        0,
                        json("{insert: 'orders', documents: [{a: 1}], startTransaction: true, " + part + "'shop'}")),
                RelayMessage.of(2, 0, 0, json("{commitTransaction: 1, " + part + "'admin'}")),
                RelayMessage.of(3, 0, 0, json("{insert: 'orders', documents: [{a: 1}], $db: 'shop'}")),
                RelayMessage.of(4, 0, 0, json("{find: 'orders', filter: {$bad: 1}, $db: 'shop'}")));
        List<RelayMessage> answered = List.of(
                RelayMessage.of(91, 1, 0, json("{n: 1, ok: 1.0}")),
                RelayMessage.of(92, 2, 0, json("{ok: 1.0}")),
                RelayMessage.of(
                        93, 3, 0, json("{n: 0, writeErrors: [{index: 0, code: 11000, errmsg: 'dup'}], ok: 1.0}")),
                RelayMessage.of(94, 4, 0, json("{ok: 0.0, errmsg: 'bad', code: 2, codeName: 'BadValue'}")));

        long allocated = allocated(singly(asked), inTurn(asked, answered), 4, 1);

        assertThat(allocated).isLessThan((RECORD + 12L) * ROUNDS);
    }

    @Test
    void allocatesNothingPerPartOfAStream() {
        List<RelayMessage> asked = List.of(RelayMessage.of(
                1,
                0,
                Wire.EXHAUST_ALLOWED,
                json("{getMore: {$numberLong: '7700000001'}, collection: 'orders', $db: 'shop'}")));
        String more =
                "{cursor: {nextBatch: [" + documents(10) + "], id: {$numberLong: '%s'}, ns: 'shop.orders'}, ok: 1.0}";
        List<RelayMessage> answered = List.of(
                RelayMessage.of(91, 1, Wire.MORE_TO_COME, json(String.format(more, "7700000001"))),
                RelayMessage.of(92, 91, Wire.MORE_TO_COME, json(String.format(more, "7700000001"))),
                RelayMessage.of(93, 92, 0, json(String.format(more, "0"))));

        assertNothingAllocated(asked, answered, 3, 30);
    }

    @Test
    void allocatesNothingWhereRequestsDoNotWaitForAnswers() {
        List<RelayMessage> asked = new ArrayList<>();
        List<RelayMessage> answered = new ArrayList<>();
        for (int i = 1; i <= 8; i++) {
            asked.add(RelayMessage.of(i, 0, 0, json("{find: 'orders', filter: {_id: 7}, $db: 'shop'}")));
            answered.add(RelayMessage.of(
                    90 + i, 9 - i, 0, json("{cursor: {firstBatch: [{_id: 7}], id: {$numberLong: '0'}}, ok: 1.0}")));
        }

        long allocated = allocated(List.of(asked), List.of(answered), 8, 8);

        assertThat(allocated).isLessThan(12L * ROUNDS);
    }

    private static List<List<RelayMessage>> singly(List<RelayMessage> asked) {
        return asked.stream().map(List::of).toList();
    }

    /** What answers each request: none where nobody waits, several of a stream. */
    private static List<List<RelayMessage>> inTurn(List<RelayMessage> asked, List<RelayMessage> answered) {
        List<List<RelayMessage>> answers = new ArrayList<>();
        Iterator<RelayMessage> left = answered.iterator();
        for (RelayMessage request : asked) {
            List<RelayMessage> one = new ArrayList<>();
            boolean more = !request.moreToCome();
            while (more) {
                RelayMessage answer = left.next();
                one.add(answer);
                more = answer.moreToCome();
            }
            answers.add(one);
        }
        return answers;
    }

    /** Each request is answered before the next one, as drivers want it. */
    private static void assertNothingAllocated(
            List<RelayMessage> asked, List<RelayMessage> answered, int commands, int rows) {
        long allocated = allocated(singly(asked), inTurn(asked, answered), commands, rows);

        // The first time of a cut may borrow something; one object in every round would be 16 bytes at least.
        assertThat(allocated).isLessThan(12L * ROUNDS);
    }

    /** Bytes allocated in all rounds. */
    private static long allocated(
            List<List<RelayMessage>> asked, List<List<RelayMessage>> answered, int commands, int rows) {
        CountedExchanges exchanges = new CountedExchanges(new DigestTable(DigestTable.DEFAULT_MAX_BYTES));
        Sniffer sniffer =
                new FakeEnvironment().sniffers(new MongoProtocol(), Map.of()).create(new FakeConnection());
        sniffer.onOpen(exchanges);
        ByteBuf[] hello = bursts(List.of(List.of(RelayMessage.of(1, 0, 0, HELLO))));
        play(sniffer, hello, bursts(List.of(List.of(RelayMessage.of(90, 1, 0, PRIMARY)))), 0);
        ByteBuf[] requests = bursts(asked);
        ByteBuf[] answers = bursts(answered);
        for (int i = 0; i < 500; i++) {
            play(sniffer, requests, answers, i);
        }
        exchanges.emitted = 0;
        exchanges.rows = 0;

        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            play(sniffer, requests, answers, i);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(exchanges.outcome).isEmpty();
        assertThat(exchanges.emitted).isEqualTo((long) ROUNDS * commands);
        assertThat(exchanges.rows).isEqualTo((long) ROUNDS * rows);
        return allocated;
    }

    private static ByteBuf[] bursts(List<List<RelayMessage>> bursts) {
        return bursts.stream()
                .map(burst -> {
                    ByteArrayOutputStream all = new ByteArrayOutputStream();
                    burst.forEach(message -> all.writeBytes(message.bytes()));
                    return buffer(all.toByteArray());
                })
                .toArray(ByteBuf[]::new);
    }

    /** Each burst is cut in two, at another place each time, so that the slow way is taken as well. */
    private static void play(Sniffer sniffer, ByteBuf[] requests, ByteBuf[] answers, int round) {
        for (int i = 0; i < requests.length; i++) {
            shown(sniffer, Direction.TO_UPSTREAM, requests[i], round);
            shown(sniffer, Direction.TO_CLIENT, answers[i], round);
        }
    }

    private static void shown(Sniffer sniffer, Direction direction, ByteBuf data, int round) {
        int end = data.writerIndex();
        if (end == 0) {
            return; // no answer
        }
        int cut = 1 + round * 7 % (end - 1);
        data.writerIndex(cut);
        sniffer.onBytes(direction, data, round);
        data.writerIndex(end);
        data.readerIndex(cut);
        sniffer.onBytes(direction, data, round);
        data.readerIndex(0);
    }

    /** Not watched for leaks: what the detector notes at each access would be counted. Of the heap's, nothing is released. */
    private static ByteBuf buffer(byte[] bytes) {
        return new UnpooledByteBufAllocator(false, true)
                .heapBuffer(bytes.length)
                .writeBytes(bytes);
    }
}
