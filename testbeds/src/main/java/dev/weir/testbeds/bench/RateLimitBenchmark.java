package dev.weir.testbeds.bench;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.ratelimit.RateLimitFactory;
import dev.weir.redis.RedisProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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
 * What a Redis command costs in the command gate, request and answer, in bursts of 16: without a policy, and with limits that
 * let it through. Run with {@code -prof gc} to see what is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class RateLimitBenchmark {
    private static final int PIPELINE = 16;

    /** Limits that the commands fall under. */
    @Param({"0", "1", "3"})
    public int limits;

    private final GateContext context = new GateContext();
    private final ByteBuf requests = buffer("*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n");
    private final ByteBuf answers = buffer("$64\r\n" + "x".repeat(64) + "\r\n");
    private NetworkFilter filter = new NetworkFilter() {};

    private static ByteBuf buffer(String command) {
        return PooledByteBufAllocator.DEFAULT
                .directBuffer(4 << 10)
                .writeBytes(command.repeat(PIPELINE).getBytes(StandardCharsets.US_ASCII));
    }

    /** Opens the filter. */
    @Setup
    public void open() {
        Nothing nothing = new Nothing();
        if (limits == 0) {
            filter = new CommandGate(
                    new RedisProtocol().framer(nothing, nothing.inflaters()), (command, nanos) -> Decision.ALLOW, true);
        } else {
            List<Map<String, Object>> all = List.of(
                    Map.of("per", "client", "rate", "100000000/s", "burst", 1_000_000_000),
                    Map.of("per", "listener", "rate", "100000000/s", "commands", List.of("@read")),
                    Map.of("per", "client", "rate", "100000000/s", "commands", List.of("GET", "SET")));
            ConfigErrors errors = new ConfigErrors();
            ConfigNode node = ConfigNode.of(Map.of("protocol", "redis", "commands", all.subList(0, limits)), errors);
            filter = new RateLimitFactory()
                    .configure(node, nothing)
                    .onLoop(nothing)
                    .create(nothing);
            errors.throwIfAny("benchmark");
        }
        filter.onOpen(context);
    }

    /** A command and its answer. */
    @Benchmark
    @OperationsPerInvocation(PIPELINE)
    public int command() {
        context.nextBurst();
        requests.readerIndex(0);
        int up = filter.onData(context, Direction.TO_UPSTREAM, requests);
        answers.readerIndex(0);
        return up + filter.onData(context, Direction.TO_CLIENT, answers);
    }
}
