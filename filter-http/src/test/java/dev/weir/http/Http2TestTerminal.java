package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.TerminalFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A terminal that speaks HTTP/2 and answers by itself ({@link TestAnswers}), or passes requests on to an upstream that speaks it too ({@link TestRelay}). */
public final class Http2TestTerminal implements TerminalFactory {
    /** For ServiceLoader. */
    public Http2TestTerminal() {}

    @Override
    public String type() {
        return "test_http2";
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        ClientLimits client = new ClientLimits(
                (int) config.integer("header_bytes", 61_440, 1, 1 << 20),
                (int) config.integer("headers", 100, 1, 10_000),
                (int) config.integer("request_line", 8_192, 1, 1 << 20),
                (int) config.integer("streams", 100, 1, 10_000),
                (int) config.integer("window", 65_536, 1, 1 << 30),
                (int) config.integer("connection_window", 1_048_576, 1, 1 << 30),
                config.integer("requests_per_connection", 0, 0, 1 << 30),
                TimeUnit.MILLISECONDS.toNanos(config.integer("headers_millis", 10_000, 1, 1 << 30)),
                TimeUnit.MILLISECONDS.toNanos(config.integer("idle_millis", 0, 0, 1 << 30)));
        UpstreamLimits upstream = new UpstreamLimits(
                client.headerBytes(),
                client.headers(),
                client.streams(),
                client.window(),
                client.connectionWindow(),
                client.requestsPerConnection(),
                client.idleNanos());
        @Nullable Cluster cluster = config.has("cluster") ? environment.cluster(config, "cluster") : null;
        ProtocolErrors errors = new ProtocolErrors(environment.meters(), environment.listener());
        return environmentOfLoop -> {
            HttpLoop home = new HttpLoop(environmentOfLoop);
            RequestHandler handler =
                    cluster == null ? new TestAnswers(home.loop) : new TestRelay(home, upstream, cluster);
            return context -> Http2Client.of(home, context, client, handler, errors);
        };
    }
}
