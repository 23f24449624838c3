package dev.weir.testbeds.bench;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.WireClock;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import dev.weir.mongo.MongoProtocol;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
 * What sniffing costs per command, on messages as the Java driver and a replica set exchange them ({@link MongoWork}), cut as
 * reads from a socket are. {@code distinct_shapes}: the small find, each time with another field in its filter. The default sinks look at
 * the exchanges. Run with {@code -prof gc} to see what is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "-XX:+UseSerialGC") // as the launcher of the program
public class MongoSnifferBenchmark implements SnifferContext {
    /** The most that one read takes. */
    private static final int READ = 64 << 10;

    private static final String NAMED = "a0000000";

    /** What is done. */
    @Param({"find_one", "find_100", "insert_1000", "get_more", "update_one", "distinct_shapes"})
    public String work = "";

    private @Nullable ExchangeSinks all;
    private @Nullable Exchanges exchanges;
    private @Nullable Sniffer sniffer;
    private ByteBuf[] request = {};
    private ByteBuf[] answer = {};
    private final Connection connection = new Nothing();
    private long nanos = 1_000_000_000L;
    private int id;
    /** Where a number is that makes another shape of the command; 0 if there is none. */
    private int digits;

    private int number;

    /** For JMH. */
    public MongoSnifferBenchmark() {}

    /** Opens the connection, says hello, opens a cursor. */
    @Setup
    public void setup() {
        Nothing environment = new Nothing();
        var config = new ProxyConfig.SinkConfig(2_000, Duration.ofMillis(10), 128);
        all = new ExchangeSinks(1, WireClock.system(), new SimpleMeterRegistry(), config, List.of());
        exchanges = all.forLoop(0);
        Sniffer made = new MongoProtocol()
                .sniffer(ConfigNode.of(Map.of(), new ConfigErrors()), environment)
                .onLoop(environment)
                .create(connection);
        sniffer = made;
        made.onOpen(this);
        exchange(made, MongoWork.hello(), MongoMessages.reply(MongoWork.helloAnswer("192.0.2.1:27017")));
        exchange(made, MongoWork.FIND_100.request(), MongoWork.FIND_100.answer());
        if (work.equals("distinct_shapes")) {
            byte[] bytes = MongoWork.findBy(NAMED);
            digits = 1 + new String(bytes, StandardCharsets.ISO_8859_1).indexOf(NAMED);
            request = reads(bytes);
            answer = reads(MongoWork.FIND_ONE.answer());
        } else {
            MongoWork chosen = MongoWork.valueOf(work.toUpperCase(Locale.ROOT));
            request = reads(chosen.request());
            answer = reads(chosen.answer());
        }
    }

    private void exchange(Sniffer to, byte[] up, byte[] down) {
        show(to, Direction.TO_UPSTREAM, reads(up));
        show(to, Direction.TO_CLIENT, reads(down));
    }

    /** As they come from a socket. */
    private static ByteBuf[] reads(byte[] message) {
        int count = (message.length + READ - 1) / READ;
        ByteBuf[] reads = new ByteBuf[count];
        for (int i = 0; i < count; i++) {
            byte[] part = Arrays.copyOfRange(message, i * READ, Math.min(message.length, (i + 1) * READ));
            reads[i] = PooledByteBufAllocator.DEFAULT.directBuffer(READ).writeBytes(part);
        }
        return reads;
    }

    /** Closes the sinks. */
    @TearDown
    public void stop() {
        if (all != null) {
            all.close();
        }
    }

    /** One command, request and answer. */
    @Benchmark
    public long command() {
        Sniffer to = sniffer;
        if (to != null) {
            request[0].setIntLE(4, ++id);
            answer[0].setIntLE(8, id);
            if (digits > 0) {
                int rest = number++;
                for (int i = 6; i >= 0; i--) {
                    request[0].setByte(digits + i, '0' + rest % 10);
                    rest /= 10;
                }
            }
            nanos += 1_000;
            show(to, Direction.TO_UPSTREAM, request);
            nanos += 100_000;
            show(to, Direction.TO_CLIENT, answer);
        }
        return nanos;
    }

    private void show(Sniffer to, Direction direction, ByteBuf[] reads) {
        for (ByteBuf read : reads) {
            to.onBytes(direction, read, nanos);
        }
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public Exchanges exchanges() {
        if (exchanges == null) {
            throw new IllegalStateException("not set up");
        }
        return exchanges;
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
