package dev.weir.redis;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandFramer;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Refusal;
import dev.weir.core.protocol.Sniffer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.noop.NoopCounter;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Redis and Valkey, RESP2 and RESP3. */
public final class RedisProtocol implements Protocol {
    private static final int MAX_PENDING = 16_384;

    /** Read when it is first needed: a configuration without Redis does without it. */
    private volatile @Nullable CommandTable table;

    private final ErrorCodes errors = new ErrorCodes();

    /** What the command gates of one thread share. */
    private final FastThreadLocal<Loop> gateLoops = new FastThreadLocal<>() {
        @Override
        protected Loop initialValue() {
            Counter none = new NoopCounter(new Meter.Id("none", Tags.empty(), null, null, Meter.Type.COUNTER));
            return new Loop(table(), errors, new Loop.Settings(false, MAX_PENDING), null, none, none);
        }
    };

    /** For the service loader. */
    public RedisProtocol() {}

    CommandTable table() {
        CommandTable read = table;
        if (read == null) {
            read = readTable();
        }
        return read;
    }

    ErrorCodes errors() {
        return errors;
    }

    private synchronized CommandTable readTable() {
        CommandTable read = table;
        if (read == null) {
            read = CommandTable.load();
            table = read;
        }
        return read;
    }

    @Override
    public String name() {
        return "redis";
    }

    @Override
    public List<String> aliases() {
        return List.of("valkey");
    }

    @Override
    public String statsFilter() {
        return "redis_stats";
    }

    @Override
    public int defaultPort() {
        return 6379;
    }

    @Override
    public PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        boolean keys = config.bool("keys", false);
        int maxPending = (int) config.integer("max_pending", MAX_PENDING, 16, 1 << 20);
        HotKeySettings hot = HotKeySettings.read(config);
        config.rejectUnknown();
        Loop.Settings settings = new Loop.Settings(keys, maxPending);
        Counter lossy = Counter.builder("weir_redis_lossy")
                .description("Commands left out because too many of their connection waited for an answer")
                .tag("listener", environment.listener())
                .register(environment.meters());
        Counter unsolicited = Counter.builder("weir_redis_unsolicited")
                .description("Errors a server sent before it was asked anything (protected mode, too many clients)")
                .tag("listener", environment.listener())
                .register(environment.meters());
        CommandTable commands = table();
        return loop -> {
            HotKeys.Recorder recorder = hot == null ? null : hot.recorder(environment, loop.index());
            Loop shared = new Loop(commands, errors, settings, recorder, lossy, unsolicited);
            return connection -> new RedisSniffer(shared, connection);
        };
    }

    /**
     * After the texts of {@code src/server.c} of Redis and Valkey. {@code BUSY} is a client's own script, and {@code SCRIPT KILL} has to reach the
     * server; {@code OOM} and {@code MISCONF} refuse writes only. {@code CLUSTERDOWN} and {@code NOREPLICAS} say that others may know better.
     */
    @Override
    public Endpoint.Outcome outcome(String error) {
        return switch (error) {
            case "LOADING", "MASTERDOWN" -> Endpoint.Outcome.FAILURE;
            case "READONLY", "CLUSTERDOWN", "NOREPLICAS" -> Endpoint.Outcome.WRONG_ROLE;
            default -> Endpoint.Outcome.SUCCESS;
        };
    }

    @Override
    public CommandSet commands() {
        Set<String> names =
                table().all().stream().map(info -> info.operation.name()).collect(Collectors.toUnmodifiableSet());
        Map<Refusal, String> codes =
                Map.of(Refusal.DENIED, "NOPERM", Refusal.RATE_LIMITED, "ERR", Refusal.FAULT, "ERR");
        return new CommandSet(names, Set.of(), true, codes);
    }

    @Override
    public CommandFramer framer(Connection connection, Inflaters inflaters) {
        Loop loop = gateLoops.get();
        return new RedisFramer(loop, new Session(loop, connection));
    }

    @Override
    public Detection detect(Direction direction, ByteBuf first) {
        return RedisDetection.detect(table(), direction, first);
    }
}
