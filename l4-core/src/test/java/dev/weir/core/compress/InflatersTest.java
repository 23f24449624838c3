package dev.weir.core.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStream;
import dev.weir.core.compress.Inflaters.Format;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.xerial.snappy.Snappy;

/** Frames made by the libraries themselves come out as they went in; memory is bounded whatever a frame says. */
final class InflatersTest {
    private static final byte[] TEXT = text(300_000);

    private static byte[] text(int length) {
        byte[] text = new byte[length];
        Random random = new Random(1);
        for (int i = 0; i < length; i++) {
            text[i] = (byte) ('a' + (random.nextInt(100) < 80 ? i % 7 : random.nextInt(26)));
        }
        return text;
    }

    private static byte[] compressed(Format format, byte[] plain) {
        if (format == Format.ZSTD) {
            return Zstd.compress(plain, 3);
        }
        if (format == Format.SNAPPY) {
            return snappy(plain);
        }
        Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, format == Format.DEFLATE);
        deflater.setInput(plain);
        deflater.finish();
        byte[] room = new byte[plain.length + 100];
        int n = deflater.deflate(room);
        deflater.end();
        return Arrays.copyOf(room, n);
    }

    private static byte[] snappy(byte[] plain) {
        try {
            return Snappy.compress(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Feeds pieces of {@code piece} bytes, takes pieces of {@code room} bytes. */
    private static byte[] inflate(Inflation inflation, byte[] in, int piece, int room) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] out = new byte[room];
        for (int from = 0; from < in.length && !inflation.finished(); from += piece) {
            int at = from;
            int to = Math.min(in.length, from + piece);
            int written;
            do {
                written = inflation.inflate(in, at, to, out, 0, room);
                at += inflation.consumed();
                all.write(out, 0, written);
            } while (!inflation.finished() && (written > 0 || at < to && inflation.consumed() > 0));
            assertThat(at).isEqualTo(to);
        }
        return all.toByteArray();
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void framesComeOutWhole(Format format) {
        Inflaters inflaters = new Inflaters();
        byte[] frame = compressed(format, TEXT);
        for (int piece : new int[] {1, 7, 1000, 40_000, frame.length}) {
            Inflation inflation = inflaters.lease(format);

            assertThat(inflate(inflation, frame, piece, 5_000)).isEqualTo(TEXT);
            assertThat(inflation.finished()).isTrue();
            inflation.release();
        }
        assertThat(inflaters.taken()).isZero();
        inflaters.close();
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void smallAndEmptyFrames(Format format) {
        Inflaters inflaters = new Inflaters();
        for (byte[] plain : List.of(new byte[0], new byte[] {1}, text(300), text(70_000))) {
            Inflation inflation = inflaters.lease(format);

            assertThat(inflate(inflation, compressed(format, plain), 3, 64)).isEqualTo(plain);
            assertThat(inflation.finished()).isTrue();
            inflation.release();
        }
        inflaters.close();
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void garbageIsMalformed(Format format) {
        Inflaters inflaters = new Inflaters();
        for (int seed = 0; seed < 200; seed++) {
            byte[] frame = compressed(format, TEXT);
            Random random = new Random(seed);
            for (int i = 0; i < 20; i++) {
                frame[random.nextInt(frame.length)] = (byte) random.nextInt();
            }
            Inflation inflation = inflaters.lease(format);
            try {
                inflate(inflation, frame, 10_000, 5_000);
            } catch (InflateException expected) {
                // An offset of snappy may turn into one that is only too far.
                assertThat(expected.noRoom() && format != Format.SNAPPY).isFalse();
            }
            inflation.release();
        }
        assertThat(inflaters.taken()).isZero();
        inflaters.close();
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void noMoreAreLeasedThanThereIsMemoryFor(Format format) {
        Inflaters inflaters = new Inflaters(1 << 20);
        List<Inflation> leased = new ArrayList<>();
        Inflation one = inflaters.lease(format);
        while (one != null) {
            leased.add(one);
            one = inflaters.lease(format);
        }
        assertThat(leased).hasSizeBetween(4, 64);
        assertThat(inflaters.taken()).isLessThanOrEqualTo(1 << 20);

        leased.get(0).release();
        assertThat(inflaters.lease(format)).isNotNull();
        leased.subList(1, leased.size()).forEach(Inflation::release);
        inflaters.close();
    }

    /** A frame that says nothing of its length has the window of its level, whatever it holds. */
    @Test
    void windowsAreCharged() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZstdOutputStream zstd = new ZstdOutputStream(out, 3)) {
            zstd.write(TEXT);
        }
        byte[] frame = out.toByteArray();
        Inflaters enough = new Inflaters();
        Inflation inflation = enough.lease(Format.ZSTD);
        assertThat(inflate(inflation, frame, 5_000, 5_000)).isEqualTo(TEXT);
        assertThat(enough.taken()).isGreaterThan(1 << 20);
        inflation.release();
        assertThat(enough.taken()).isZero();

        Inflaters little = new Inflaters(1 << 20);
        Inflation refused = little.lease(Format.ZSTD);
        assertThatThrownBy(() -> inflate(refused, frame, 5_000, 5_000))
                .isInstanceOfSatisfying(
                        InflateException.class, e -> assertThat(e.noRoom()).isTrue());
        refused.release();
        assertThat(little.taken()).isZero();
        enough.close();
        little.close();
    }

    /** RFC 8878, 3.1.1.1.2: the window descriptor may ask for terabytes. */
    @Test
    void hugeWindowsAreRefused() {
        Inflaters inflaters = new Inflaters(Long.MAX_VALUE / 2);
        Inflation inflation = inflaters.lease(Format.ZSTD);
        byte[] frame = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, (byte) 0xff, 1, 0, 0};

        assertThatThrownBy(() -> inflate(inflation, frame, 9, 100)).isInstanceOf(InflateException.class);
        inflation.release();
        inflaters.close();
    }

    @Test
    void whatIsLeasedWhenThePoolClosesIsFreedLater() {
        Inflaters inflaters = new Inflaters();
        Inflation leased = inflaters.lease(Format.ZLIB);
        inflaters.close();

        leased.release();

        assertThat(inflaters.lease(Format.ZLIB)).isNull();
        assertThat(inflaters.taken()).isZero();
    }

    /** RFC 8878, 3.1.1.1: window, four bytes of dictionary and eight of size. */
    @Test
    void longestHeaderOfZstdIsRefusedNotMore() {
        byte[] head = new byte[30];
        byte[] begin = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, (byte) 0xc3, 0x08};
        System.arraycopy(begin, 0, head, 0, begin.length);
        head[6] = 7;
        Inflaters inflaters = new Inflaters();
        Inflation inflation = inflaters.lease(Format.ZSTD);

        assertThatThrownBy(() -> inflate(inflation, head, 1, 100)).isInstanceOf(InflateException.class);

        inflation.release();
        assertThat(inflaters.taken()).isZero();
        inflaters.close();
    }
}
