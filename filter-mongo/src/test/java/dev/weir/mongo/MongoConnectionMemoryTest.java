package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.protocol.Sniffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bson.BsonArray;
import org.bson.BsonBinary;
import org.bson.BsonDocument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What connections take that are idle, in the middle of a message, or wait for answers. */
final class MongoConnectionMemoryTest {
    private static final int CONNECTIONS = 2_000;
    private static final int MIB = 1 << 20;

    private final MemoryTalk talk = new MemoryTalk();

    /** Half a message: where it stops, and how it is compressed. */
    record Half(String name, byte[] bytes) {
        boolean snappy() {
            return name.endsWith("snappy");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Half half(String name, RelayMessage message, int bytes) {
        return new Half(name, Arrays.copyOf(message.bytes(), bytes));
    }

    static Stream<Half> halves() {
        BsonDocument insert = BsonDocument.parse("{insert: 'orders', $db: 'shop'}");
        Random random = new Random(5);
        List<BsonDocument> documents = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            byte[] text = new byte[3_000];
            random.nextBytes(text);
            documents.add(new BsonDocument("text", new BsonBinary(text)));
        }
        RelayMessage section = RelayMessage.of(7, insert, "documents", documents);
        RelayMessage array = RelayMessage.of(7, 0, 0, insert.clone().append("documents", new BsonArray(documents)));
        RelayMessage find = RelayMessage.of(
                7, 0, 0, BsonDocument.parse("{find: 'a', comment: '" + "x".repeat(100_000) + "', $db: 'd'}"));
        RelayMessage name = RelayMessage.of(
                7, 0, 0, BsonDocument.parse("{find: 'a', filter: {" + "x".repeat(100_000) + ": 1}, $db: 'd'}"));
        List<Half> halves = new ArrayList<>();
        halves.add(half("header", section, 11));
        halves.add(half("size of a document", section, 50_000));
        halves.add(half("section", section, 30_001));
        halves.add(half("array", array, 40_001));
        halves.add(half("comment", find, 20_000));
        halves.add(half("key", name, 20_000));
        for (BridgeCompressor compressor : BridgeCompressor.values()) {
            halves.add(half("section, " + compressor.label(), section.packed(compressor), 30_001));
            halves.add(half("array, " + compressor.label(), array.packed(compressor), 40_001));
        }
        return halves.stream();
    }

    private long perConnection(Map<String, ?> config, boolean snappy, Consumer<Sniffer> habit) {
        PerLoop.PerConnection<Sniffer> sniffers = talk.sniffers(config);
        Sniffer first = talk.open(sniffers);
        habit.accept(first);
        first.onClose(CloseReason.CLIENT_CLOSED, 9);
        List<Sniffer> open = new ArrayList<>(CONNECTIONS);
        long before = MemoryTalk.used();
        for (int i = 0; i < CONNECTIONS; i++) {
            Sniffer sniffer = talk.open(sniffers);
            open.add(sniffer);
            habit.accept(sniffer);
        }
        long after = MemoryTalk.used();
        // Those of snappy are made of heap.
        long inflaters = talk.environment.inflaters().taken();
        assertThat(inflaters).isLessThanOrEqualTo(Inflaters.DEFAULT_MAX_BYTES);
        open.forEach(sniffer -> sniffer.onClose(CloseReason.CLIENT_CLOSED, 9));
        assertThat(talk.environment.inflaters().taken()).isZero();
        return (after - before - (snappy ? inflaters : 0)) / CONNECTIONS;
    }

    @ParameterizedTest
    @MethodSource("halves")
    void halfAMessageTakesNoMoreThanIsAgreed(Half half) {
        long bytes = perConnection(
                Map.of(), half.snappy(), sniffer -> MemoryTalk.say(sniffer, Direction.TO_UPSTREAM, half.bytes()));

        assertThat(bytes).isLessThanOrEqualTo(4_096);
    }

    @ParameterizedTest
    @MethodSource("halves")
    void halfAMessageTakesLittleMoreWhereCommandsAreShown(Half half) {
        long bytes = perConnection(
                Map.of("statements", true),
                half.snappy(),
                sniffer -> MemoryTalk.say(sniffer, Direction.TO_UPSTREAM, half.bytes()));

        // 256 of 16 KiB, for all of them.
        assertThat(bytes).isLessThanOrEqualTo(4_096 + 256 * (16 << 10) / CONNECTIONS);
    }

    @ParameterizedTest
    @MethodSource("halves")
    void halfAnAnswerTakesNoMoreThanIsAgreed(Half half) {
        byte[] find = MemoryTalk.message(7, 0, "{find: 'a', $db: 'd'}");
        byte[] answer = half.bytes().clone();
        if (answer.length > 12) {
            answer[8] = 7; // what it answers
        }

        long bytes = perConnection(Map.of(), half.snappy(), sniffer -> {
            MemoryTalk.say(sniffer, Direction.TO_UPSTREAM, find);
            MemoryTalk.say(sniffer, Direction.TO_CLIENT, answer);
        });

        assertThat(bytes).isLessThanOrEqualTo(4_096);
    }

    @Test
    void anIdleConnectionTakesNoMoreThanIsAgreed() {
        long bytes = perConnection(Map.of(), false, sniffer -> {
            MemoryTalk.talk(
                    sniffer,
                    1,
                    "{hello: 1, client: {application: {name: 'app'}, driver: {name: 'd', version: '1'}}, $db: 'admin'}",
                    "{isWritablePrimary: true, maxWireVersion: 21, setName: 'a', ok: 1.0}");
            MemoryTalk.talk(
                    sniffer, 2, "{find: 'a', filter: {x: 1}, $db: 'd'}", "{cursor: {firstBatch: [], id: 0}, ok: 1.0}");
            MemoryTalk.say(
                    sniffer,
                    Direction.TO_UPSTREAM,
                    RelayMessage.of(3, 0, 0, BsonDocument.parse("{ping: 1}"))
                            .packed(BridgeCompressor.ZLIB)
                            .bytes());
            MemoryTalk.say(sniffer, Direction.TO_CLIENT, MemoryTalk.message(9, 3, "{ok: 1.0}"));
        });

        assertThat(bytes).isLessThanOrEqualTo(1_024);
    }

    /** Each of them may have as many as it is allowed to, all of them together no more than a loop has room for. */
    @Test
    void commandsThatNobodyAnswersAreLimited() {
        PerLoop.PerConnection<Sniffer> sniffers = talk.sniffers(Map.of());
        byte[] find = MemoryTalk.message(1, 0, "{find: 'a', filter: {x: 1}, comment: 'b', $db: 'd'}");
        List<Sniffer> open = new ArrayList<>();
        long before = MemoryTalk.used();

        int stopped = 0;
        long asked = 0;
        for (int i = 0; i < 50; i++) {
            Sniffer sniffer = talk.open(sniffers);
            open.add(sniffer);
            try {
                for (int n = 0; n < 4_000; n++) {
                    find[4] = (byte) n;
                    find[5] = (byte) (n >> 8);
                    MemoryTalk.say(sniffer, Direction.TO_UPSTREAM, find);
                    asked++;
                }
            } catch (SniffException e) {
                assertThat(e.reason()).isEqualTo("pending");
                stopped++;
            }
        }
        long taken = MemoryTalk.used() - before;

        assertThat(asked).isBetween(50_000L, 70_000L);
        assertThat(stopped).isGreaterThan(30);
        assertThat(taken).isLessThan(32L * MIB);
        open.forEach(sniffer -> sniffer.onClose(CloseReason.CLIENT_CLOSED, 9));
        assertThat(talk.exchanges.emitted).isEqualTo(asked);
        assertThat(MemoryTalk.used() - before).isLessThan(MIB);
    }
}
