package dev.weir.core.builtin;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Mirror;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.TerminalFactory;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The terminal {@code tcp_proxy}: bytes to and from one endpoint of a cluster. */
public final class TcpProxyFactory implements TerminalFactory {
    private static final String SOURCE = "source_address";

    private static final Map<String, Optional<ConnectionAttribute<String>>> HASHED = Map.of(
            SOURCE,
            Optional.empty(),
            "sni",
            Optional.of(ConnectionAttribute.SNI),
            "user",
            Optional.of(ConnectionAttribute.USER),
            "namespace",
            Optional.of(ConnectionAttribute.NAMESPACE),
            "app",
            Optional.of(ConnectionAttribute.APP));

    /** For ServiceLoader. */
    public TcpProxyFactory() {}

    @Override
    public String type() {
        return "tcp_proxy";
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        Cluster cluster = environment.cluster(config, "cluster");
        Duration idle = config.duration("idle_timeout", Duration.ofHours(1));
        Duration longest = config.duration("max_connection_duration", Duration.ZERO);
        limit(config, "idle_timeout", idle);
        limit(config, "max_connection_duration", longest);
        UpstreamMetrics metrics = new UpstreamMetrics(environment.meters(), cluster.name());
        Mirror mirror = config.has("mirror") ? Mirror.configure(config.required("mirror"), environment) : null;
        TcpProxy.Settings settings = new TcpProxy.Settings(
                cluster,
                hashBy(config),
                idle.toNanos(),
                longest.toNanos(),
                attempts(config),
                mirror,
                targets(config),
                false,
                metrics);
        return loop -> {
            Map<String, TcpProxy.Settings> others = new HashMap<>();
            return context -> {
                TcpProxy.Settings chosen = chosen(settings, others, context.connection(), environment);
                if (chosen == null) {
                    // Not to that of all: whoever was sent elsewhere may not be one of them.
                    context.connection()
                            .loop()
                            .execute(() -> context.connection().close(CloseReason.NO_ENDPOINT));
                    return new ChannelInboundHandlerAdapter();
                }
                return new TcpProxy(chosen, context);
            };
        };
    }

    /** Those of the cluster that a filter has chosen; null if there is no such one. */
    private static TcpProxy.@Nullable Settings chosen(
            TcpProxy.Settings configured,
            Map<String, TcpProxy.Settings> others,
            Connection connection,
            FilterEnvironment environment) {
        String name = connection.get(ConnectionAttribute.CLUSTER);
        if (name == null || name.equals(configured.cluster().name())) {
            return configured;
        }
        TcpProxy.Settings known = others.get(name);
        if (known == null) {
            Cluster cluster = environment.cluster(name);
            if (cluster == null) {
                return null;
            }
            known = configured.with(cluster, new UpstreamMetrics(environment.meters(), name));
            others.put(name, known);
        }
        return known;
    }

    /** What filters put on a connection, or its source address. */
    private static @Nullable ConnectionAttribute<String> hashBy(ConfigNode config) {
        String name = config.oneOf("hash_policy", SOURCE, HASHED.keySet());
        return HASHED.getOrDefault(name, Optional.empty()).orElse(null);
    }

    /** Which targets of clients are gone to; null for none. */
    private static @Nullable TargetRules targets(ConfigNode config) {
        ConfigNode node = config.child("dynamic");
        if (node != null && node.isMap()) {
            return TargetRules.configure(node);
        }
        return config.bool("dynamic", false) ? TargetRules.elsewhere() : null;
    }

    private static Connecting.Attempts attempts(ConfigNode config) {
        int attempts = (int) config.integer("connect_attempts", 3, 1, 100);
        if (!config.has("connect_backoff")) {
            return new Connecting.Attempts(attempts, 0, 0);
        }
        ConfigNode node = config.required("connect_backoff");
        Duration base = node.duration("base", Duration.ofMillis(25));
        Duration max = node.duration("max", base.multipliedBy(10));
        if (base.toNanos() < 1_000_000 || base.compareTo(Duration.ofMinutes(1)) > 0) {
            node.error("base", Units.format(base) + " (expected: 1ms..1m)");
        } else if (max.compareTo(base) < 0 || max.compareTo(Duration.ofMinutes(10)) > 0) {
            node.error("max", Units.format(max) + " (expected: " + Units.format(base) + "..10m)");
        }
        node.rejectUnknown();
        return new Connecting.Attempts(attempts, base.toNanos(), max.toNanos());
    }

    /** Zero means none; anything else must be long enough to be meant. */
    private static void limit(ConfigNode config, String key, Duration value) {
        if (!value.isZero() && value.compareTo(Duration.ofMillis(10)) < 0
                || value.compareTo(Duration.ofDays(365)) > 0) {
            config.error(key, Units.format(value) + " (expected: 0 for none, or 10ms..365d)");
        }
    }
}
