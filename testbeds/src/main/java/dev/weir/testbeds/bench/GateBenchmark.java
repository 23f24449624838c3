package dev.weir.testbeds.bench;

import dev.weir.core.builtin.AccessFactory;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.ratelimit.RateLimitFactory;
import dev.weir.redis.RedisProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
 * What a Redis command costs in the command gate, request and answer, in bursts of 16: without a policy, with rules of
 * {@code access} that let it through, and with limits of {@code rate_limit} that do. Run with {@code -prof gc} to see what is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class GateBenchmark {
    private static final int PIPELINE = 16;

    /** The filter, and how many rules or limits it has. */
    @Param({"none 0", "access 1", "access 8", "access 64", "rate_limit 1", "rate_limit 3"})
    public String policy = "";

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
        int size = Integer.parseInt(policy.substring(policy.indexOf(' ') + 1));
        if (policy.startsWith("access")) {
            filter = configured(new AccessFactory(), Map.of("protocol", "redis", "rules", rules(size)), nothing);
        } else if (policy.startsWith("rate_limit")) {
            filter = configured(new RateLimitFactory(), Map.of("protocol", "redis", "commands", limits(size)), nothing);
        } else {
            filter = new CommandGate(
                    new RedisProtocol().framer(nothing, nothing.inflaters()), (command, nanos) -> Decision.ALLOW, true);
        }
        filter.onOpen(context);
    }

    static NetworkFilter configured(FilterFactory factory, Map<String, ?> config, Nothing nothing) {
        ConfigErrors errors = new ConfigErrors();
        PerLoop<NetworkFilter> configured = factory.configure(ConfigNode.of(config, errors), nothing);
        errors.throwIfAny("benchmark");
        return configured.onLoop(nothing).create(nothing);
    }

    private static List<Map<String, ?>> rules(int size) {
        List<Map<String, ?>> all = new ArrayList<>();
        all.add(Map.of("action", "allow", "users", "default", "namespaces", "0", "commands", "@read"));
        for (int i = 1; i < size; i++) {
            all.add(Map.of("action", "deny", "commands", List.of("FLUSHALL", "CONFIG"), "clients", "10.0.0.0/8"));
        }
        return all;
    }

    private static List<Map<String, ?>> limits(int size) {
        List<Map<String, ?>> all = List.of(
                Map.of("per", "client", "rate", "100000000/s", "burst", 1_000_000_000),
                Map.of("per", "listener", "rate", "100000000/s", "commands", List.of("@read")),
                Map.of("per", "client", "rate", "100000000/s", "commands", List.of("GET", "SET")));
        return all.subList(0, size);
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
