package dev.weir.testbeds.bench;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.AccessLog;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeSink;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.WireClock;
import dev.weir.core.sql.DigestTable;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.SingleWriterRecorder;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What an exchange costs after the sniffer: taking a record, filling it in, handing it in. The cost of the sinks
 * is the difference to {@code none}, that of outlier detection the one between {@code judged} and {@code default}. The traffic: 50 connections in turn, bursts of 16 commands, 20
 * operations of which 3 make most, durations between 1 µs and 3 ms, 1 % errors.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class SinkBenchmark {
    private static final int EXCHANGES = 16_384;
    private static final int CONNECTIONS = 50;
    private static final int BURST = 16;

    /** Which sinks there are. */
    @Param({"none", "default", "judged", "live", "access_log", "hdr_recorder"})
    public String sinks = "none";

    private final Operation[] operations = new Operation[EXCHANGES];
    private final long[] nanos = new long[EXCHANGES];
    private final int[] sizes = new int[EXCHANGES];
    private final boolean[] errors = new boolean[EXCHANGES];
    private final BenchConnection[] connections = new BenchConnection[CONNECTIONS];
    private Exchanges exchanges = new NoSinks();
    private @Nullable ExchangeSinks all;
    private @Nullable AccessLog log;

    /** Makes the traffic and the sinks. */
    @Setup
    public void start() {
        Random random = new Random(1);
        Operations.Builder builder = Operations.builder();
        for (int i = 0; i < 300; i++) {
            builder.add("OPERATION" + i, i % 2 == 0);
        }
        List<Operation> known = builder.build().all();
        for (int i = 0; i < EXCHANGES; i++) {
            int operation = random.nextInt(10) < 8 ? random.nextInt(3) : random.nextInt(20);
            operations[i] = known.get(1 + 13 * operation);
            nanos[i] = ((long) Math.exp(random.nextDouble() * 8)) * 1_000 + random.nextInt(1_000);
            sizes[i] = 10 + random.nextInt(1_000);
            errors[i] = random.nextInt(100) == 0;
        }
        Endpoint judged = sinks.equals("judged") ? new Judged() : null;
        for (int i = 0; i < CONNECTIONS; i++) {
            connections[i] = new BenchConnection(i + 1, "10.1.1." + i % 10, judged);
        }
        exchanges = exchanges();
    }

    private Exchanges exchanges() {
        WireClock clock = WireClock.system();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        ExchangeSink.Factory[] extra = {};
        switch (sinks) {
            case "none" -> {
                return new NoSinks();
            }
            case "hdr_recorder" -> extra = new ExchangeSink.Factory[] {loop -> new HdrSink()};
            case "access_log" -> {
                log = AccessLog.toStream(OutputStream.nullOutputStream(), clock, meters);
                extra = new ExchangeSink.Factory[] {log};
            }
            default -> {}
        }
        var config = new ProxyConfig.SinkConfig(2_000, Duration.ofMillis(10), 128);
        all = new ExchangeSinks(1, clock, meters, config, List.of(extra));
        if (sinks.equals("live")) {
            all.live().subscribe(1 << 30);
        }
        return all.forLoop(0);
    }

    /** Closes them. */
    @TearDown
    public void stop() {
        if (all != null) {
            all.close();
        }
        if (log != null) {
            log.close();
        }
    }

    /** The traffic once. */
    @Benchmark
    @OperationsPerInvocation(EXCHANGES)
    public void emit() {
        for (int i = 0; i < EXCHANGES; i++) {
            BenchConnection connection = connections[i / BURST % CONNECTIONS];
            Exchange e = exchanges.open().of(connection, "redis", operations[i]);
            e.startNanos = i;
            e.user = "default";
            e.namespace = "0";
            e.requestBytes = sizes[i];
            e.responseBytes = 64;
            e.firstByteNanos = nanos[i];
            e.durationNanos = nanos[i];
            e.queueNanos = 0;
            e.hit = i & 1;
            if (errors[i]) {
                e.status = Exchange.Status.ERROR;
                e.error = "WRONGTYPE";
            }
            exchanges.emit(e);
        }
    }

    /** A pool and nothing else. */
    private static final class NoSinks implements Exchanges {
        private final DigestTable digests = new DigestTable(0);
        private final Exchange only = new Exchange();

        @Override
        public Exchange open() {
            return only;
        }

        @Override
        public void emit(Exchange exchange) {
            discard(exchange);
        }

        @Override
        public DigestTable digests() {
            return digests;
        }

        @Override
        public void discard(Exchange exchange) {
            exchange.clear();
        }
    }

    /** What HdrHistogram's recorder for one writer would cost instead of ours: compare with the default sinks. */
    private static final class HdrSink implements ExchangeSink {
        private final SingleWriterRecorder[] recorders = new SingleWriterRecorder[512];

        @Override
        public void onExchange(Exchange exchange) {
            int i = exchange.operation().index();
            SingleWriterRecorder recorder = recorders[i];
            if (recorder == null) {
                recorder = new SingleWriterRecorder(2);
                recorders[i] = recorder;
            }
            recorder.recordValue(exchange.durationNanos / 1_000);
        }
    }

    /** Does what an endpoint of a cluster with outlier detection does while all goes well. */
    private static final class Judged implements Endpoint {
        private final AtomicInteger failuresInARow = new AtomicInteger();
        private final LongAdder successes = new LongAdder();

        @Override
        public void done(Outcome outcome, long micros) {
            if (outcome == Outcome.SUCCESS) {
                if (failuresInARow.get() != 0) {
                    failuresInARow.set(0);
                }
                successes.increment();
            }
        }

        @Override
        public Address address() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int weight() {
            return 1;
        }

        @Override
        public ChannelFuture connect(EventLoop loop, ChannelHandler initializer) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int activeConnections() {
            return 0;
        }

        @Override
        public long connects() {
            return 0;
        }

        @Override
        public long connectFailures() {
            return 0;
        }
    }

    /** As the core's: plain fields behind the interface. */
    private static final class BenchConnection implements Connection {
        private final long id;
        private final String clientHost;
        private final String clientText;
        private final String upstream = "10.0.0.5:6379";
        private @Nullable Object sinkState;

        private final @Nullable Endpoint judged;

        BenchConnection(long id, String clientHost, @Nullable Endpoint judged) {
            this.judged = judged;
            this.id = id;
            this.clientHost = clientHost;
            this.clientText = clientHost + ":50000";
        }

        @Override
        public long id() {
            return id;
        }

        @Override
        public String listener() {
            return "orders";
        }

        @Override
        public SocketAddress client() {
            return Address.parse(clientText).socketAddress();
        }

        @Override
        public String clientText() {
            return clientText;
        }

        @Override
        public String clientHost() {
            return clientHost;
        }

        @Override
        public SocketAddress local() {
            throw new UnsupportedOperationException();
        }

        @Override
        public String cluster() {
            return "orders";
        }

        @Override
        public @Nullable SocketAddress upstream() {
            throw new UnsupportedOperationException();
        }

        @Override
        public String upstreamText() {
            return upstream;
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
        public <T> void set(ConnectionAttribute<T> key, T value) {
            throw new UnsupportedOperationException();
        }

        @Override
        public @Nullable Endpoint judged() {
            return judged;
        }

        @Override
        public @Nullable Object sinkState() {
            return sinkState;
        }

        @Override
        public void sinkState(@Nullable Object state) {
            sinkState = state;
        }

        @Override
        public EventLoop loop() {
            throw new UnsupportedOperationException();
        }

        @Override
        public ByteBufAllocator allocator() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close(CloseReason reason) {
            throw new UnsupportedOperationException();
        }
    }
}
