package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.protocol.SniffException;
import dev.weir.core.testkit.FakeEnvironment;
import io.micrometer.core.instrument.Counter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bson.BsonArray;
import org.bson.BsonDocument;
import org.bson.BsonInt32;
import org.bson.BsonType;
import org.bson.BsonValue;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told of generated documents is what the bson library says of them, wherever the bytes are cut. */
final class BsonWalkerTest {
    private static final int DOCUMENTS = 60;
    private static final int CUT = 12;

    /** What to do with a document or an array: the same for the same one, whoever asks. */
    private static int decide(int seed, int context, String name, int type) {
        int mixed = (seed * 31 + context) * 31 + name.hashCode() * 17 + type;
        mixed ^= mixed >>> 13;
        return switch (Math.floorMod(mixed, 5)) {
            case 0 -> BsonWalker.Fields.SKIP;
            case 1 -> type == Bson.ARRAY ? BsonWalker.Fields.COUNT : 7;
            default -> 1 + Math.floorMod(mixed >>> 3, 6);
        };
    }

    /** Writes down what it is told. */
    private static final class Told implements Body.Reader {
        private static final List<String> NAMES =
                List.of("a", "b", "0", "1", "10", "lsid", "updates!", "documents", "a name of more than 16");
        private static final NameTable TABLE = new NameTable(NAMES);

        private final List<String> lines = new ArrayList<>();
        private final int seed;
        private final int walked;

        Told(int seed, int walked) {
            this.seed = seed;
            this.walked = walked;
        }

        @Override
        public void flags(int flags) {
            lines.add("flags " + flags);
        }

        @Override
        public int sequence(byte[] a, int name, int nameEnd) {
            lines.add("sequence " + new String(a, name, nameEnd - name, StandardCharsets.UTF_8));
            return walked;
        }

        @Override
        public void sequenceEnds(int documents) {
            lines.add("documents " + documents);
        }

        @Override
        public int document() {
            return 1;
        }

        @Override
        public NameTable names() {
            return TABLE;
        }

        @Override
        public int element(int context, int type, int field, byte[] a, int name, int nameEnd, int value, int length) {
            String text = new String(a, name, nameEnd - name, StandardCharsets.UTF_8);
            if (field != NAMES.indexOf(text)) {
                lines.add(text + " was taken for number " + field);
            }
            lines.add(line(context, type, text, length, shown(type, a, value, length)));
            return type == Bson.DOCUMENT || type == Bson.ARRAY ? decide(seed, context, text, type) : SKIP;
        }

        private static byte[] shown(int type, byte[] a, int value, int length) {
            int most = switch (Bson.size(type)) {
                case Bson.TEXT -> Math.min(length, BsonWalker.TEXT);
                case Bson.BYTES -> Math.min(length, 16);
                case Bson.NESTED -> Math.min(length, 6);
                case Bson.TWO_CSTRINGS, Bson.POINTER, Bson.SIZED -> 0;
                default -> length;
            };
            return Arrays.copyOfRange(a, value, value + most);
        }

        @Override
        public void counted(int context, int elements) {
            lines.add("counted in " + context + " " + elements);
        }

        @Override
        public void ends(int context) {
            lines.add("ends " + context);
        }
    }

    private static String line(int context, int type, String name, int length, byte[] shown) {
        return context + " " + type + " " + name + " " + length + " " + Arrays.toString(shown);
    }

    /** What is to be told, made from what the library knows. */
    private static final class Expected {
        private final List<String> lines = new ArrayList<>();
        private final int seed;

        Expected(int seed) {
            this.seed = seed;
        }

        void document(int context, int depth, Iterable<Map.Entry<String, BsonValue>> elements) {
            for (Map.Entry<String, BsonValue> element : elements) {
                if (element.getKey().getBytes(StandardCharsets.UTF_8).length <= BsonWalker.NAME) {
                    element(context, depth, element.getKey(), element.getValue());
                }
            }
            lines.add("ends " + context);
        }

        private void element(int context, int depth, String name, BsonValue value) {
            byte[] wire = wire(value);
            int type = value.getBsonType().getValue() & 0xff;
            int size = Bson.size(type);
            int head = size == Bson.TEXT ? 4 : size == Bson.BYTES ? 5 : 0;
            int length = switch (size) {
                case Bson.TEXT -> wire.length - 5;
                case Bson.BYTES -> wire.length - 5;
                case Bson.TWO_CSTRINGS -> 0;
                case Bson.POINTER -> wire.length - 4 - 12;
                default -> wire.length;
            };
            byte[] from = Arrays.copyOfRange(wire, head, wire.length);
            lines.add(line(context, type, name, length, Told.shown(type, from, 0, length)));
            if (value.isDocument() || value.isArray()) {
                nested(decide(seed, context, name, type), context, depth, value);
            }
        }

        private void nested(int inner, int context, int depth, BsonValue value) {
            if (inner == BsonWalker.Fields.SKIP || depth == BsonWalker.DEPTH) {
                return;
            }
            if (inner == BsonWalker.Fields.COUNT) {
                lines.add("counted in " + context + " " + value.asArray().size());
            } else if (value.isDocument()) {
                document(inner, depth + 1, value.asDocument().entrySet());
            } else {
                document(inner, depth + 1, numbered(value.asArray()).entrySet());
            }
        }

        private static BsonDocument numbered(BsonArray array) {
            BsonDocument document = new BsonDocument();
            for (int i = 0; i < array.size(); i++) {
                document.append(Integer.toString(i), array.get(i));
            }
            return document;
        }

        /** The bytes of a value: those of a document with nothing else, without what is around it. */
        private static byte[] wire(BsonValue value) {
            byte[] document = Messages.bson(new BsonDocument("", value));
            return Arrays.copyOfRange(document, 6, document.length - 1);
        }
    }

    private static List<String> expected(int seed, BsonDocument body, List<BsonDocument> sequence, int walked) {
        Expected expected = new Expected(seed);
        expected.lines.add("flags 0");
        expected.document(1, 1, body.entrySet());
        expected.lines.add("sequence documents");
        for (BsonDocument document : sequence.subList(0, Math.min(walked, sequence.size()))) {
            expected.document(1, 1, document.entrySet());
        }
        expected.lines.add("documents " + sequence.size());
        return expected.lines;
    }

    private static byte[] message(BsonDocument body, List<BsonDocument> sequence) {
        byte[][] documents = sequence.stream().map(Messages::bson).toArray(byte[][]::new);
        return Messages.message(
                1,
                0,
                Wire.OP_MSG,
                Messages.flags(0),
                new byte[] {0},
                Messages.bson(body),
                Messages.sequence("documents", documents));
    }

    /** Shows pieces of a message to a reader; returns what was told, or null if the message has not ended. */
    private static List<String> told(int seed, int walked, byte[] message, int... cuts) {
        Told told = new Told(seed, walked);
        boolean[] ended = {false};
        MessageReader reader = new MessageReader(
                loop(),
                new MessageReader.Handler() {
                    @Override
                    public Body.Reader begins(int length, int requestId, int responseTo, int opcode, int compressor) {
                        return told;
                    }

                    @Override
                    public void ended(boolean lossy) {
                        assertThat(lossy).isFalse();
                        ended[0] = true;
                    }
                },
                true);
        int from = 0;
        for (int i = 0; i <= cuts.length; i++) {
            int to = i < cuts.length ? cuts[i] : message.length;
            ByteBuf piece = Unpooled.copiedBuffer(message, from, to - from);
            reader.feed(piece, 0, to - from);
            piece.release();
            from = to;
        }
        reader.release();
        assertThat(ended[0]).isTrue();
        return told.lines;
    }

    private static Loop loop() {
        FakeEnvironment environment = new FakeEnvironment();
        Counter counter = environment.meters().counter("any");
        return new Loop(
                new Loop.Settings(false, false, 16, new NameTable(List.of("a"))),
                new Loop.Counters(counter, counter, counter, counter, counter, counter),
                environment.inflaters(),
                new Loop.Shared(new Cursors(0), new Transactions(), new Topology("test", counter, counter)));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5, 8})
    void tellsWhatTheLibrarySaysHoweverItIsCut(int deepest) {
        for (int seed = 0; seed < DOCUMENTS; seed++) {
            RandomDocuments documents = new RandomDocuments(seed, deepest, 120);
            BsonDocument body = documents.next();
            List<BsonDocument> sequence = List.of(documents.next(), documents.next(), documents.next());
            byte[] message = message(body, sequence);
            int walked = seed % 5;

            List<String> expected = expected(seed, body, sequence, walked);

            assertThat(told(seed, walked, message)).as("seed %d", seed).isEqualTo(expected);
            Random random = new Random(seed);
            for (int round = 0; round < 20; round++) {
                int[] cuts = random.ints(CUT, 0, message.length).sorted().toArray();
                assertThat(told(seed, walked, message, cuts))
                        .as("seed %d, cuts %s", seed, Arrays.toString(cuts))
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void tellsTheSameCutAtEveryByte(int seed) {
        RandomDocuments documents = new RandomDocuments(1_000 + seed, 5, 60);
        BsonDocument body = documents.next();
        List<BsonDocument> sequence = List.of(documents.next(), documents.next());
        byte[] message = message(body, sequence);
        int step = 1 + message.length / 2_000;

        List<String> expected = expected(seed, body, sequence, 1);

        assertThat(told(
                        seed,
                        1,
                        message,
                        java.util.stream.IntStream.range(1, message.length).toArray()))
                .isEqualTo(expected);
        for (int at = 1; at < message.length; at += step) {
            assertThat(told(seed, 1, message, at)).as("cut at %d", at).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {38, 39, 40, 41, 90})
    void goesNoDeeperThanItHasRoomFor(int levels) {
        BsonDocument body = new BsonDocument("x", new BsonInt32(1));
        for (int i = 0; i < levels; i++) {
            body = new BsonDocument("d" + i % 3, i % 4 == 0 ? new BsonArray(List.of(body)) : body);
        }
        byte[] message = message(body, List.of());

        for (int seed = 0; seed < 200; seed++) {
            assertThat(told(seed, 0, message)).isEqualTo(expected(seed, body, List.of(), 0));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
    void neverThrowsAnythingElseForWhatIsDamaged(int round) {
        for (int seed = 0; seed < 300; seed++) {
            RandomDocuments documents = new RandomDocuments(seed, 4, 40);
            byte[] message = message(documents.next(), List.of(documents.next()));
            Random random = new Random(31L * seed + round);
            for (int i = 0; i <= random.nextInt(3); i++) {
                message[Wire.HEADER + random.nextInt(message.length - Wire.HEADER)] = (byte) random.nextInt();
            }
            int salt = seed;
            int[] cuts = random.ints(CUT, 0, message.length).sorted().toArray();

            try {
                assertThat(told(salt, 1, message, cuts)).isEqualTo(told(salt, 1, message));
            } catch (SniffException e) {
                assertThatThrownBy(() -> told(salt, 1, message))
                        .as("seed %d, cuts %s", salt, Arrays.toString(cuts))
                        .isInstanceOf(SniffException.class);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3})
    void theGeneratorMakesAllTypes(int seed) {
        boolean[] seen = new boolean[256];
        for (int i = 0; i < DOCUMENTS; i++) {
            mark(seen, new RandomDocuments(seed + i, 5, 120).next());
        }

        for (BsonType type : BsonType.values()) {
            assertThat(seen[type.getValue() & 0xff]).as(type.name()).isEqualTo(type != BsonType.END_OF_DOCUMENT);
        }
    }

    private static void mark(boolean[] seen, BsonValue value) {
        seen[value.getBsonType().getValue() & 0xff] = true;
        if (value.isDocument()) {
            value.asDocument().values().forEach(one -> mark(seen, one));
        } else if (value.isArray()) {
            value.asArray().forEach(one -> mark(seen, one));
        }
    }
}
