package dev.weir.tls;

import dev.weir.core.config.Address;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSupport;
import io.netty.channel.Channel;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS toward the upstreams of one section: a state made of files, replaced as a whole when these change. */
final class ClientTls implements TlsClient, AutoCloseable {
    private final ClientSettings settings;
    private final TlsMetrics metrics;
    private final Handshakes handshakes;
    private final Reloads reloads;
    private final Tasks tasks;
    private final Validity validity;
    private final @Nullable FileWatch watch;
    private volatile State state;
    private boolean closed;

    private record State(SslContext context, Trust trust, List<Credential> credentials) {}

    ClientTls(ClientSettings settings, TlsSupport.Scope scope)
            throws TlsFileException, GeneralSecurityException, SSLException {
        this.settings = settings;
        this.tasks = Tasks.of(settings.trust());
        List<Path> files = settings.files();
        List<String> seen = FileWatch.look(files);
        this.state = load();
        this.metrics = new TlsMetrics(scope, false);
        this.handshakes = new Handshakes(scope, metrics);
        this.reloads = new Reloads(scope, metrics);
        this.validity = new Validity(scope, settings.protocol().warning());
        show(state);
        this.watch = settings.protocol().reload().isZero() || files.isEmpty()
                ? null
                : new FileWatch(
                        files,
                        seen,
                        settings.protocol().reload(),
                        this::reload,
                        () -> validity.look(state.credentials));
    }

    private State load() throws TlsFileException, GeneralSecurityException, SSLException {
        Credential.Source source = settings.certificate();
        Credential own = source == null ? null : source.load(settings.protocol().securityLevel());
        Trust trust = Trust.load(settings.trust(), false, settings.protocol().securityLevel());
        SslContext context = Contexts.client(settings, own, trust);
        if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
            sessions.setSessionCacheEnabled(
                    settings.resumes() && settings.protocol().sessionCache() > 0);
        }
        return new State(context, trust, own == null ? List.of() : List.of(own));
    }

    private synchronized void reload() {
        if (!closed) {
            reloads.run(() -> {
                State next = load();
                State old = state;
                state = next;
                ReferenceCountUtil.release(old.context);
                show(next);
            });
        }
    }

    private void show(State now) {
        Credential.Source source = settings.certificate();
        metrics.certificates(Validity.ends(source == null ? List.of() : List.of(source), now.credentials));
        validity.look(now.credentials);
    }

    @Override
    public TlsHandler handler(Channel channel, Address address, @Nullable String name) {
        for (int attempt = 0; ; attempt++) {
            State now = state;
            try {
                return handler(channel, address, name, now);
            } catch (IllegalReferenceCountException e) {
                if (attempt > 3) {
                    throw e;
                }
            }
        }
    }

    private TlsHandler handler(Channel channel, Address address, @Nullable String name, State now) {
        String host = settings.name() != null ? settings.name() : name != null ? name : address.host();
        SSLEngine engine = now.context
                .newHandler(channel.alloc(), Peers.marked(host), Math.max(address.port(), 0))
                .engine();
        Peers.ask(engine, settings.sni() != null ? settings.sni() : isName(host) ? host : null);
        NettyTlsHandler handler =
                new NettyTlsHandler(engine, tasks.executor(), handshakes.observer(now.trust, false, false));
        handler.setHandshakeTimeoutMillis(settings.protocol().handshakeTimeout().toMillis());
        handler.setWrapDataSize(settings.protocol().recordSize());
        return handler;
    }

    /** Addresses are asked for by nobody (RFC 6066 §3). */
    private static boolean isName(String host) {
        return !host.startsWith("/") && !NetUtil.isValidIpV4Address(host) && !NetUtil.isValidIpV6Address(host);
    }

    @Override
    public String verification() {
        return settings.verification();
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (watch != null) {
            watch.close();
        }
        tasks.close();
        metrics.close();
        ReferenceCountUtil.release(state.context);
    }
}
