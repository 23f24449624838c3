package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.Side;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.Future;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a chain costs for each buffer that goes through it, without sockets. In the core's package, as chains are not
 * public.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ChainBenchmark {
    /** Number of filters before the terminal. */
    @Param({"0", "1", "4"})
    public int filters;

    /** What they are: filters that let everything go on, or sniffers. */
    @Param({"filter", "sniffer"})
    public String kind = "filter";

    private final Ends ends = new Ends();
    private final ByteBuf data = ByteBufAllocator.DEFAULT.directBuffer(512).writeZero(512);
    private final ChannelPromise promise = ends.channel.voidPromise();
    private FilterChain chain = chain(new NetworkFilter[0]);

    /** Opens the chain. */
    @Setup
    public void open() {
        NetworkFilter[] all = new NetworkFilter[filters];
        for (int i = 0; i < all.length; i++) {
            all[i] = kind.equals("filter")
                    ? new Passing()
                    : new SniffingFilter(new Looking(), () -> true, (o, r, t) -> {
                        throw new IllegalStateException(r, t);
                    });
        }
        chain = chain(all);
        chain.open();
    }

    private FilterChain chain(NetworkFilter[] all) {
        String[] types = new String[all.length];
        Arrays.fill(types, "counting");
        return new FilterChain(ends, ByteBufAllocator.DEFAULT, types, all);
    }

    /** Releases the buffer. */
    @TearDown
    public void close() {
        data.release();
    }

    /** A read burst of one buffer from the client. */
    @Benchmark
    public long fromClient() {
        chain.fromClient(data);
        chain.readComplete(Direction.TO_UPSTREAM);
        return ends.bytes;
    }

    /** A read burst of one buffer from the upstream. */
    @Benchmark
    public long fromTerminal() {
        chain.fromTerminal(data, promise);
        chain.readComplete(Direction.TO_CLIENT);
        return ends.bytes;
    }

    /** Lets everything go on. */
    private static final class Passing implements NetworkFilter {
        @Override
        public int onData(FilterContext context, Direction direction, ByteBuf data) {
            return data.readableBytes();
        }
    }

    /** Looks at one byte. */
    private static final class Looking implements Sniffer {
        private long sum;

        @Override
        public void onOpen(SnifferContext context) {}

        @Override
        public void onBytes(Direction direction, ByteBuf data, long nanos) {
            sum += data.getByte(data.readerIndex());
        }

        @Override
        public boolean idle() {
            return sum == 0;
        }
    }

    /** Swallows what comes out at both ends; the buffer stays the benchmark's. */
    private static final class Ends implements ChainEnds {
        private final Channel channel = new EmbeddedChannel();
        private long bytes;

        @Override
        public Connection connection() {
            throw unused();
        }

        @Override
        public Channel channel() {
            return channel;
        }

        @Override
        public ListenerLoop home() {
            throw unused();
        }

        @Override
        public long burstNanos() {
            return 1;
        }

        @Override
        public void toTerminal(ByteBuf data) {
            bytes += data.readableBytes();
        }

        @Override
        public void toClient(ByteBuf data, @Nullable ChannelPromise promise) {
            bytes += data.readableBytes();
        }

        @Override
        public void endToTerminal() {}

        @Override
        public void endToClient() {}

        @Override
        public void startTerminal() {}

        @Override
        public void heldChanged(int towardUpstream, int towardClient) {}

        @Override
        public Future<?> startTls(Side side, TlsHandler handler, @Nullable ByteBuf first) {
            throw unused();
        }

        @Override
        public void close(CloseReason reason) {
            throw unused();
        }

        private static UnsupportedOperationException unused() {
            return new UnsupportedOperationException("no filter here asks for it");
        }
    }
}
