package dev.weir.core.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.compress.Inflaters.Format;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.xerial.snappy.Snappy;

/** How far back copies reach, what that takes, and what happens where it is not there. */
final class SnappyWindowTest {
    private static final int BLOCK = 64 << 10;

    private long state = 1;

    /** As src/test/scripts/go-driver-snappy.go has it. */
    private int random(int bound) {
        state = state * 6364136223846793005L + 1442695040888963407L;
        return (int) Long.remainderUnsigned(state >>> 33, bound);
    }

    private byte[] plain() {
        byte[] noise = new byte[6_000];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (byte) random(256);
        }
        byte[] line = new byte[500];
        for (int i = 0; i < line.length; i++) {
            line[i] = (byte) ('a' + random(26));
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(noise);
        for (int i = 0; i < 1_000; i++) {
            int at = random(500);
            line[at] = (byte) ('a' + random(26));
            all.writeBytes(line);
        }
        all.writeBytes(noise);
        return all.toByteArray();
    }

    private static byte[] goFrame() throws IOException {
        try (InputStream in = SnappyWindowTest.class.getResourceAsStream("/compress/go-driver.snappy")) {
            return in.readAllBytes();
        }
    }

    private static byte[] inflate(Inflation inflation, byte[] frame, int piece, int room) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] out = new byte[room];
        int at = 0;
        int written = 0;
        while (!inflation.finished() && (at < frame.length || written > 0)) {
            written = inflation.inflate(frame, at, Math.min(frame.length, at + piece), out, 0, room);
            at += inflation.consumed();
            all.write(out, 0, written);
        }
        return all.toByteArray();
    }

    private static void assertNoRoom(Inflation inflation, byte[] frame, int piece, int room) {
        assertThatThrownBy(() -> inflate(inflation, frame, piece, room))
                .isInstanceOfSatisfying(
                        InflateException.class, e -> assertThat(e.noRoom()).isTrue());
    }

    @Test
    void blocksOfTheLibraryTakeTwoBlocksAtMost() throws IOException {
        byte[] plain = new byte[3 << 20];
        Random random = new Random(2);
        for (int i = 0; i < plain.length; i++) {
            plain[i] = (byte) (i > 60_000 && random.nextInt(20) > 0 ? plain[i - 60_000] : random.nextInt(4));
        }
        Inflaters inflaters = new Inflaters();
        Inflation inflation = inflaters.lease(Format.SNAPPY);

        assertThat(inflate(inflation, Snappy.compress(plain), 5_000, 8_000)).isEqualTo(plain);

        assertThat(inflaters.taken()).isEqualTo(SnappyInflation.BYTES + BLOCK);
        inflation.release();
        assertThat(inflaters.taken()).isZero();
    }

    @Test
    void messagesOfTheGoDriverReachBackAllTheWay() throws IOException {
        byte[] frame = goFrame();
        byte[] plain = plain();
        Inflaters inflaters = new Inflaters();
        for (int piece : new int[] {1, 1_000, frame.length}) {
            Inflation inflation = inflaters.lease(Format.SNAPPY);

            assertThat(inflate(inflation, frame, piece, 3_333)).isEqualTo(plain);

            assertThat(inflaters.taken()).isEqualTo(SnappyInflation.BYTES + 7 * BLOCK);
            inflation.release();
            assertThat(inflaters.taken()).isZero();
        }
    }

    @Test
    void copiesBeyondWhatThePoolHasAreNoRoom() throws IOException {
        Inflaters inflaters = new Inflaters(SnappyInflation.BYTES + 2 * BLOCK);
        for (int piece : new int[] {1, 1_000, 40_000}) {
            Inflation inflation = inflaters.lease(Format.SNAPPY);

            assertNoRoom(inflation, goFrame(), piece, 600_000);

            inflation.release();
            assertThat(inflaters.taken()).isZero();
        }
    }

    /** The first of many blocks came when the pool had nothing more. */
    private static Inflation refusedOnce(Inflaters inflaters) {
        Inflation inflation = inflaters.lease(Format.SNAPPY);
        inflaters.take(BLOCK);
        byte[] begin = new SnappyElements().literal(new byte[BLOCK + 100], 4).frame(1 << 20);
        assertThat(inflate(inflation, begin, 1_000, 1_000)).hasSize(BLOCK + 100);
        assertThat(inflaters.taken()).isEqualTo(SnappyInflation.BYTES + BLOCK);
        inflaters.giveBack(BLOCK);
        return inflation;
    }

    /** Elements without the length before them. */
    private static byte[] body(SnappyElements elements) {
        byte[] frame = elements.frame(0);
        return Arrays.copyOfRange(frame, 1, frame.length);
    }

    @Test
    void growsLaterWhenThePoolHasMemoryAgain() {
        Inflaters inflaters = new Inflaters(SnappyInflation.BYTES + BLOCK);
        Inflation inflation = refusedOnce(inflaters);
        byte[] marked = new byte[2 * BLOCK];
        marked[BLOCK] = 1;

        byte[] far = body(new SnappyElements().literal(marked, 4).copy(4, BLOCK + 3, 4));
        byte[] plain = inflate(inflation, far, 777, 888);

        assertThat(Arrays.copyOfRange(plain, 2 * BLOCK, plain.length)).containsExactly(0, 0, 0, 1);
        assertThat(inflaters.taken()).isEqualTo(SnappyInflation.BYTES + BLOCK);
        inflation.release();
        assertThat(inflaters.taken()).isZero();
    }

    @Test
    void whatWasOverwrittenBeforeItGrewIsNoRoom() {
        Inflaters inflaters = new Inflaters(SnappyInflation.BYTES + BLOCK);
        Inflation inflation = refusedOnce(inflaters);
        byte[] far = body(new SnappyElements().copy(4, BLOCK + 1, 4));
        assertNoRoom(inflation, far, 10, 10);
        inflation.release();

        Inflation grown = refusedOnce(inflaters);
        byte[] farther = body(new SnappyElements().literal(new byte[BLOCK], 4).copy(4, 2 * BLOCK - 1, 4));
        assertNoRoom(grown, farther, 1_000, 1_000);
        grown.release();

        assertThat(inflaters.taken()).isZero();
    }

    @Test
    void elementsThatReachFarAreReadAsTheLibraryReadsThem() throws IOException {
        Inflaters inflaters = new Inflaters();
        for (int seed = 0; seed < 12; seed++) {
            Random random = new Random(seed);
            byte[] frame = new SnappyElements()
                    .random(random, 100_000 + random.nextInt(900_000), Integer.MAX_VALUE)
                    .frame();
            byte[] plain = Snappy.uncompress(frame);
            Inflation inflation = inflaters.lease(Format.SNAPPY);

            assertThat(inflate(inflation, frame, 1 + random.nextInt(5_000), 1 + random.nextInt(9_000)))
                    .isEqualTo(plain);
            inflation.release();
        }
        assertThat(inflaters.taken()).isZero();
    }

    @Test
    void windowsEndAtTheLimit() throws IOException {
        int limit = SnappyInflation.MAX_WINDOW;
        SnappyElements elements = new SnappyElements().literal(new byte[] {1, 2, 3, 4, 5}, 0);
        while (elements.length() < limit + BLOCK) {
            elements.copy(64, 5, 2);
        }
        byte[] right = elements.copy(64, limit, 4).frame();
        byte[] far = elements.copy(64, limit + 1, 4).frame();
        Inflaters inflaters = new Inflaters();
        Inflation inflation = inflaters.lease(Format.SNAPPY);

        assertThat(inflate(inflation, right, 1 << 20, 1 << 20)).isEqualTo(Snappy.uncompress(right));
        assertThat(inflaters.taken()).isEqualTo(SnappyInflation.BYTES + limit - BLOCK);
        inflation.release();
        Inflation refused = inflaters.lease(Format.SNAPPY);
        assertNoRoom(refused, far, 1 << 20, 1 << 20);
        refused.release();

        assertThat(inflaters.taken()).isZero();
    }

    /** A frame that announces much and holds little takes no more than its lease. */
    @Test
    void nothingIsAllocatedFromTheAnnouncedLength() {
        Inflaters inflaters = new Inflaters();
        Inflation inflation = inflaters.lease(Format.SNAPPY);
        byte[] frame = new SnappyElements().literal(new byte[50], 0).frame(0xFFFFFFFFL);

        assertThat(inflate(inflation, frame, 10, 10)).hasSize(50);

        assertThat(inflaters.taken()).isEqualTo(SnappyInflation.BYTES);
        assertThat(inflation.finished()).isFalse();
        inflation.release();
    }

    /** What another connection's frame left in the window stays there. */
    @Test
    void framesDoNotSeeTheOnesBefore() {
        Inflaters inflaters = new Inflaters();
        Inflation first = inflaters.lease(Format.SNAPPY);
        inflate(first, new SnappyElements().literal(new byte[1_000], 2).frame(), 100, 100);
        first.release();
        Inflation second = inflaters.lease(Format.SNAPPY);

        assertThat(second).isSameAs(first);
        byte[] frame =
                new SnappyElements().literal(new byte[1], 0).copy(8, 2, 1).frame();
        assertThatThrownBy(() -> inflate(second, frame, 10, 100)).isInstanceOf(InflateException.class);
        second.release();
    }
}
