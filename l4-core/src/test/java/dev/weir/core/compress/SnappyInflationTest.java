package dev.weir.core.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.compress.Inflaters.Format;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.xerial.snappy.Snappy;

/** What the encoders of snappy's own library and of Netty make comes out as it went in; the rest is judged alike. */
final class SnappyInflationTest {
    private static final byte[] ABC = "abc".getBytes(StandardCharsets.US_ASCII);

    private final Inflaters inflaters = new Inflaters();

    @AfterEach
    void everythingIsGivenBack() {
        assertThat(inflaters.taken()).isZero();
        inflaters.close();
    }

    /** Seeded data from noise to nearly nothing, of many sizes. */
    static List<byte[]> plains() {
        List<byte[]> plains = new ArrayList<>();
        Random random = new Random(5);
        for (int size : new int[] {0, 1, 3, 4, 15, 16, 59, 60, 61, 64, 255, 257, 3_000, 32_000, 65_535}) {
            for (int letters : new int[] {1, 2, 5, 256}) {
                byte[] plain = new byte[size];
                for (int i = 0; i < size; i++) {
                    plain[i] = (byte) (random.nextInt(10) < 7 && i > 40 ? plain[i - 40] : random.nextInt(letters));
                }
                plains.add(plain);
            }
        }
        return plains;
    }

    private static byte[] byNetty(byte[] plain) {
        ByteBuf in = Unpooled.wrappedBuffer(plain);
        ByteBuf out = Unpooled.buffer();
        new io.netty.handler.codec.compression.Snappy().encode(in, out, plain.length);
        return ByteBufUtil.getBytes(out);
    }

    /** Inflates with pieces and rooms of the given sizes; nothing may be asked twice without any progress. */
    private byte[] inflate(byte[] frame, IntSupplier pieces, IntSupplier rooms) {
        Inflation inflation = inflaters.lease(Format.SNAPPY);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            int at = 0;
            while (at < frame.length && !inflation.finished()) {
                int to = Math.min(frame.length, at + pieces.getAsInt());
                boolean goes = true;
                while (goes) {
                    byte[] out = new byte[rooms.getAsInt() + 2];
                    int written = inflation.inflate(frame, at, to, out, 1, out.length - 1);
                    assertThat(out[0] | out[out.length - 1]).isZero();
                    all.write(out, 1, written);
                    at += inflation.consumed();
                    goes = !inflation.finished() && (at < to || written == out.length - 2);
                }
            }
            assertThat(inflation.finished()).as("finished").isTrue();
            assertThat(at).as("consumed").isEqualTo(frame.length);
        } finally {
            inflation.release();
        }
        return all.toByteArray();
    }

    private byte[] inflate(byte[] frame) {
        return inflate(frame, () -> frame.length, () -> 70_000);
    }

    @ParameterizedTest
    @MethodSource("plains")
    void framesOfTheEncodersComeOutWhole(byte[] plain) throws IOException {
        Random random = new Random(plain.length);
        List<byte[]> frames = new ArrayList<>(List.of(Snappy.compress(plain)));
        if (plain.length <= 32_000) {
            frames.add(byNetty(plain));
        }
        for (byte[] frame : frames) {
            assertThat(inflate(frame)).isEqualTo(plain);
            assertThat(inflate(frame, () -> 1, () -> 1)).isEqualTo(plain);
            assertThat(inflate(frame, () -> 1 + random.nextInt(50), () -> 1 + random.nextInt(90)))
                    .isEqualTo(plain);
        }
    }

    @Test
    void mayBeCutAtEachByteOnBothSides() throws IOException {
        byte[] frame = new SnappyElements().random(new Random(3), 700, 700).frame();
        byte[] plain = Snappy.uncompress(frame);
        for (int cut = 1; cut < frame.length; cut++) {
            int piece = cut;

            assertThat(inflate(frame, () -> piece, () -> 1_000)).isEqualTo(plain);
        }
        for (int cut = 1; cut < plain.length; cut++) {
            int room = cut;

            assertThat(inflate(frame, () -> frame.length, () -> room)).isEqualTo(plain);
        }
    }

    @Test
    void elementsOfAllKindsAreReadAsTheLibraryReadsThem() throws IOException {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            byte[] frame = new SnappyElements()
                    .random(random, 1 + random.nextInt(5_000), Integer.MAX_VALUE)
                    .frame();

            byte[] plain = inflate(frame, () -> 1 + random.nextInt(30), () -> 1 + random.nextInt(200));

            assertThat(plain).as("seed %d", seed).isEqualTo(Snappy.uncompress(frame));
        }
    }

    @Test
    void whatIsDamagedIsJudgedAsTheLibraryJudgesIt() throws IOException {
        int damaged = 0;
        for (int seed = 0; seed < 4_000; seed++) {
            Random random = new Random(seed);
            byte[] frame = new SnappyElements().random(random, 300, 70_000).frame();
            frame = random.nextInt(8) == 0 ? Arrays.copyOf(frame, random.nextInt(frame.length + 9)) : frame;
            for (int i = random.nextInt(3); i >= 0 && frame.length > 0; i--) {
                frame[random.nextInt(frame.length)] = (byte) random.nextInt();
            }
            boolean right = Snappy.isValidCompressedBuffer(frame, 0, frame.length);
            damaged += right ? 0 : 1;

            byte[] plain = inflateIfRight(frame, random);

            assertThat(plain != null).as("seed %d is right", seed).isEqualTo(right);
            if (right) {
                assertThat(plain).isEqualTo(Snappy.uncompress(frame));
            }
        }
        assertThat(damaged).isBetween(1_000, 3_900);
    }

    private byte[] inflateIfRight(byte[] frame, Random random) {
        try {
            return inflate(frame, () -> 1 + random.nextInt(100), () -> 100_000);
        } catch (InflateException e) {
            assertThat(e.noRoom()).isFalse();
            return null;
        } catch (AssertionError cutOrLonger) {
            return null;
        }
    }

    static Stream<Arguments> malformed() {
        SnappyElements abc = new SnappyElements().literal(ABC, 0);
        return Stream.of(
                Arguments.of("length of 6 bytes", bytes(0x80, 0x80, 0x80, 0x80, 0x80, 1)),
                Arguments.of("length beyond 32 bits", bytes(0xff, 0xff, 0xff, 0xff, 0x10)),
                Arguments.of(
                        "copy of nothing", new SnappyElements().copy(4, 1, 1).frame()),
                Arguments.of("offset 0 in 1 byte", abc().copy(4, 0, 1).frame()),
                Arguments.of("offset 0 in 2 bytes", abc().copy(5, 0, 2).frame()),
                Arguments.of("offset 0 in 4 bytes", abc().copy(5, 0, 4).frame()),
                Arguments.of("offset 0 after a length of 64", bytes(0x40, 0x12, 0, 0)),
                Arguments.of("before the begin", abc().copy(4, 4, 1).frame()),
                Arguments.of("before the begin, 2 bytes", abc().copy(4, 4, 2).frame()),
                Arguments.of(
                        "before the begin, 4 bytes",
                        abc().copy(4, 0xFFFFFFFFL, 4).frame()),
                Arguments.of("literal beyond the end", abc.frame(2)),
                Arguments.of(
                        "literal beyond the end, later", abc().literal(ABC, 3).frame(5)),
                Arguments.of(
                        "literal of 4 GiB",
                        abc().raw(63 << 2, 0xff, 0xff, 0xff, 0xff).frame(100)),
                Arguments.of("copy beyond the end", abc().copy(64, 1, 2).frame(66)));
    }

    private static SnappyElements abc() {
        return new SnappyElements().literal(ABC, 0);
    }

    private static byte[] bytes(int... bytes) {
        byte[] all = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            all[i] = (byte) bytes[i];
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void malformedFramesAreRefused(String name, byte[] frame) throws IOException {
        assertThat(Snappy.isValidCompressedBuffer(frame, 0, frame.length)).isFalse();
        for (int piece = 1; piece <= frame.length; piece++) {
            int size = piece;

            assertThatThrownBy(() -> inflate(frame, () -> size, () -> 200))
                    .isInstanceOfSatisfying(
                            InflateException.class, e -> assertThat(e.noRoom()).isFalse());
        }
    }

    /** An error is found in the byte that makes it, wherever that is. */
    @Test
    void malformedElementsAreFoundAtEachPlace() {
        for (int length = 3; length < 400; length++) {
            SnappyElements before = new SnappyElements().random(new Random(length), length, 1_000);
            byte[] frame = before.copy(4, before.length() + 1, 4).frame();
            Inflation inflation = inflaters.lease(Format.SNAPPY);
            byte[] out = new byte[2_000];

            int written = inflation.inflate(frame, 0, frame.length - 1, out, 0, out.length);
            assertThat(written).isEqualTo((int) before.length() - 4);
            assertThatThrownBy(() -> inflation.inflate(frame, frame.length - 1, frame.length, out, 0, out.length))
                    .isInstanceOf(InflateException.class);

            inflation.release();
        }
    }

    @Test
    void cutFramesAreNeitherFinishedNorMalformed() {
        byte[] frame = new SnappyElements().random(new Random(8), 900, 900).frame();
        for (int n = 0; n < frame.length; n++) {
            Inflation inflation = inflaters.lease(Format.SNAPPY);

            inflation.inflate(frame, 0, n, new byte[2_000], 0, 2_000);

            assertThat(inflation.consumed()).isEqualTo(n);
            assertThat(inflation.finished()).isFalse();
            inflation.release();
        }
    }

    @Test
    void nothingIsReadBeyondTheEnd() {
        for (byte[] frame : List.of(bytes(0, 1, 2), abc().raw(0, 9, 9).frame(3))) {
            Inflation inflation = inflaters.lease(Format.SNAPPY);

            int written = inflation.inflate(frame, 0, frame.length, new byte[100], 0, 100);

            assertThat(written).isEqualTo(frame[0]);
            assertThat(inflation.finished()).isTrue();
            assertThat(inflation.consumed()).isEqualTo(frame[0] == 0 ? 1 : 5);
            inflation.release();
        }
    }

    @Test
    void runsRepeatWhatTheyWrite() {
        byte[] frame = abc().copy(64, 3, 2).copy(11, 1, 1).frame();

        assertThat(new String(inflate(frame, () -> 1, () -> 7), StandardCharsets.US_ASCII))
                .isEqualTo("abc".repeat(22) + "a" + "a".repeat(11));
    }
}
