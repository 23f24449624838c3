package dev.weir.core.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What every sniffer has to stand, whatever the protocol: it finds the same exchanges however the bytes are cut and in
 * whatever buffer they come, survives any bytes, and holds little memory. Inherit it, and give it conversations.
 */
public abstract class SnifferContract {
    private static final int RANDOM_ROUNDS = 60;
    private static final long MOST_PLAYED = 4L << 20;
    private static final int IDLE_BYTES = 1024;
    private static final int OPEN_BYTES = 4096;

    private final Map<WireScript, Whole> wholes = new HashMap<>();

    /** For subclasses. */
    protected SnifferContract() {}

    /** Makes the sniffers of a fresh loop. */
    protected abstract PerLoop.PerConnection<Sniffer> sniffers();

    /** Conversations with what is expected of them, also malformed ones. */
    protected abstract List<WireScript> conversations();

    /** Most bytes held after any burst of a conversation; more than the rule for deep pipelines. */
    protected long bound(WireScript conversation) {
        return OPEN_BYTES;
    }

    /** What all sniffers share and one leads to while it works only: tables, which are no sniffer's own. */
    protected List<Object> constants() {
        return List.of();
    }

    @TestFactory
    Stream<DynamicTest> findsWhatIsExpected() {
        return each(script -> {
            SnifferTester tester = tester();

            script.play(tester);

            assertThat(script.differences(tester)).isEmpty();
            assertThat(tester.recorded().taken()).as("records not given back").isZero();
        });
    }

    @TestFactory
    Stream<DynamicTest> findsTheSameByteByByte() {
        return each(script -> {
            SnifferTester tester = tester();

            for (WireScript.Burst burst : script.bursts()) {
                for (byte b : burst.bytes()) {
                    show(tester, burst, new byte[] {b});
                }
            }

            assertSame(script, tester, "byte by byte");
        });
    }

    @TestFactory
    Stream<DynamicTest> findsTheSameForEveryTwoWaySplit() {
        return each(script -> {
            for (int i = 0; i < script.bursts().size(); i++) {
                int step = step(script);
                for (int at = 1; at < script.bursts().get(i).bytes().length; at += step) {
                    SnifferTester tester = tester();
                    playSplit(script, tester, i, at);
                    assertSame(script, tester, "burst " + i + " split at " + at);
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> findsTheSameForRandomSplits() {
        return each(script -> {
            for (int seed = 0; seed < RANDOM_ROUNDS; seed++) {
                Random random = new Random(seed);
                SnifferTester tester = tester();
                for (WireScript.Burst burst : script.bursts()) {
                    int at = 0;
                    while (at < burst.bytes().length) {
                        int end = Math.min(burst.bytes().length, at + 1 + random.nextInt(1 + random.nextInt(40)));
                        show(tester, burst, Arrays.copyOfRange(burst.bytes(), at, end));
                        at = end;
                    }
                }
                assertSame(script, tester, "seed " + seed);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> findsTheSameInEveryKindOfBuffer() {
        return each(script -> {
            List<Function<byte[], ByteBuf>> kinds = List.of(
                    SnifferContract::heap,
                    SnifferContract::direct,
                    SnifferContract::composite,
                    bytes -> Unpooled.wrappedBuffer(bytes).asReadOnly());
            for (int kind = 0; kind < kinds.size(); kind++) {
                SnifferTester tester = tester();
                for (WireScript.Burst burst : script.bursts()) {
                    ByteBuf buffer = kinds.get(kind).apply(burst.bytes());
                    tester.madeByWeir(burst.madeByWeir());
                    tester.feed(burst.direction(), buffer, burst.nanos());
                    buffer.release();
                }
                assertSame(script, tester, "kind of buffer " + kind);
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> survivesTruncationAtEachOffset() {
        return each(script -> {
            for (int i = 0; i < script.bursts().size(); i++) {
                int step = step(script);
                for (int at = 0; at <= script.bursts().get(i).bytes().length; at += step) {
                    SnifferTester tester = tester();
                    truncated(script, tester, i, at);
                    assertThat(tester.recorded().taken())
                            .as("records not given back, burst %d cut at %d", i, at)
                            .isZero();
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> survivesDamagedConversations() {
        return each(script -> {
            for (int seed = 0; seed < RANDOM_ROUNDS; seed++) {
                Random random = new Random(seed);
                SnifferTester tester = tester();
                for (WireScript.Burst burst : script.bursts()) {
                    show(tester, burst, damaged(burst.bytes(), random));
                }
                tester.close(Long.MAX_VALUE / 2);
                assertThat(tester.recorded().taken()).as("seed %d", seed).isZero();
            }
        });
    }

    @Test
    void survivesGarbage() {
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            SnifferTester tester = tester();
            for (int burst = 0; burst < 8; burst++) {
                byte[] bytes = new byte[random.nextInt(200)];
                random.nextBytes(bytes);
                Direction direction = random.nextBoolean() ? Direction.TO_UPSTREAM : Direction.TO_CLIENT;

                assertThatCode(() -> tester.feed(direction, bytes, 1)).doesNotThrowAnyException();
            }
            tester.close(2);
            assertThat(tester.recorded().taken()).as("seed %d", seed).isZero();
        }
    }

    @TestFactory
    Stream<DynamicTest> holdsLittleMemory() {
        return each(script -> {
            PerLoop.PerConnection<Sniffer> sniffers = sniffers();
            SnifferTester other = new SnifferTester(sniffers);
            SnifferTester tester = new SnifferTester(sniffers);
            assertThat(held(other, tester)).as("before the first byte").isLessThanOrEqualTo(IDLE_BYTES);
            for (WireScript.Burst burst : script.bursts()) {
                int half = burst.bytes().length / 2;
                show(tester, burst, Arrays.copyOfRange(burst.bytes(), 0, half));
                assertThat(held(other, tester)).as("in a burst").isLessThanOrEqualTo(bound(script));
                show(tester, burst, Arrays.copyOfRange(burst.bytes(), half, burst.bytes().length));
                if (tester.idle()) {
                    assertThat(held(other, tester)).as("idle").isLessThanOrEqualTo(IDLE_BYTES);
                }
            }
        });
    }

    private long held(SnifferTester other, SnifferTester tester) {
        // Both share their loop; what only the second one leads to is its own.
        return new Footprint(other.sniffer(), tester.connection(), tester.recorded(), constants())
                .without(tester)
                .of(tester.sniffer());
    }

    private Stream<DynamicTest> each(Check check) {
        return conversations().stream().map(script -> DynamicTest.dynamicTest(script.name(), () -> check.run(script)));
    }

    private interface Check {
        void run(WireScript script);
    }

    private SnifferTester tester() {
        return new SnifferTester(sniffers());
    }

    private void assertSame(WireScript script, SnifferTester tester, String how) {
        tester.close(script.bursts().get(script.bursts().size() - 1).nanos());
        Whole whole = wholes.computeIfAbsent(script, this::whole);
        assertThat(tester.outcome()).as(how).isEqualTo(whole.outcome());
        assertThat(tester.recorded().lines()).as(how).isEqualTo(whole.lines());
    }

    private record Whole(String outcome, List<String> lines) {}

    private Whole whole(WireScript script) {
        SnifferTester tester = tester();
        script.play(tester);
        return new Whole(tester.outcome(), tester.recorded().lines());
    }

    private static void show(SnifferTester tester, WireScript.Burst burst, byte[] bytes) {
        tester.madeByWeir(burst.madeByWeir());
        tester.feed(burst.direction(), bytes, burst.nanos());
    }

    /** Every offset, but of conversations so long that playing them that often would take minutes. */
    private static int step(WireScript script) {
        long bytes = script.bursts().stream()
                .mapToLong(burst -> burst.bytes().length)
                .sum();
        return (int) (bytes * bytes / MOST_PLAYED) | 1;
    }

    private static void playSplit(WireScript script, SnifferTester tester, int split, int at) {
        IntStream.range(0, script.bursts().size()).forEach(i -> {
            WireScript.Burst burst = script.bursts().get(i);
            if (i == split) {
                show(tester, burst, Arrays.copyOfRange(burst.bytes(), 0, at));
                show(tester, burst, Arrays.copyOfRange(burst.bytes(), at, burst.bytes().length));
            } else {
                show(tester, burst, burst.bytes());
            }
        });
    }

    private static void truncated(WireScript script, SnifferTester tester, int last, int at) {
        for (int i = 0; i < last; i++) {
            show(tester, script.bursts().get(i), script.bursts().get(i).bytes());
        }
        WireScript.Burst burst = script.bursts().get(last);
        show(tester, burst, Arrays.copyOfRange(burst.bytes(), 0, at));
        tester.close(burst.nanos());
    }

    private static byte[] damaged(byte[] bytes, Random random) {
        byte[] damaged = bytes.clone();
        if (damaged.length == 0) {
            return damaged;
        }
        switch (random.nextInt(4)) {
            case 0 -> damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            case 1 -> damaged = Arrays.copyOf(damaged, random.nextInt(damaged.length));
            case 2 -> {
                damaged = Arrays.copyOf(damaged, damaged.length * 2);
                System.arraycopy(bytes, 0, damaged, bytes.length, bytes.length);
            }
            default -> {}
        }
        return damaged;
    }

    private static ByteBuf heap(byte[] bytes) {
        return Unpooled.buffer()
                .writeLong(-1)
                .writeBytes(bytes)
                .writeLong(-1)
                .readerIndex(8)
                .writerIndex(8 + bytes.length);
    }

    private static ByteBuf direct(byte[] bytes) {
        return Unpooled.directBuffer(bytes.length).writeBytes(bytes);
    }

    private static ByteBuf composite(byte[] bytes) {
        CompositeByteBuf composite = Unpooled.compositeBuffer();
        int third = bytes.length / 3;
        composite.addComponent(true, Unpooled.copiedBuffer(Arrays.copyOfRange(bytes, 0, third)));
        composite.addComponent(true, Unpooled.copiedBuffer(Arrays.copyOfRange(bytes, third, 2 * third)));
        composite.addComponent(true, Unpooled.copiedBuffer(Arrays.copyOfRange(bytes, 2 * third, bytes.length)));
        return composite;
    }
}
