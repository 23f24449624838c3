package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.testkit.FilterTester;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFuture;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FilterChainTest {
    /** Lets whole lines go on, holds what is behind the last line feed. */
    private static class WholeLines implements NetworkFilter {
        final List<String> lent = new ArrayList<>();

        @Override
        public int onData(FilterContext context, Direction direction, ByteBuf data) {
            lent.add(data.toString(StandardCharsets.ISO_8859_1));
            int end = data.forEachByteDesc(b -> b != '\n');
            return end < 0 ? 0 : end + 1 - data.readerIndex();
        }

        @Override
        public void onEndOfStream(FilterContext context, Direction direction) {
            last = direction;
        }

        Direction last;
    }

    private static ByteBuf text(String text) {
        return ByteBufUtil.writeAscii(io.netty.buffer.UnpooledByteBufAllocator.DEFAULT, text);
    }

    @Test
    void letsEverythingGoOnByDefault() {
        try (FilterTester tester = FilterTester.of(new NetworkFilter() {}, new NetworkFilter() {})) {
            tester.client("abc");
            tester.upstream("def");

            assertThat(tester.toUpstream()).isEqualTo("abc");
            assertThat(tester.toClient()).isEqualTo("def");
            assertThat(tester.bursts()).isEqualTo(1);
        }
    }

    @Test
    void lendsHeldBytesAgainWithMoreBehindThem() {
        WholeLines lines = new WholeLines();
        try (FilterTester tester = FilterTester.of(lines)) {
            tester.client("a").client("b\nc").client("d\n");

            assertThat(lines.lent).containsExactly("a", "ab\nc", "cd\n");
            assertThat(tester.toUpstream()).isEqualTo("ab\ncd\n");
        }
    }

    @Test
    void holdsInBothDirectionsAtSeveralFilters() {
        try (FilterTester tester = FilterTester.of(new WholeLines(), new WholeLines())) {
            tester.client("12");
            tester.upstream("x");
            assertThat(tester.toUpstream()).isEmpty();
            assertThat(tester.toClient()).isEmpty();

            tester.client("3\n4");
            tester.upstream("y\nz");

            assertThat(tester.toUpstream()).isEqualTo("123\n");
            assertThat(tester.toClient()).isEqualTo("xy\n");
        }
    }

    @Test
    void passesDropsAndInjectsInTheOrderOfTheCalls() {
        NetworkFilter editor = new NetworkFilter() {
            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                if (direction == Direction.TO_UPSTREAM) {
                    context.pass(2);
                    context.drop(1);
                    context.inject(Direction.TO_UPSTREAM, text("<>"));
                    context.inject(Direction.TO_CLIENT, text("reply"));
                    return data.readableBytes() - 4;
                }
                return data.readableBytes();
            }
        };
        try (FilterTester tester = FilterTester.of(editor, new NetworkFilter() {})) {
            tester.client("abcdef");

            assertThat(tester.toUpstream()).isEqualTo("ab<>de");
            assertThat(tester.toClient()).isEqualTo("reply");
            assertThat(tester.connection()).isNotNull();
        }
    }

    @Test
    void injectedBytesPassOnlyTheFiltersBetween() {
        List<String> nearClient = new ArrayList<>();
        List<String> nearUpstream = new ArrayList<>();
        NetworkFilter first = recording(nearClient);
        NetworkFilter last = recording(nearUpstream);
        NetworkFilter middle = new NetworkFilter() {
            @Override
            public Opening onOpen(FilterContext context) {
                context.inject(Direction.TO_CLIENT, text("hello"));
                context.inject(Direction.TO_UPSTREAM, text("login"));
                return Opening.PROCEED;
            }
        };
        try (FilterTester tester = FilterTester.of(first, middle, last)) {
            assertThat(tester.toClient()).isEqualTo("hello");
            assertThat(tester.toUpstream()).isEqualTo("login");
            assertThat(nearClient).containsExactly("TO_CLIENT hello weir");
            assertThat(nearUpstream).containsExactly("TO_UPSTREAM login weir");
        }
    }

    private static NetworkFilter recording(List<String> seen) {
        return new NetworkFilter() {
            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                seen.add(direction + " " + data.toString(StandardCharsets.ISO_8859_1)
                        + (context.madeByWeir() ? " weir" : ""));
                return data.readableBytes();
            }
        };
    }

    @Test
    void keepsTheOrderWhenAFilterInjectsBehindItself() {
        // The second filter answers each request itself; the first one turns each answer into another request.
        NetworkFilter first = new NetworkFilter() {
            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                if (direction == Direction.TO_CLIENT) {
                    context.inject(Direction.TO_UPSTREAM, text("[again]"));
                }
                return data.readableBytes();
            }
        };
        NetworkFilter second = new NetworkFilter() {
            private int answers;

            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                if (direction == Direction.TO_UPSTREAM && answers++ < 2) {
                    context.inject(Direction.TO_CLIENT, text("answer"));
                    context.pass(1);
                    context.inject(Direction.TO_UPSTREAM, text("."));
                    return data.readableBytes() - 1;
                }
                return data.readableBytes();
            }
        };
        try (FilterTester tester = FilterTester.of(first, second)) {
            tester.client("abc");

            assertThat(tester.toUpstream()).isEqualTo("a.bc[.again][again]");
            assertThat(tester.toClient()).isEqualTo("answeranswer");
        }
    }

    @Test
    void closesWhenAHoldIsOlderThanItsDeadline() {
        try (FilterTester tester = FilterTester.of(new WholeLines())) {
            tester.client("half");
            tester.advance(Duration.ofSeconds(19));
            assertThat(tester.closeReason()).isNull();

            tester.advance(Duration.ofSeconds(2));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.HOLD_TIMEOUT);
        }
    }

    @Test
    void countsTheDeadlineFromTheLastByteThatWentOn() {
        try (FilterTester tester = FilterTester.of(new WholeLines())) {
            tester.client("half").advance(Duration.ofSeconds(15));
            tester.client("\nnext").advance(Duration.ofSeconds(15));
            assertThat(tester.closeReason()).isNull();

            tester.client("\n").advance(Duration.ofSeconds(60));

            assertThat(tester.closeReason()).isNull();
            assertThat(tester.toUpstream()).isEqualTo("half\nnext\n");
        }
    }

    @Test
    void stopsReadingTheClientWhileTooMuchIsHeld() {
        NetworkFilter[] hold = new NetworkFilter[1];
        FilterContext[] context = new FilterContext[1];
        boolean[] open = new boolean[1];
        hold[0] = new NetworkFilter() {
            @Override
            public Opening onOpen(FilterContext ctx) {
                context[0] = ctx;
                return Opening.PROCEED;
            }

            @Override
            public int onData(FilterContext ctx, Direction direction, ByteBuf data) {
                return open[0] ? data.readableBytes() : 0;
            }
        };
        try (FilterTester tester = FilterTester.of(hold)) {
            tester.client("x".repeat(100_000));
            assertThat(tester.reading()).isFalse();

            tester.upstream("y".repeat(100_000));
            assertThat(tester.writable()).isFalse();

            open[0] = true;
            context[0].resume(Direction.TO_UPSTREAM);
            context[0].resume(Direction.TO_CLIENT);
            assertThat(tester.toUpstream()).hasSize(100_000);
            assertThat(tester.toClient()).hasSize(100_000);
            assertThat(tester.reading()).isTrue();
            assertThat(tester.writable()).isTrue();
        }
    }

    @Test
    void completesAPromiseWhenTheLastByteOfItsWriteIsOut() {
        try (FilterTester tester = FilterTester.of(new WholeLines())) {
            ChannelFuture first = tester.upstream("one\ntw");
            assertThat(first.isDone()).isFalse();

            ChannelFuture second = tester.upstream("o\n");

            assertThat(first.isSuccess()).isTrue();
            assertThat(second.isSuccess()).isTrue();
            assertThat(tester.toClient()).isEqualTo("one\ntwo\n");
        }
    }

    @Test
    void failsThePromiseOfBytesThatNeverWentOut() {
        ChannelFuture written;
        try (FilterTester tester = FilterTester.of(new WholeLines())) {
            written = tester.upstream("half");
        }

        assertThat(written.isDone()).isTrue();
        assertThat(written.isSuccess()).isFalse();
    }

    @Test
    void theEndTravelsBehindHeldBytes() {
        WholeLines lines = new WholeLines();
        FilterContext[] context = new FilterContext[1];
        boolean[] open = new boolean[1];
        NetworkFilter gate = new NetworkFilter() {
            @Override
            public Opening onOpen(FilterContext ctx) {
                context[0] = ctx;
                return Opening.PROCEED;
            }

            @Override
            public int onData(FilterContext ctx, Direction direction, ByteBuf data) {
                return open[0] ? data.readableBytes() : 0;
            }
        };
        try (FilterTester tester = FilterTester.of(gate, lines)) {
            tester.client("a\n").clientEnds();
            assertThat(tester.upstreamSawEnd()).isFalse();

            open[0] = true;
            context[0].resume(Direction.TO_UPSTREAM);

            assertThat(tester.toUpstream()).isEqualTo("a\n");
            assertThat(tester.upstreamSawEnd()).isTrue();
            assertThat(lines.last).isEqualTo(Direction.TO_UPSTREAM);
        }
    }

    @Test
    void waitsForAFilterBeforeTheTerminalStarts() {
        NetworkFilter peek = new NetworkFilter() {
            @Override
            public Opening onOpen(FilterContext context) {
                return Opening.WAIT;
            }

            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                if (data.readableBytes() < 3) {
                    return 0;
                }
                context.resume(Direction.TO_UPSTREAM);
                return data.readableBytes();
            }
        };
        try (FilterTester tester = FilterTester.of(peek, new WholeLines())) {
            tester.client("ab");
            assertThat(tester.started()).isFalse();

            tester.client("c\n");

            assertThat(tester.started()).isTrue();
            assertThat(tester.toUpstream()).isEqualTo("abc\n");
        }
    }

    @Test
    void closesWhenAFilterWaitsTooLong() {
        NetworkFilter never = new NetworkFilter() {
            @Override
            public Opening onOpen(FilterContext context) {
                context.holdDeadline("peek", Duration.ofSeconds(1));
                return Opening.WAIT;
            }
        };
        try (FilterTester tester = FilterTester.of(never)) {
            tester.advance(Duration.ofSeconds(2));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.HOLD_TIMEOUT);
        }
    }

    @Test
    void keepsTheDeadlineOfAWaitWhenAnotherHoldIsLookedAt() {
        NetworkFilter holds = held(Duration.ofSeconds(1), 2);
        NetworkFilter waits = new NetworkFilter() {
            @Override
            public Opening onOpen(FilterContext context) {
                context.holdDeadline("test", Duration.ofMillis(1_500));
                return Opening.WAIT;
            }
        };
        try (FilterTester tester = FilterTester.of(holds, waits)) {
            tester.client("a").advance(Duration.ofMillis(900)).client("b");

            tester.advance(Duration.ofMillis(500));
            assertThat(tester.closeReason()).isNull();
            tester.advance(Duration.ofMillis(100));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.HOLD_TIMEOUT);
        }
    }

    @Test
    void closesAtTheShortestDeadlineWhicheverHoldBeganFirst() {
        try (FilterTester tester = FilterTester.of(held(Duration.ofSeconds(9), 2), held(Duration.ofSeconds(1), 9))) {
            tester.client("ab").client("c");
            tester.advance(Duration.ofMillis(900));
            assertThat(tester.closeReason()).isNull();

            tester.advance(Duration.ofMillis(100));

            assertThat(tester.closeReason()).isEqualTo(CloseReason.HOLD_TIMEOUT);
        }
    }

    /** Lets {@code bytes} go on at a time, and holds fewer. */
    private static NetworkFilter held(Duration deadline, int bytes) {
        return new NetworkFilter() {
            @Override
            public Opening onOpen(FilterContext context) {
                context.holdDeadline("test", deadline);
                return Opening.PROCEED;
            }

            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                return data.readableBytes() < bytes ? 0 : bytes;
            }
        };
    }

    @Test
    void sendsWhatWasInjectedBeforeItCloses() {
        NetworkFilter refuses = new NetworkFilter() {
            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                context.inject(Direction.TO_CLIENT, text("no\n"));
                context.close(CloseReason.DENIED);
                context.inject(Direction.TO_CLIENT, text("never"));
                return data.readableBytes();
            }
        };
        try (FilterTester tester = FilterTester.of(new NetworkFilter() {}, refuses)) {
            tester.client("may I?\n");

            assertThat(tester.toClient()).isEqualTo("no\n");
            assertThat(tester.toUpstream()).isEmpty();
            assertThat(tester.closeReason()).isEqualTo(CloseReason.DENIED);
        }
    }

    @Test
    void closesTheConnectionOfAFilterThatThrows() {
        NetworkFilter broken = new NetworkFilter() {
            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                throw new IllegalArgumentException("planted");
            }
        };
        try (FilterTester tester = FilterTester.of(broken)) {
            tester.client("x");

            assertThat(tester.closeReason()).isEqualTo(CloseReason.INTERNAL_ERROR);
            assertThat(tester.toUpstream()).isEmpty();
        }
    }

    @Test
    void neverLosesOrReordersAByteWhateverFiltersDo() {
        for (int seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            NetworkFilter[] filters = new NetworkFilter[1 + random.nextInt(4)];
            List<FilterContext> contexts = new ArrayList<>();
            for (int i = 0; i < filters.length; i++) {
                filters[i] = new Erratic(new Random(random.nextLong()), contexts);
            }
            StringBuilder requests = new StringBuilder();
            StringBuilder answers = new StringBuilder();
            StringBuilder gotUp = new StringBuilder();
            StringBuilder gotDown = new StringBuilder();
            try (FilterTester tester = FilterTester.of(filters)) {
                for (int step = 0; step < 60; step++) {
                    String piece = piece(random, step);
                    if (random.nextBoolean()) {
                        requests.append(piece);
                        tester.client(piece);
                    } else {
                        answers.append(piece);
                        tester.upstream(piece);
                    }
                    gotUp.append(tester.toUpstream());
                    gotDown.append(tester.toClient());
                }
                Erratic.calm(filters);
                for (int round = 0; round < filters.length; round++) {
                    contexts.forEach(c -> {
                        c.resume(Direction.TO_UPSTREAM);
                        c.resume(Direction.TO_CLIENT);
                    });
                }
                gotUp.append(tester.toUpstream());
                gotDown.append(tester.toClient());
            }

            assertThat(gotUp.toString()).as("seed %d up", seed).isEqualTo(requests.toString());
            assertThat(gotDown.toString()).as("seed %d down", seed).isEqualTo(answers.toString());
        }
    }

    private static String piece(Random random, int step) {
        StringBuilder piece = new StringBuilder();
        int length = 1 + random.nextInt(random.nextInt(10) == 0 ? 5_000 : 20);
        for (int i = 0; i < length; i++) {
            piece.append((char) ('a' + (step + i) % 26));
        }
        return piece.toString();
    }

    /** Holds, passes and replaces (by the same bytes) at random. */
    private static final class Erratic implements NetworkFilter {
        private final Random random;
        private final List<FilterContext> contexts;
        private boolean calm;

        Erratic(Random random, List<FilterContext> contexts) {
            this.random = random;
            this.contexts = contexts;
        }

        static void calm(NetworkFilter[] filters) {
            for (NetworkFilter filter : filters) {
                ((Erratic) filter).calm = true;
            }
        }

        @Override
        public Opening onOpen(FilterContext context) {
            contexts.add(context);
            return Opening.PROCEED;
        }

        @Override
        public int onData(FilterContext context, Direction direction, ByteBuf data) {
            int left = data.readableBytes();
            int at = data.readerIndex();
            if (calm || random.nextInt(3) == 0) {
                return left;
            }
            while (left > 0 && random.nextInt(4) != 0) {
                int n = 1 + random.nextInt(left);
                if (random.nextBoolean()) {
                    context.pass(n);
                } else {
                    context.drop(n);
                    context.inject(direction, data.copy(at, n));
                }
                at += n;
                left -= n;
            }
            if (random.nextInt(5) == 0) {
                context.resume(direction.opposite());
            }
            return random.nextInt(left + 1);
        }
    }
}
