package dev.weir.testbeds.bench;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Sniffer;
import dev.weir.redis.RedisProtocol;
import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
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
}
