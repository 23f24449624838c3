package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.TerminalFactory;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.noop.NoopCounter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** The terminal {@code redis_proxy}: the commands of its clients, spread over shards. See {@code docs/filters/redis-proxy.md}. */
public final class RedisProxyFactory implements TerminalFactory {
    private static final String PROTOCOL = "redis";

    /** For the service loader. */
    public RedisProxyFactory() {}

    @Override
    public String type() {
        return "redis_proxy";
    }

    @Override
    public Set<String> produces() {
        return Set.of(PROTOCOL);
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        RedisProtocol protocol = protocol(environment);
        CustomCommands commands = CustomCommands.read(config, protocol.table());
        ProxySettings settings = ProxySettings.read(config, environment, commands.table());
        PlanTable plans = new PlanTable(commands.table(), plans(commands, settings));
        ProxyMetrics metrics = new ProxyMetrics(environment.meters(), environment.listener());
        NoopCounter none = new NoopCounter(new Meter.Id("none", Tags.empty(), null, null, Meter.Type.COUNTER));
        List<ProxyLoop> loops = new CopyOnWriteArrayList<>();
        TerminalFactory.Configured configured = loop -> {
            HotKeySettings hot = settings.hotKeys();
            HotKeys.Recorder recorder = hot == null ? null : hot.recorder(environment, loop.index());
            Loop shared =
                    new Loop(plans.table(), protocol.errors(), new Loop.Settings(false, 16), recorder, none, none);
            ProxyLoop home = new ProxyLoop(settings, shared, plans, metrics, protocol::outcome, loops, loop);
            loops.add(home);
            environment.onClose(home::close);
            return context -> new ProxyClient(home, context);
        };
        return settings.variant().preconnect() ? new Early(configured) : configured;
    }

    private static Map<String, Plan> plans(CustomCommands commands, ProxySettings settings) {
        Map<String, Plan> plans = new HashMap<>(commands.plans());
        if (settings.pins()) {
            plans.putAll(PlanTable.pinned());
        }
        return plans;
    }

    /** Does not wait for a first client. */
    private record Early(TerminalFactory.Configured configured) implements TerminalFactory.Configured {
        @Override
        public PerTerminal onLoop(LoopEnvironment loop) {
            return configured.onLoop(loop);
        }

        @Override
        public boolean early() {
            return true;
        }
    }

    private static RedisProtocol protocol(FilterEnvironment environment) {
        return environment.protocols().stream()
                .filter(RedisProtocol.class::isInstance)
                .map(RedisProtocol.class::cast)
                .findFirst()
                .orElseGet(RedisProtocol::new);
    }
}
