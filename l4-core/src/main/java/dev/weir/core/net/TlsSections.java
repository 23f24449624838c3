package dev.weir.core.net;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.tls.AwaitedHello;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSupport;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the {@code tls} sections of a configuration by the module that knows TLS, if there is one. */
final class TlsSections {
    private final Extensions extensions;
    private final MeterRegistry meters;

    TlsSections(Extensions extensions, MeterRegistry meters) {
        this.extensions = extensions;
        this.meters = meters;
    }

    /** Null after a problem was reported. */
    @Nullable
    TlsServer server(ConfigNode node, String listener, Deque<AutoCloseable> resources) {
        TlsSupport support = support(node);
        TlsServer server = support == null ? null : support.server(node, scope("listener", listener, resources));
        node.rejectUnknown();
        return server;
    }

    /** For a filter that begins it in mid-stream; null after a problem was reported. */
    @Nullable
    TlsServer lateServer(ConfigNode node, String listener, Deque<AutoCloseable> resources) {
        TlsServer server = server(node, listener, resources);
        return server == null
                ? null
                : AwaitedHello.of(server, extensions.others(TlsSupport.class).get(0));
    }

    /** For an upstream of a filter; null after a problem was reported. */
    @Nullable
    TlsClient client(ConfigNode node, String listener, Deque<AutoCloseable> resources) {
        TlsSupport support = support(node);
        TlsClient client = support == null ? null : support.client(node, scope("listener", listener, resources));
        node.rejectUnknown();
        return client;
    }

    /** For all of a cluster; null after a problem was reported. */
    @Nullable
    UpstreamTls cluster(ConfigNode node, String cluster) {
        TlsSupport support = support(node);
        if (support == null) {
            return null;
        }
        Deque<AutoCloseable> resources = new ArrayDeque<>();
        TlsClient client = support.client(node, scope("cluster", cluster, resources));
        node.rejectUnknown();
        return client == null ? null : new UpstreamTls(client, resources);
    }

    /** See {@link TlsSupport#hello}; without a module nothing is TLS. */
    @Nullable
    ClientHello hello(ByteBuf data) {
        List<TlsSupport> found = extensions.others(TlsSupport.class);
        return found.isEmpty() ? ClientHello.NONE : found.get(0).hello(data);
    }

    private @Nullable TlsSupport support(ConfigNode node) {
        List<TlsSupport> found = extensions.others(TlsSupport.class);
        if (found.isEmpty()) {
            node.error("there is no module that brings TLS (expected: filter-tls on the class path)");
            return null;
        }
        return found.get(0);
    }

    private TlsSupport.Scope scope(String kind, String name, Deque<AutoCloseable> resources) {
        return new TlsSupport.Scope() {
            @Override
            public String kind() {
                return kind;
            }

            @Override
            public String name() {
                return name;
            }

            @Override
            public MeterRegistry meters() {
                return meters;
            }

            @Override
            public void onClose(AutoCloseable resource) {
                resources.add(resource);
            }
        };
    }
}
