package dev.weir.testbeds.bench;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.WireClock;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import dev.weir.core.sql.DigestTable;
import dev.weir.redis.RedisProtocol;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What sniffing costs per command: SET and GET of 64 bytes in turn, requests in one buffer, answers in another; no
 * sinks. Run with {@code -prof gc} to see what is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RedisSnifferBenchmark {
    private static final int COMMANDS = 64;

    /** Commands in one burst. */
    @Param({"1", "16", "64"})
    public int pipeline;

    /** Where the buffers come from. */
    @Param({"adaptive", "pooled"})
    public String allocator = "";

    private final Counting counting = new Counting();
    private final Sniffer sniffer = sniffer();
    private ByteBuf @Nullable [] requests;
    private ByteBuf @Nullable [] answers;
    private long nanos;

    /** For JMH. */
    public RedisSnifferBenchmark() {}

    private static Sniffer sniffer() {
        Nothing environment = new Nothing();
        return new RedisProtocol()
                .sniffer(ConfigNode.of(Map.of(), new ConfigErrors()), environment)
                .onLoop(environment)
                .create(environment);
    }

    /** Makes the buffers, as many as make {@value #COMMANDS} commands. */
    @Setup
    public void setup() {
        ByteBufAllocator from =
                allocator.equals("pooled") ? PooledByteBufAllocator.DEFAULT : new AdaptiveByteBufAllocator();
        sniffer.onOpen(counting);
        int bursts = COMMANDS / pipeline;
        requests = new ByteBuf[bursts];
        answers = new ByteBuf[bursts];
        String value = "x".repeat(64);
        int command = 0;
        for (int i = 0; i < bursts; i++) {
            StringBuilder request = new StringBuilder();
            StringBuilder answer = new StringBuilder();
            for (int k = 0; k < pipeline; k++) {
                String key = String.format(java.util.Locale.ROOT, "key:%012d", command);
                boolean set = command++ % 2 == 0;
                request.append(
                        set
                                ? "*3\r\n$3\r\nSET\r\n$16\r\n" + key + "\r\n$64\r\n" + value + "\r\n"
                                : "*2\r\n$3\r\nGET\r\n$16\r\n" + key + "\r\n");
                answer.append(set ? "+OK\r\n" : "$64\r\n" + value + "\r\n");
            }
            requests[i] = buffer(from, request);
            answers[i] = buffer(from, answer);
        }
    }

    private static ByteBuf buffer(ByteBufAllocator from, CharSequence text) {
        return from.directBuffer(16 << 10).writeBytes(text.toString().getBytes(StandardCharsets.US_ASCII));
    }

    /** One command, request and answer. */
    @Benchmark
    @OperationsPerInvocation(COMMANDS)
    public long command() {
        ByteBuf[] up = requests;
        ByteBuf[] down = answers;
        if (up != null && down != null) {
            for (int i = 0; i < up.length; i++) {
                sniffer.onBytes(Direction.TO_UPSTREAM, up[i], nanos += 1000);
                sniffer.onBytes(Direction.TO_CLIENT, down[i], nanos += 1000);
            }
        }
        return counting.emitted;
    }

    /** Hands out one record and counts. */
    private static final class Counting implements Exchanges, SnifferContext {
        private final DigestTable digests = new DigestTable(0);
        private final Exchange exchange = new Exchange();
        long emitted;

        @Override
        public Exchange open() {
            return exchange;
        }

        @Override
        public void emit(Exchange ended) {
            emitted++;
            ended.clear();
        }

        @Override
        public DigestTable digests() {
            return digests;
        }

        @Override
        public void discard(Exchange unused) {}

        @Override
        public Connection connection() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Exchanges exchanges() {
            return this;
        }

        @Override
        public boolean madeByWeir() {
            return false;
        }

        @Override
        public void giveUp(String reason) {
            throw new IllegalStateException(reason);
        }

        @Override
        public void opaque(String reason) {
            throw new IllegalStateException(reason);
        }

        @Override
        public void encrypted() {
            throw new IllegalStateException("encrypted");
        }
    }

    /** Environment and connection of nothing. */
    private static final class Nothing implements FilterEnvironment, LoopEnvironment, Connection {
        private final MeterRegistry meters = new SimpleMeterRegistry();
        private final SocketAddress address = InetSocketAddress.createUnresolved("192.0.2.1", 1);

        @Override
        public Inflaters inflaters() {
            throw new UnsupportedOperationException();
        }

        @Override
        public long id() {
            return 1;
        }

        @Override
        public String listener() {
            return "bench";
        }

        @Override
        public SocketAddress client() {
            return address;
        }

        @Override
        public String clientText() {
            return "192.0.2.1:1";
        }

        @Override
        public String clientHost() {
            return "192.0.2.1";
        }

        @Override
        public SocketAddress local() {
            return address;
        }

        @Override
        public @Nullable String cluster() {
            return null;
        }

        @Override
        public @Nullable SocketAddress upstream() {
            return null;
        }

        @Override
        public @Nullable String upstreamText() {
            return null;
        }

        @Override
        public long openedNanos() {
            return 0;
        }

        @Override
        public <T> @Nullable T get(ConnectionAttribute<T> key) {
            return null;
        }

        @Override
        public <T> void set(ConnectionAttribute<T> key, T value) {}

        @Override
        public EventLoop loop() {
            throw new UnsupportedOperationException();
        }

        @Override
        public ByteBufAllocator allocator() {
            return ByteBufAllocator.DEFAULT;
        }

        @Override
        public void close(CloseReason reason) {}

        @Override
        public MeterRegistry meters() {
            return meters;
        }

        @Override
        public WireClock clock() {
            return WireClock.system();
        }

        @Override
        public Cluster cluster(ConfigNode config, String key) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Collection<Protocol> protocols() {
            return List.of();
        }

        @Override
        public HotKeys hotKeys() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void onClose(AutoCloseable resource) {}

        @Override
        public int index() {
            return 0;
        }

        @Override
        public Exchanges exchanges() {
            throw new UnsupportedOperationException();
        }
    }
}
