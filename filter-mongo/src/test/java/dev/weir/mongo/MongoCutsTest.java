package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Documents longer than what is kept of a cut one, cut at every byte: in sections, in arrays, compressed or not. */
@Tag("slow")
final class MongoCutsTest {
    private final PerLoop.PerConnection<Sniffer> sniffers =
            new FakeEnvironment().sniffers(new MongoProtocol(), Map.of());

    /**
     * A request and its answer.
     *
     * @param shown fields that the exchange has to have, as they are written
     */
    record Talk(String name, byte[] request, byte[] answer, List<String> shown) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Talk> talks() {
        List<BsonDocument> documents = documents();
        BsonArray array = new BsonArray(documents);
        RelayMessage section =
                RelayMessage.of(1, BsonDocument.parse("{insert: 'orders', $db: 'shop'}"), "documents", documents);
        RelayMessage inBody = RelayMessage.of(
                1, 0, 0, BsonDocument.parse("{insert: 'orders', $db: 'shop'}").append("documents", array));
        RelayMessage find = RelayMessage.of(1, 0, 0, BsonDocument.parse("{find: 'orders', $db: 'shop'}"));
        RelayMessage inserted = RelayMessage.of(9, 1, 0, BsonDocument.parse("{n: 6, ok: 1.0}"));
        BsonDocument cursor = new BsonDocument("firstBatch", array)
                .append("id", new BsonInt32(0))
                .append("ns", new BsonString("shop.orders"));
        RelayMessage found =
                RelayMessage.of(9, 1, 0, new BsonDocument("cursor", cursor).append("ok", new BsonInt32(1)));
        List<Talk> talks = new ArrayList<>();
        for (BridgeCompressor compressor : Arrays.asList(
                null, BridgeCompressor.NOOP, BridgeCompressor.SNAPPY, BridgeCompressor.ZLIB, BridgeCompressor.ZSTD)) {
            String name = compressor == null ? "plain" : compressor.label();
            talks.add(talk("section, " + name, compressor, section, inserted, List.of("rows=6", "batch=6")));
            talks.add(talk("array, " + name, compressor, inBody, inserted, List.of("rows=6", "batch=6")));
            talks.add(talk("cursor, " + name, compressor, find, found, List.of("rows=6", "scatter=true")));
        }
        return talks.stream();
    }

    private static Talk talk(
            String name,
            @Nullable BridgeCompressor compressor,
            RelayMessage request,
            RelayMessage answer,
            List<String> shown) {
        return compressor == null
                ? new Talk(name, request.bytes(), answer.bytes(), shown)
                : new Talk(
                        name,
                        request.packed(compressor).bytes(),
                        answer.packed(compressor).bytes(),
                        shown);
    }

    private static List<BsonDocument> documents() {
        Random random = new Random(3);
        List<BsonDocument> documents = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            StringBuilder text = new StringBuilder();
            int length = 600 + random.nextInt(500);
            while (text.length() < length) {
                text.append(Integer.toString(random.nextInt(Integer.MAX_VALUE), 36));
            }
            documents.add(new BsonDocument("_id", new BsonInt32(i)).append("text", new BsonString(text.toString())));
        }
        return documents;
    }

    @ParameterizedTest
    @MethodSource("talks")
    void areReadTheSame(Talk talk) {
        List<String> whole = lines(talk, talk.request().length, talk.answer().length);

        assertThat(whole).singleElement().satisfies(line -> assertThat(line).contains(talk.shown()));
        for (int cut = 1; cut < talk.request().length; cut++) {
            assertThat(lines(talk, cut, talk.answer().length))
                    .as("request cut at %d", cut)
                    .isEqualTo(whole);
        }
        for (int cut = 1; cut < talk.answer().length; cut++) {
            assertThat(lines(talk, talk.request().length, cut))
                    .as("answer cut at %d", cut)
                    .isEqualTo(whole);
        }
    }

    private List<String> lines(Talk talk, int requestCut, int answerCut) {
        SnifferTester tester = new SnifferTester(sniffers);
        feed(tester, Direction.TO_UPSTREAM, talk.request(), requestCut);
        feed(tester, Direction.TO_CLIENT, talk.answer(), answerCut);
        List<String> lines = new ArrayList<>(tester.recorded().lines());
        if (!tester.outcome().isEmpty()) {
            lines.add(tester.outcome());
        }
        return lines;
    }

    private static void feed(SnifferTester tester, Direction direction, byte[] bytes, int cut) {
        tester.feed(direction, Arrays.copyOf(bytes, cut), 1);
        tester.feed(direction, Arrays.copyOfRange(bytes, cut, bytes.length), 1);
    }
}
