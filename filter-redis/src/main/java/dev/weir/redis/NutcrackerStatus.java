package dev.weir.redis;

import dev.weir.core.ConfigTranslator;
import dev.weir.core.Proxy.ClusterStatus;
import dev.weir.core.Proxy.EndpointStatus;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What twemproxy tells on its stats port: the same names, one object of JSON, with the values of Weir's meters. */
final class NutcrackerStatus implements ConfigTranslator.Status {
    /** How connections of clients end that have nothing to do with an error. */
    private static final Set<String> ORDERLY = Set.of("client_closed", "complete", "drained", "shutdown");

    private static final String SHARD = "weir_redis_shard_";

    /** The last of the file first, as there. */
    private final List<NutcrackerPool> pools;

    NutcrackerStatus(List<NutcrackerPool> pools) {
        List<NutcrackerPool> reversed = new ArrayList<>(pools);
        Collections.reverse(reversed);
        this.pools = List.copyOf(reversed);
    }

    @Override
    public String text(ConfigTranslator.Running running) {
        MeterRegistry meters = running.meters();
        long servers = sum(meters, SHARD + "connections_open");
        JsonText json = new JsonText();
        json.open()
                .field("service", "nutcracker")
                .field("source", source())
                .field("version", running.version())
                .field(
                        "uptime",
                        Duration.between(running.started(), running.now()).toSeconds())
                .field("timestamp", running.now().getEpochSecond())
                .field("total_connections", sum(meters, "weir.connections") + sum(meters, SHARD + "connections"))
                .field("curr_connections", sum(meters, "weir.connections.active") + servers);
        pools.forEach(pool -> pool(json.open(pool.name()), pool, running).close());
        return json.close().text() + "\n";
    }

    private static JsonText pool(JsonText json, NutcrackerPool pool, ConfigTranslator.Running running) {
        MeterRegistry meters = running.meters();
        String[] listener = {"listener", pool.name()};
        long eof = 0;
        long errors = 0;
        for (Meter meter : meters.find("weir.connections.closed").tags(listener).meters()) {
            if (ORDERLY.contains(String.valueOf(meter.getId().getTag("reason")))) {
                eof += value(meter);
            } else {
                errors += value(meter);
            }
        }
        json.field("client_eof", eof)
                .field("client_err", errors)
                .field("client_connections", sum(meters, "weir.connections.active", listener))
                .field(
                        "server_ejects",
                        sum(meters, "weir_cluster_ejections", "cluster", pool.name(), "reason", "consecutive_failures"))
                .field("forward_error", sum(meters, "weir_redis_proxy_forward_errors", listener))
                .field("fragments", sum(meters, "weir_redis_proxy_fragments", listener));
        pool.servers()
                .forEach(server -> server(json.open(server.ringName()), pool, server, running)
                        .close());
        return json;
    }

    private static JsonText server(
            JsonText json, NutcrackerPool pool, NutcrackerServer server, ConfigTranslator.Running running) {
        MeterRegistry meters = running.meters();
        String[] tags = {"listener", pool.name(), "cluster", pool.name(), "endpoint", server.address()};
        return json.field("server_eof", sum(meters, SHARD + "connections_ended", tags))
                .field("server_err", sum(meters, SHARD + "connection_errors", tags))
                .field("server_timedout", sum(meters, SHARD + "timeouts", tags))
                .field("server_connections", sum(meters, SHARD + "connections_open", tags))
                .field("server_ejected_at", ejectedAt(pool, server, running.clusters()))
                .field("requests", sum(meters, SHARD + "requests", tags))
                .field("request_bytes", sum(meters, SHARD + "request_bytes", tags))
                .field("responses", sum(meters, SHARD + "responses", tags))
                .field("response_bytes", sum(meters, SHARD + "response_bytes", tags))
                .field("in_queue", sum(meters, SHARD + "queued", tags))
                .field("in_queue_bytes", sum(meters, SHARD + "queued_bytes", tags))
                .field("out_queue", sum(meters, SHARD + "pending", tags))
                .field("out_queue_bytes", sum(meters, SHARD + "pending_bytes", tags));
    }

    /** In microseconds; 0 for never. */
    private static long ejectedAt(NutcrackerPool pool, NutcrackerServer server, List<ClusterStatus> clusters) {
        for (ClusterStatus cluster : clusters) {
            for (EndpointStatus endpoint :
                    cluster.name().equals(pool.name()) ? cluster.endpoints() : List.<EndpointStatus>of()) {
                if (endpoint.address().equals(server.address()) && endpoint.lastEjected() != null) {
                    return endpoint.lastEjected().toEpochMilli() * 1_000;
                }
            }
        }
        return 0;
    }

    private static long sum(MeterRegistry meters, String name, String... tags) {
        return meters.find(name).tags(tags).meters().stream()
                .mapToLong(NutcrackerStatus::value)
                .sum();
    }

    private static long value(Meter meter) {
        double value = 0;
        if (meter instanceof Counter counter) {
            value = counter.count();
        } else if (meter instanceof FunctionCounter counter) {
            value = counter.count();
        } else if (meter instanceof Gauge gauge) {
            value = gauge.value();
        }
        return (long) value;
    }

    private static String source() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown";
        }
    }

    /** Objects of texts and numbers. */
    private static final class JsonText {
        private final StringBuilder out = new StringBuilder(1024);
        private boolean first = true;

        JsonText open() {
            out.append('{');
            first = true;
            return this;
        }

        JsonText open(String name) {
            return name(name).open();
        }

        JsonText close() {
            out.append('}');
            first = false;
            return this;
        }

        JsonText field(String name, String value) {
            name(name);
            quoted(value);
            return this;
        }

        JsonText field(String name, long value) {
            name(name).out.append(value);
            return this;
        }

        private JsonText name(String name) {
            out.append(first ? "" : ", ");
            quoted(name);
            out.append(": ");
            first = false;
            return this;
        }

        private void quoted(String text) {
            out.append('"');
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c == '"' || c == '\\') {
                    out.append('\\').append(c);
                } else if (c < ' ') {
                    out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                } else {
                    out.append(c);
                }
            }
            out.append('"');
        }

        String text() {
            return out.toString();
        }
    }
}
