package dev.weir.core.config;

import dev.weir.core.sql.DigestTable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A whole configuration, immutable. References to filters and clusters are checked when it is applied (or by
 * {@code weir check}), not here.
 *
 * @param admin where the admin server listens, or null for none
 * @param accessLog where exchanges are written, or null for nowhere
 * @param listeners at least one
 * @param clusters may be empty
 * @param process settings of the process
 * @param sinks settings of the sinks of exchanges
 * @param root the whole configuration as it was read; problems found later are reported through it
 */
public record ProxyConfig(
        @Nullable AdminConfig admin,
        @Nullable AccessLogConfig accessLog,
        List<ListenerConfig> listeners,
        List<ClusterConfig> clusters,
        ProcessConfig process,
        SinkConfig sinks,
        ConfigNode root) {

    /**
     * The admin server.
     *
     * @param address where it listens
     * @param hosts names beside loopback ones and the address itself that requests may carry as Host
     */
    public record AdminConfig(Address address, List<String> hosts) {}

    /**
     * The access log.
     *
     * @param path file, or {@code stdout}
     * @param connections whether plain connections are written too, at their close
     */
    public record AccessLogConfig(String path, boolean connections) {}

    /**
     * What applies to the whole process; fixed at start.
     *
     * @param eventLoops number of event loops, 0 for one per core
     * @param transport {@code auto}, {@code epoll}, {@code io_uring} or {@code nio}
     * @param drainTimeout longest time a drain may take
     * @param bufferMemory limit on memory for buffers in bytes, 0 for none of our own
     * @param logLevel {@code error}, {@code warn}, {@code info}, {@code debug} or {@code trace}
     * @param logFormat {@code text} or {@code json}
     * @param takeoverSocket path where a successor asks for the sockets; empty for the default one, {@code off} for none
     * @param overload what happens at the limits; may change at a reload
     */
    public record ProcessConfig(
            int eventLoops,
            String transport,
            Duration drainTimeout,
            long bufferMemory,
            String logLevel,
            String logFormat,
            String takeoverSocket,
            OverloadConfig overload) {}

    /**
     * Sinks of exchanges.
     *
     * @param maxSeries most label combinations of a metric, 10…1,000,000
     * @param slowThreshold exchanges that take at least this long go to the slow log
     * @param slowSize length of the slow log per event loop, 0…10,000
     * @param digestBytes most heap of the digest tables of all event loops together; 0 switches them off
     */
    public record SinkConfig(int maxSeries, Duration slowThreshold, int slowSize, long digestBytes) {
        /** With digest tables of the default size. */
        public SinkConfig(int maxSeries, Duration slowThreshold, int slowSize) {
            this(maxSeries, slowThreshold, slowSize, DigestTable.DEFAULT_MAX_BYTES);
        }
    }

    /** Reads a configuration; problems are reported through {@code root}. */
    public static ProxyConfig from(ConfigNode root) {
        List<ListenerConfig> listeners = new ArrayList<>();
        root.list("listeners").forEach(node -> listeners.add(ListenerConfig.from(node)));
        if (listeners.isEmpty()) {
            root.error("listeners", "none (expected: a list with at least one listener)");
        }
        List<ClusterConfig> clusters = new ArrayList<>();
        root.list("clusters").forEach(node -> clusters.add(ClusterConfig.from(node)));
        unique("listener", listeners.stream().map(ListenerConfig::name).toList(), root.list("listeners"));
        separate(listeners);
        unique("cluster", clusters.stream().map(ClusterConfig::name).toList(), root.list("clusters"));
        ProxyConfig config = new ProxyConfig(
                admin(root),
                accessLog(root),
                List.copyOf(listeners),
                List.copyOf(clusters),
                process(root),
                sinks(root),
                root);
        root.rejectUnknown();
        return config;
    }

    /**
     * Reads a configuration of plain Java maps and lists, in the language of the YAML file.
     *
     * @throws ConfigException with all problems
     */
    public static ProxyConfig of(Map<String, ?> plain) {
        ConfigErrors errors = new ConfigErrors();
        ProxyConfig config = from(ConfigNode.of(plain, errors));
        errors.throwIfAny("configuration");
        return config;
    }

    private static @Nullable AdminConfig admin(ConfigNode root) {
        if (!root.has("admin")) {
            return null;
        }
        ConfigNode node = root.section("admin");
        List<String> hosts = new ArrayList<>();
        node.list("hosts").forEach(host -> hosts.add(host.text()));
        AdminConfig admin = new AdminConfig(node.address("address"), List.copyOf(hosts));
        node.rejectUnknown();
        return admin;
    }

    private static @Nullable AccessLogConfig accessLog(ConfigNode root) {
        if (!root.has("access_log")) {
            return null;
        }
        ConfigNode node = root.section("access_log");
        AccessLogConfig log = new AccessLogConfig(node.string("path"), node.bool("connections", false));
        node.rejectUnknown();
        return log;
    }

    private static ProcessConfig process(ConfigNode root) {
        ConfigNode log = root.section("log");
        String level = log.oneOf("level", "info", List.of("error", "warn", "info", "debug", "trace"));
        String format = log.oneOf("format", "text", List.of("text", "json"));
        log.rejectUnknown();
        ConfigNode memory = root.section("memory");
        long buffers = memory.size("buffers", 0);
        if (buffers != 0 && buffers < 4 << 20) {
            memory.error("buffers", Units.format(buffers) + " (expected: at least 4MiB)");
        }
        memory.rejectUnknown();
        ConfigNode takeover = root.section("takeover");
        String socket = takeover.has("socket") ? takeover.string("socket") : "";
        takeover.rejectUnknown();
        Duration drain = root.duration("drain_timeout", Duration.ofSeconds(30));
        return new ProcessConfig(
                (int) root.integer("event_loops", 0, 0, 1024),
                root.oneOf("transport", "auto", List.of("auto", "epoll", "io_uring", "nio")),
                drain,
                buffers,
                level,
                format,
                socket,
                OverloadConfig.from(root));
    }

    private static SinkConfig sinks(ConfigNode root) {
        ConfigNode metrics = root.section("metrics");
        int maxSeries = (int) metrics.integer("max_series", 2_000, 10, 1_000_000);
        metrics.rejectUnknown();
        ConfigNode slow = root.section("slow_log");
        Duration threshold = slow.duration("threshold", Duration.ofMillis(10));
        int size = (int) slow.integer("size", 128, 0, 10_000);
        slow.rejectUnknown();
        ConfigNode digests = root.section("digests");
        long memory = digests.size("memory", DigestTable.DEFAULT_MAX_BYTES);
        if (memory != 0 && memory < 1 << 20) {
            digests.error("memory", Units.format(memory) + " (expected: 0 or at least 1MiB)");
        }
        digests.rejectUnknown();
        return new SinkConfig(maxSeries, threshold, size, memory);
    }

    /** With SO_REUSEPORT two listeners could bind the same port, and share its connections. */
    private static void separate(List<ListenerConfig> listeners) {
        Map<Address, String> taken = new HashMap<>();
        for (ListenerConfig listener : listeners) {
            Address address = listener.address();
            String other = address.port() == 0 ? null : taken.putIfAbsent(address, listener.name());
            if (other != null) {
                listener.node()
                        .error(
                                "address",
                                "\"" + address + "\" is where \"" + other
                                        + "\" listens (expected: an address of its own)");
            }
        }
    }

    private static void unique(String what, List<String> names, List<ConfigNode> nodes) {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < names.size(); i++) {
            if (!names.get(i).isEmpty() && !seen.add(names.get(i))) {
                nodes.get(i)
                        .error(
                                "name",
                                "\"" + names.get(i) + "\" names a " + what + " already (expected: unique names)");
            }
        }
    }
}
