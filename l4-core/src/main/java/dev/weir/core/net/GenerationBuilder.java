package dev.weir.core.net;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.cluster.LoadBalancer;
import dev.weir.core.config.ChainConfig;
import dev.weir.core.config.ChainConfig.FilterConfig;
import dev.weir.core.config.ClusterConfig;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.HealthConfig;
import dev.weir.core.config.ListenerConfig;
import dev.weir.core.config.Names;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.filter.TerminalFactory;
import dev.weir.core.filter.WireClock;
import dev.weir.core.protocol.PolicyFactory;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsServer;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Turns a configuration into a {@link Generation}, reporting every problem: unknown types, unknown clusters,
 * misplaced terminals, and what the factories find.
 */
final class GenerationBuilder {
    /** The terminal that honours the cluster that was chosen for a connection. */
    private static final String GOES_ELSEWHERE = "tcp_proxy";

    private final Extensions extensions;
    private final Connector connector;
    private final Clusters shared;
    private final CoreMetrics metrics;
    private final WireClock clock;
    private final HotKeys hotKeys;
    private final Sniffers sniffers;
    private final TlsSections tls;

    private final Map<String, LiveCluster> clusters = new LinkedHashMap<>();
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();

    GenerationBuilder(
            Extensions extensions,
            Connector connector,
            Clusters shared,
            CoreMetrics metrics,
            WireClock clock,
            HotKeys hotKeys,
            Function<String, BooleanSupplier> decoding) {
        this.extensions = extensions;
        this.connector = connector;
        this.shared = shared;
        this.metrics = metrics;
        this.clock = clock;
        this.hotKeys = hotKeys;
        this.sniffers = new Sniffers(metrics, decoding);
        this.tls = new TlsSections(extensions, metrics.registry());
    }

    /** {@code previous} lends the clusters that did not change, so that they keep their state. */
    Generation build(ProxyConfig config, @Nullable Generation previous) {
        for (ClusterConfig cluster : config.clusters()) {
            clusters.put(cluster.name(), cluster(cluster, previous));
        }
        Map<String, List<ChainPlan>> chains = new LinkedHashMap<>();
        for (ListenerConfig listener : config.listeners()) {
            List<ChainPlan> plans = new ArrayList<>();
            for (ChainConfig chain : listener.chains()) {
                ChainPlan plan = chain(listener, chain);
                if (plan != null) {
                    plans.add(plan);
                }
            }
            chains.put(listener.name(), List.copyOf(plans));
        }
        return new Generation(config, clusters, chains, resources, tls);
    }

    private LiveCluster cluster(ClusterConfig config, @Nullable Generation previous) {
        LoadBalancer balancer = extensions.balancers().get(config.loadBalancing());
        LoadBalancer.Builder builder = null;
        if (balancer == null) {
            config.node()
                    .error(
                            "load_balancing",
                            "\"" + config.loadBalancing() + "\""
                                    + Names.suggest(
                                            config.loadBalancing(),
                                            extensions.balancers().keySet()));
        } else {
            builder = balancer.configure(config.node());
        }
        Discovery.Source source = discovery(config);
        HealthCheck.Probe probe = probe(config);
        config.node().rejectUnknown();
        LiveCluster old = previous == null ? null : previous.clusters().get(config.name());
        Object plain = config.node().plain();
        if (old != null && plain != null && plain.equals(old.config().node().plain())) {
            return old;
        }
        ConfigNode section = config.tls();
        UpstreamTls secure = section == null ? null : tls.cluster(section, config.name());
        return new LiveCluster(
                new ClusterParts(
                        config,
                        builder,
                        balancer != null && balancer.usesHash(),
                        source,
                        probe,
                        secure,
                        connector,
                        shared),
                old);
    }

    private Discovery.@Nullable Source discovery(ClusterConfig config) {
        ConfigNode node = config.discovery();
        if (node == null) {
            return null;
        }
        String type = node.string("type");
        Discovery discovery = extensions.discoveries().get(type);
        if (discovery == null) {
            unknown(node, type, extensions.discoveries().keySet());
            return null;
        }
        Discovery.Source source = discovery.configure(node);
        node.rejectUnknown();
        return source;
    }

    private HealthCheck.@Nullable Probe probe(ClusterConfig config) {
        HealthConfig health = config.health();
        if (health == null) {
            return null;
        }
        HealthCheck check = extensions.healthChecks().get(health.type());
        if (check == null) {
            unknown(health.node(), health.type(), extensions.healthChecks().keySet());
            return null;
        }
        HealthCheck.Probe probe = check.configure(health.node());
        health.node().rejectUnknown();
        return probe;
    }

    private static void unknown(ConfigNode node, String type, Set<String> valid) {
        if (!type.isEmpty()) {
            node.error("type", "\"" + type + "\"" + Names.suggest(type, valid));
        }
    }

    private @Nullable ChainPlan chain(ListenerConfig listener, ChainConfig chain) {
        List<String> types = new ArrayList<>();
        List<PerLoop<NetworkFilter>> filters = new ArrayList<>();
        Set<String> sniffing = new HashSet<>();
        Set<String> produced = produced(chain);
        Environment environment = new Environment(listener.name());
        ConfigNode section = chain.tls();
        TlsServer secure = section == null ? null : secure(section, listener);
        TerminalFactory.Configured terminal = null;
        String terminalType = "";
        for (int i = 0; i < chain.filters().size(); i++) {
            FilterConfig filter = chain.filters().get(i);
            boolean last = i == chain.filters().size() - 1;
            String type = filter.type();
            TerminalFactory terminalFactory = extensions.terminals().get(type);
            Protocol sniffer = extensions.sniffers().get(type);
            if (terminalFactory != null) {
                terminal = terminalFactory.configure(filter.node(), environment);
                terminalType = type;
                if (!last) {
                    filter.node().error("type", "\"" + type + "\" is a terminal (expected: as the last filter)");
                }
            } else if (sniffer != null) {
                types.add(type);
                filters.add(sniffers.of(sniffer, filter.node(), environment));
                oneProducer(filter, sniffer, sniffing, produced);
            } else if (type.equals(Sniffers.AUTO)) {
                types.add(type);
                filters.add(sniffers.auto(undecided(chain, produced), environment));
                if (!sniffing.add(type)) {
                    filter.node().error("type", "\"" + type + "\" twice in a chain (expected: once)");
                }
            } else if (extensions.filters().containsKey(type)) {
                types.add(type);
                filters.add(extensions.filters().get(type).configure(filter.node(), environment));
            } else {
                if (!type.isEmpty()) {
                    filter.node().error("type", "\"" + type + "\"" + Names.suggest(type, allTypes()));
                }
                continue;
            }
            filter.node().rejectUnknown();
            if (last && terminalFactory == null) {
                filter.node()
                        .error(
                                "type",
                                "\"" + type + "\" is no terminal (expected: the last one of "
                                        + String.join(
                                                ", ", extensions.terminals().keySet()) + ")");
            }
        }
        terminalHonours(secure, terminalType, listener);
        return terminal == null
                ? null
                : new ChainPlan(
                        chain.match(), secure, List.copyOf(types), List.copyOf(filters), terminalType, terminal);
    }

    private static void terminalHonours(@Nullable TlsServer secure, String terminalType, ListenerConfig listener) {
        if (secure != null && secure.unauthorizedCluster() != null && !terminalType.equals(GOES_ELSEWHERE)) {
            listener.node()
                    .error(
                            "filters",
                            "the terminal \"" + terminalType + "\" serves all alike (expected: " + GOES_ELSEWHERE
                                    + ", where tls.on_unauthorized names a cluster)");
        }
    }

    private @Nullable TlsServer secure(ConfigNode section, ListenerConfig listener) {
        TlsServer secure = tls.server(section, listener.name(), resources);
        String cluster = secure == null ? null : secure.unauthorizedCluster();
        if (cluster != null && !clusters.containsKey(cluster)) {
            section.error(
                    "on_unauthorized",
                    "unknown cluster \"" + cluster + "\"" + Names.suggest(cluster, clusters.keySet()));
        }
        return secure;
    }

    private static void oneProducer(
            FilterConfig filter, Protocol protocol, Set<String> sniffing, Set<String> produced) {
        String type = filter.type();
        if (!sniffing.add(type)) {
            filter.node().error("type", "\"" + type + "\" twice in a chain (expected: one sniffer of a protocol)");
        }
        if (produced.contains(protocol.name())) {
            filter.node()
                    .error(
                            "type",
                            "\"" + type + "\" before a terminal that counts " + protocol.name()
                                    + " commands itself (expected: one of the two)");
        }
    }

    /** Protocols whose exchanges the terminal of a chain produces. */
    private Set<String> produced(ChainConfig chain) {
        Set<String> produced = new HashSet<>();
        for (FilterConfig filter : chain.filters()) {
            TerminalFactory terminal = extensions.terminals().get(filter.type());
            if (terminal != null) {
                produced.addAll(terminal.produces());
            }
        }
        return produced;
    }

    /** Protocols that are left for detection: a connection has one producer of exchanges. */
    private List<Protocol> undecided(ChainConfig chain, Set<String> produced) {
        Set<String> types = new HashSet<>();
        chain.filters().forEach(filter -> types.add(filter.type()));
        return extensions.protocols().stream()
                .filter(p -> !produced.contains(p.name()) && !types.contains(p.statsFilter()))
                .toList();
    }

    private Set<String> allTypes() {
        Set<String> all = new TreeSet<>(extensions.filters().keySet());
        all.addAll(extensions.sniffers().keySet());
        all.add(Sniffers.AUTO);
        all.addAll(extensions.terminals().keySet());
        return all;
    }

    /** What factories may ask for, on behalf of one listener. */
    private final class Environment implements FilterEnvironment {
        private final String listener;

        Environment(String listener) {
            this.listener = listener;
        }

        @Override
        public String listener() {
            return listener;
        }

        @Override
        public MeterRegistry meters() {
            return metrics.registry();
        }

        @Override
        public WireClock clock() {
            return clock;
        }

        @Override
        public Cluster cluster(ConfigNode config, String key) {
            String name = config.string(key);
            LiveCluster cluster = clusters.get(name);
            if (cluster != null) {
                return cluster;
            }
            if (!name.isEmpty()) {
                config.error(key, "unknown cluster \"" + name + "\"" + Names.suggest(name, clusters.keySet()));
            }
            ClusterConfig none = ClusterConfig.unknown(name, config);
            return new LiveCluster(new ClusterParts(none, null, false, null, null, null, connector, shared), null);
        }

        @Override
        public @Nullable Cluster cluster(String name) {
            return clusters.get(name);
        }

        @Override
        public Collection<Protocol> protocols() {
            return extensions.protocols();
        }

        @Override
        public Collection<PolicyFactory> policies() {
            return extensions.policies();
        }

        @Override
        public <T> List<T> services(Class<T> kind) {
            return extensions.others(kind);
        }

        @Override
        public TlsServer tlsServer(ConfigNode section) {
            TlsServer server = tls.lateServer(section, listener, resources);
            return server == null ? NoTls.INSTANCE : server;
        }

        @Override
        public TlsClient tlsClient(ConfigNode section) {
            TlsClient client = tls.client(section, listener, resources);
            return client == null ? NoTls.INSTANCE : client;
        }

        @Override
        public HotKeys hotKeys() {
            return hotKeys;
        }

        @Override
        public void onClose(AutoCloseable resource) {
            resources.add(resource);
        }
    }
}
