package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.Side;
import dev.weir.core.testkit.FilterTester;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.Test;

/** Rare ways through a chain that lost bytes, buffers or promises. */
class FilterChainEdgesTest {
    private static TestTlsHandler tls() {
        SSLEngine engine = TestTls.context().createSSLEngine();
        engine.setUseClientMode(false);
        return new TestTlsHandler(engine);
    }

    @Test
    void anAnswerThatIsInjectedWhileTheServersBytesAreHeldGoesOut() {
        NetworkFilter filter = new NetworkFilter() {
            private boolean answer;

            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                if (direction == Direction.TO_CLIENT) {
                    answer = true;
                    context.resume(Direction.TO_UPSTREAM);
                    return 0;
                }
                if (answer) {
                    context.drop(data.readableBytes());
                    context.inject(
                            Direction.TO_CLIENT,
                            ByteBufUtil.writeAscii(context.connection().allocator(), "denied"));
                }
                return 0;
            }
        };
        try (FilterTester tester = FilterTester.of(filter)) {
            tester.client("request");
            tester.upstream("half");

            assertThat(tester.toClient()).isEqualTo("denied");
        }
    }

    @Test
    void aFilterThatSaysSoMayHoldMoreThanTheWaterMark() {
        NetworkFilter filter = new NetworkFilter() {
            @Override
            public Opening onOpen(FilterContext context) {
                context.holdUpTo(300_000);
                return Opening.PROCEED;
            }

            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                return data.readableBytes() < 300_000 ? 0 : data.readableBytes();
            }
        };
        try (FilterTester tester = FilterTester.of(filter)) {
            for (int i = 0; i < 29; i++) {
                tester.client("x".repeat(10_000));
                tester.upstream("y".repeat(10_000));
            }
            assertThat(tester.reading()).isTrue();
            assertThat(tester.writable()).isTrue();

            tester.client("x".repeat(10_000));
            tester.upstream("y".repeat(10_000));

            assertThat(tester.toUpstream()).hasSize(300_000);
            assertThat(tester.toClient()).hasSize(300_000);
        }
    }

    @Test
    void readingStopsAtTheWaterMarkBeyondWhatAFilterMayHold() {
        NetworkFilter filter = new NetworkFilter() {
            @Override
            public Opening onOpen(FilterContext context) {
                context.holdUpTo(100_000);
                return Opening.PROCEED;
            }

            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                return 0;
            }
        };
        try (FilterTester tester = FilterTester.of(filter)) {
            tester.client("x".repeat(100_000 + (64 << 10) - 1));
            assertThat(tester.reading()).isTrue();

            tester.client("x");

            assertThat(tester.reading()).isFalse();
        }
    }

    @Test
    void aWriteBehindTheEndOfTheStreamFails() {
        try (FilterTester tester = FilterTester.of()) {
            tester.upstreamEnds();

            ChannelFuture written = tester.upstream("late");

            assertThat(written.isDone()).isTrue();
            assertThat(written.isSuccess()).isFalse();
        }
    }

    @Test
    void tlsThatCannotStartClosesTheConnectionAndReleasesWhatWasLent() {
        Future<?>[] started = new Future<?>[1];
        NetworkFilter holdsAnswers = new NetworkFilter() {
            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                return direction == Direction.TO_CLIENT ? 0 : data.readableBytes();
            }
        };
        NetworkFilter starts = new NetworkFilter() {
            @Override
            public int onData(FilterContext context, Direction direction, ByteBuf data) {
                if (direction == Direction.TO_CLIENT) {
                    return data.readableBytes();
                }
                started[0] = context.startTls(Side.CLIENT, tls());
                return 0;
            }
        };
        try (FilterTester tester = FilterTester.of(holdsAnswers, starts)) {
            tester.upstream("held");
            ByteBuf lent = Unpooled.directBuffer().writeBytes(new byte[] {1, 2, 3});

            tester.channel().writeInbound(lent);

            assertThat(tester.closeReason()).isEqualTo(CloseReason.INTERNAL_ERROR);
            assertThat(started[0].isDone()).isTrue();
            assertThat(lent.refCnt()).isZero();
        }
    }

    @Test
    void bytesReadBeforeTlsAreReleasedWhenTheConnectionClosesAtOnce() {
        EmbeddedChannel channel = new EmbeddedChannel();
        ByteBuf first = Unpooled.directBuffer().writeBytes(new byte[] {22, 3});
        TlsStart.begin(channel, tls(), first, () -> {}, channel.eventLoop());

        // As the end of a channel does with its pipeline.
        while (channel.pipeline().first() != null) {
            channel.pipeline().removeFirst();
        }
        channel.runPendingTasks();

        assertThat(first.refCnt()).isZero();
        channel.finishAndReleaseAll();
    }

    /** A read of the same burst comes before the task that delivers what the filter had. */
    @Test
    void whatIsReadWhileTlsBeginsStaysBehindWhatWasReadBefore() {
        List<String> seen = new ArrayList<>();
        TestTlsHandler handler = new TestTlsHandler(TestTls.context().createSSLEngine()) {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                ByteBuf data = (ByteBuf) message;
                seen.add(data.toString(StandardCharsets.US_ASCII));
                data.release();
            }
        };
        EmbeddedChannel channel = new EmbeddedChannel();
        TlsStart.begin(channel, handler, buffer("first"), () -> {}, channel.eventLoop());

        channel.pipeline().fireChannelRead(buffer("second"));
        channel.pipeline().fireChannelRead(buffer("third"));
        channel.runPendingTasks();
        channel.pipeline().fireChannelRead(buffer("fourth"));

        assertThat(seen).containsExactly("first", "second", "third", "fourth");
        channel.finishAndReleaseAll();
    }

    private static ByteBuf buffer(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }
}
