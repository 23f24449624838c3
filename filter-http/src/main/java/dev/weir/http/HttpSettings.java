package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import dev.weir.core.filter.FilterEnvironment;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The configuration of one terminal {@code http}. Immutable. */
record HttpSettings(
        ClientProtocol clientProtocol,
        boolean observes,
        RouteTable routes,
        PathRules paths,
        ClientLimits clientLimits,
        UpstreamLimits upstreamLimits,
        Forwarding forwarding,
        ObservationSettings observations,
        @Nullable HttpPolicies policies,
        ProtocolErrors protocolErrors,
        HttpMetrics metrics) {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final int LARGEST_WINDOW = 64 << 20;

    static HttpSettings read(ConfigNode terminal, FilterEnvironment environment) {
        ClientProtocol client = ClientProtocol.read(terminal);
        UpstreamProtocol upstream = UpstreamProtocol.read(terminal, UpstreamProtocol.HTTP1);
        PathRules paths = PathRules.read(terminal);
        ConfigNode times = terminal.section("timeouts");
        long headers = nanos(times, "headers", Duration.ofSeconds(10));
        long idle = nanos(times, "idle", HOUR);
        long request = nanos(times, "request", Duration.ZERO);
        long streamIdle = nanos(times, "stream_idle", Duration.ofMinutes(5));
        times.rejectUnknown();
        RouteTable routes = RouteTable.read(terminal, environment, new RouteDefaults(upstream, request, streamIdle));
        ObservationSettings observations = ObservationSettings.read(terminal, environment);
        Set<String> operations = new HashSet<>();
        routes.operations().all().forEach(operation -> operations.add(operation.name()));
        return new HttpSettings(
                client,
                paths.observe(),
                routes,
                paths,
                clients(terminal, headers, idle),
                upstreams(terminal),
                Forwarding.read(terminal),
                observations,
                HttpPolicies.read(terminal, environment, operations, CarriedNames.of(observations)),
                new ProtocolErrors(environment.meters(), environment.listener()),
                new HttpMetrics(environment.meters(), environment.listener()));
    }

    private static long nanos(ConfigNode node, String key, Duration absent) {
        return node.duration(key, absent).toNanos();
    }

    private static ClientLimits clients(ConfigNode terminal, long headers, long idle) {
        ConfigNode node = terminal.section("limits");
        ClientLimits read = new ClientLimits(
                size(node, "header_bytes", 60 << 10, 256, 1 << 20),
                (int) node.integer("headers", 100, 1, 10_000),
                size(node, "request_line", 8 << 10, 64, 1 << 20),
                (int) node.integer("streams", 100, 1, 1 << 20),
                size(node, "window", 64 << 10, 16 << 10, LARGEST_WINDOW),
                size(node, "connection_window", 1 << 20, 64 << 10, LARGEST_WINDOW),
                node.integer("requests_per_connection", 0, 0, Long.MAX_VALUE),
                headers,
                idle,
                node.bool("serve_half_closed", false),
                terminal.bool("h2c_upgrade", false));
        node.rejectUnknown();
        return read;
    }

    private static UpstreamLimits upstreams(ConfigNode terminal) {
        ConfigNode node = terminal.section("upstream");
        UpstreamLimits read = new UpstreamLimits(
                size(node, "header_bytes", 60 << 10, 256, 1 << 20),
                (int) node.integer("headers", 1_000, 1, 10_000),
                (int) node.integer("streams", 100, 1, 1 << 20),
                size(node, "window", 64 << 10, 16 << 10, LARGEST_WINDOW),
                size(node, "connection_window", 1 << 20, 64 << 10, LARGEST_WINDOW),
                node.integer("requests_per_connection", 0, 0, Long.MAX_VALUE),
                nanos(node, "idle_timeout", HOUR),
                nanos(node, "ping_interval", Duration.ofSeconds(30)),
                nanos(node, "ping_timeout", Duration.ofSeconds(20)));
        if (read.pingNanos() > 0 && read.pingTimeoutNanos() == 0) {
            node.error("ping_timeout", "0s (expected: longer; with ping_interval: 0s nobody is asked)");
        }
        node.rejectUnknown();
        return read;
    }

    private static int size(ConfigNode node, String key, int absent, int least, int most) {
        long size = node.size(key, absent);
        if (size < least || size > most) {
            node.error(
                    key,
                    Units.format(size) + " (expected: " + Units.format((long) least) + ".." + Units.format((long) most)
                            + ")");
            return absent;
        }
        return (int) size;
    }
}
