package dev.weir.tls;

import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSupport;
import io.netty.channel.Channel;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.internal.tcnative.SSL;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS toward the clients of one section: a state made of files, replaced as a whole when these change. */
final class ServerTls implements TlsServer, AutoCloseable {
    /** How often keys of tickets and ends of certificates are looked at where files are not. */
    private static final Duration TICK = Duration.ofHours(1);

    private final ServerSettings settings;
    private final TlsSupport.Scope scope;
    private final TlsMetrics metrics;
    private final Handshakes handshakes;
    private final Reloads reloads;
    private final Tasks tasks;
    private final Validity validity;
    private final FileWatch watch;
    private volatile State state;
    private boolean closed;
    private List<byte[]> secrets = List.of();
    private final List<Staple> staples = new ArrayList<>();

    /**
     * What was made of the files.
     *
     * @param contexts one for each set of certificates; the first one for clients that ask for no name, or an unknown one
     * @param byName which of them is for a name, or for names that end with what is behind a {@code *}
     * @param credentials in the order of the configuration
     */
    private record State(
            List<Context> contexts, Map<String, Context> byName, Trust trust, List<Credential> credentials) {
        void release() {
            contexts.forEach(one -> ReferenceCountUtil.release(one.netty));
        }

        List<Staple> staples() {
            return contexts.stream()
                    .map(Context::staple)
                    .filter(Objects::nonNull)
                    .toList();
        }
    }

    /**
     * One context.
     *
     * @param policy what its sessions depend on
     * @param staple what is stapled, or null
     */
    private record Context(
            SslContext netty, byte[] policy, @Nullable Staple staple) {}

    ServerTls(ServerSettings settings, TlsSupport.Scope scope)
            throws TlsFileException, GeneralSecurityException, SSLException {
        this.settings = settings;
        this.scope = scope;
        this.tasks = Tasks.of(settings.trust());
        this.metrics = new TlsMetrics(scope, true);
        List<String> seen = FileWatch.look(settings.files());
        try {
            this.state = load();
        } catch (TlsFileException | GeneralSecurityException | SSLException | RuntimeException e) {
            staples.forEach(Staple::close);
            metrics.close();
            throw e;
        }
        this.handshakes = new Handshakes(scope, metrics);
        this.reloads = new Reloads(scope, metrics);
        this.validity = new Validity(scope, settings.protocol().warning());
        show(state);
        boolean watched = !settings.protocol().reload().isZero();
        this.watch = new FileWatch(
                watched ? settings.files() : List.of(),
                watched ? seen : List.of(),
                watched ? settings.protocol().reload() : TICK,
                this::reload,
                this::tick);
    }

    // ---- files

    private State load() throws TlsFileException, GeneralSecurityException, SSLException {
        List<Credential> credentials = new ArrayList<>();
        for (Credential.Source source : settings.certificates()) {
            credentials.add(source.load(settings.protocol().securityLevel()));
        }
        Trust trust = Trust.load(
                settings.trust(), settings.deferred(), settings.protocol().securityLevel());
        secrets = secrets();
        Map<List<Integer>, Context> made = new HashMap<>();
        List<Context> order = new ArrayList<>();
        Map<String, Context> byName = new HashMap<>();
        try {
            order.add(context(CredentialChoice.first(credentials), credentials, trust, made));
            for (String name : CredentialChoice.names(credentials)) {
                Context context = context(CredentialChoice.covering(name, credentials), credentials, trust, made);
                byName.put(name, context);
                if (!order.contains(context)) {
                    order.add(context);
                }
            }
        } catch (SSLException | GeneralSecurityException | RuntimeException e) {
            made.values().forEach(one -> ReferenceCountUtil.release(one.netty));
            throw e;
        }
        return new State(List.copyOf(order), Map.copyOf(byName), trust, List.copyOf(credentials));
    }

    private Context context(
            List<Integer> chosen, List<Credential> credentials, Trust trust, Map<List<Integer>, Context> made)
            throws SSLException, GeneralSecurityException {
        Context there = made.get(chosen);
        if (there != null) {
            return there;
        }
        List<Credential> own = chosen.stream().map(credentials::get).toList();
        SslContext netty = Contexts.server(settings, own, trust);
        Context context = new Context(netty, policy(own, trust), own.size() == 1 ? staple(own.get(0)) : null);
        made.put(chosen, context);
        if (netty.sessionContext() instanceof OpenSslSessionContext sessions) {
            sessions.setSessionCacheEnabled(
                    settings.protocol().sessionCache() > 0 && settings.trust().ocsp() == null);
            if (settings.tickets()) {
                sessions.setTicketKeys(TicketSecrets.derive(secrets, context.policy));
            }
        }
        return context;
    }

    /** That of before where the certificate is the same. */
    private @Nullable Staple staple(Credential credential) {
        if (!credential.isStapled()) {
            return null;
        }
        for (Staple there : staples) {
            if (there.isOf(credential)) {
                return there;
            }
        }
        Staple made = new Staple(credential, metrics::stapled);
        staples.add(made);
        return made;
    }

    /** Those of certificates that are not used any more ask nobody. */
    private void forgetStaples() {
        List<Staple> used = state.staples();
        staples.removeIf(one -> {
            boolean over = !used.contains(one);
            if (over) {
                one.close();
            }
            return over;
        });
    }

    private List<byte[]> secrets() throws TlsFileException {
        if (settings.ticketKeys().isEmpty()) {
            return TicketSecrets.ofProcess(System.nanoTime());
        }
        List<byte[]> given = new ArrayList<>();
        for (TicketSecrets.Source source : settings.ticketKeys()) {
            given.add(source.load());
        }
        return given;
    }

    /** What a session was worth: where it was made, who was trusted, and by which certificates. */
    private byte[] policy(List<Credential> own, Trust trust) throws GeneralSecurityException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update((scope.name() + "\n" + settings.trust() + settings.clientAuth() + settings.deferred())
                .getBytes(StandardCharsets.UTF_8));
        for (X509Certificate one : trust.getAcceptedIssuers()) {
            digest.update(one.getEncoded());
        }
        for (Credential one : own) {
            digest.update(one.names().toString().getBytes(StandardCharsets.UTF_8));
        }
        return digest.digest();
    }

    private synchronized void reload() {
        if (!closed) {
            reloads.run(() -> {
                State next = load();
                State old = state;
                state = next;
                old.release();
                show(next);
                forgetStaples();
            });
        }
    }

    private synchronized void tick() {
        if (closed) {
            return;
        }
        validity.look(state.credentials);
        if (settings.tickets() && settings.ticketKeys().isEmpty()) {
            List<byte[]> now = TicketSecrets.ofProcess(System.nanoTime());
            if (now.get(0) != secrets.get(0)) {
                secrets = now;
                for (Context one : state.contexts) {
                    if (one.netty.sessionContext() instanceof OpenSslSessionContext sessions) {
                        sessions.setTicketKeys(TicketSecrets.derive(now, one.policy));
                    }
                }
            }
        }
    }

    private void show(State now) {
        metrics.certificates(Validity.ends(settings.certificates(), now.credentials));
        validity.look(now.credentials);
    }

    // ---- connections

    @Override
    public boolean needsHello() {
        State now = state;
        return settings.refusesUnknownNames() || now.contexts.size() > 1;
    }

    @Override
    public TlsHandler handler(Channel channel, @Nullable ClientHello hello) {
        // A reload may release what was just read: then the new state is there.
        for (int attempt = 0; ; attempt++) {
            State now = state;
            try {
                return handler(channel, hello, now);
            } catch (io.netty.util.IllegalReferenceCountException e) {
                if (attempt > 3) {
                    throw e;
                }
            }
        }
    }

    private TlsHandler handler(Channel channel, @Nullable ClientHello hello, State now) {
        Context context = choose(hello, now);
        NettyTlsHandler.Observer observer = handshakes.observer(now.trust, true, settings.deferred());
        if (context == null) {
            return new RefusedName(observer);
        }
        SSLEngine engine = context.netty.newHandler(channel.alloc()).engine();
        if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
            byte[] staple = context.staple == null ? null : context.staple.now();
            if (staple != null) {
                openSsl.setOcspResponse(staple);
            }
            if (!settings.tickets()) {
                // Netty switches them on wherever there is TLS 1.3.
                SSL.setOptions(openSsl.sslPointer(), SSL.SSL_OP_NO_TICKET);
            }
        }
        NettyTlsHandler handler = new NettyTlsHandler(engine, tasks.executor(), observer);
        handler.setHandshakeTimeoutMillis(settings.protocol().handshakeTimeout().toMillis());
        handler.setWrapDataSize(settings.protocol().recordSize());
        return handler;
    }

    private @Nullable Context choose(@Nullable ClientHello hello, State now) {
        String name = hello == null ? null : hello.serverName();
        if (name != null) {
            Context found = CredentialChoice.find(name.toLowerCase(Locale.ROOT), now.byName);
            if (found != null) {
                return found;
            }
        }
        return settings.refusesUnknownNames() && hello != null && hello.tls() ? null : now.contexts.get(0);
    }

    @Override
    public int maxHandshakes() {
        return settings.maxHandshakes();
    }

    @Override
    public @Nullable String unauthorizedCluster() {
        return settings.unauthorizedCluster();
    }

    @Override
    public synchronized void close() {
        closed = true;
        watch.close();
        staples.forEach(Staple::close);
        tasks.close();
        metrics.close();
        state.release();
    }
}
