package dev.weir.tls;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSession;
import dev.weir.core.tls.TlsSupport;
import dev.weir.tls.psk.PskChoice;
import dev.weir.tls.psk.PskTls;
import io.netty.channel.Channel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A section whose keys both sides know already ({@code psk}), in the place of certificates: its file watched, its handshakes counted. */
final class PskSection {
    private static final List<String> VERSIONS = List.of("TLSv1.2", "TLSv1.3");

    private final PskTls psk;
    private final PskTls.Limits limits;
    private final TlsMetrics metrics;
    private final Handshakes handshakes;
    private final Reloads reloads;

    private PskSection(PskTls psk, PskTls.Limits limits, TlsSupport.Scope scope, boolean server) {
        this.psk = psk;
        this.limits = limits;
        this.metrics = new TlsMetrics(scope, server);
        this.handshakes = new Handshakes(scope, metrics);
        this.reloads = new Reloads(scope, metrics);
    }

    /** Null after problems were reported. */
    static @Nullable PskSection of(ConfigNode node, boolean server, TlsSupport.Scope scope) {
        int problems = node.errors().count();
        List<Path> files = List.of(Path.of(node.section("psk").string("secrets", "")));
        List<String> seen = FileWatch.look(files);
        PskTls psk = PskTls.configure(node.required("psk"));
        String from = node.oneOf("min_version", "TLSv1.2", VERSIONS);
        String to = node.oneOf("max_version", "TLSv1.3", VERSIONS);
        if (from.compareTo(to) > 0) {
            node.error("min_version", "\"" + from + "\" above max_version (expected: at most " + to + ")");
        }
        Duration timeout = ProtocolSettings.duration(
                node, "handshake_timeout", Duration.ofSeconds(10), Duration.ofMillis(10), Duration.ofMinutes(10));
        Duration reload = ProtocolSettings.duration(
                node, "reload_interval", Duration.ofSeconds(5), Duration.ZERO, Duration.ofHours(1));
        int most = server ? (int) node.integer("max_handshakes", 1024, 1, 1_000_000) : Integer.MAX_VALUE;
        PskChoice choice = PskChoice.configure(node);
        if (psk == null || node.errors().count() > problems) {
            return null;
        }
        PskSection section = new PskSection(psk, new PskTls.Limits(from, to, timeout, most, choice), scope, server);
        scope.onClose(section.metrics);
        if (!reload.isZero()) {
            scope.onClose(new FileWatch(files, seen, reload, section::reload, () -> {}));
        }
        return section;
    }

    private void reload() {
        reloads.run(() -> {
            String problem = psk.reload();
            if (problem != null) {
                throw new TlsFileException(psk.file(), problem, null);
            }
        });
    }

    TlsServer server() {
        TlsServer plain = psk.server(limits);
        return new TlsServer() {
            @Override
            public boolean needsHello() {
                return false;
            }

            @Override
            public TlsHandler handler(Channel channel, @Nullable ClientHello hello) {
                return counted(channel, plain.handler(channel, hello));
            }

            @Override
            public int maxHandshakes() {
                return plain.maxHandshakes();
            }
        };
    }

    TlsClient client() {
        TlsClient plain = psk.client(limits);
        return new TlsClient() {
            @Override
            public TlsHandler handler(Channel channel, Address address, @Nullable String name) {
                return counted(channel, plain.handler(channel, address, name));
            }

            @Override
            public String verification() {
                return plain.verification();
            }
        };
    }

    private TlsHandler counted(Channel channel, TlsHandler handler) {
        long begin = System.nanoTime();
        handler.handshakeFuture().addListener(done -> {
            TlsSession session = handler.session();
            if (session != null) {
                metrics.succeeded(session, System.nanoTime() - begin);
            } else {
                handshakes.failed(channel, done.cause());
            }
        });
        return handler;
    }
}
