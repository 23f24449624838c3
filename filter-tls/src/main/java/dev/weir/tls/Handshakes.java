package dev.weir.tls;

import dev.weir.core.filter.WireClock;
import dev.weir.core.tls.TlsSession;
import dev.weir.core.tls.TlsSupport;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.internal.tcnative.SSL;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Judges, counts and logs the handshakes of one section. */
final class Handshakes {
    private static final Logger LOG = LoggerFactory.getLogger("dev.weir.tls.handshakes");
    /** Lines a second; what is above it is counted only. */
    private static final int LINES = 10;

    private final TlsSupport.Scope scope;
    private final TlsMetrics metrics;
    private final AtomicLong second = new AtomicLong();
    private final AtomicLong lines = new AtomicLong();

    Handshakes(TlsSupport.Scope scope, TlsMetrics metrics) {
        this.scope = scope;
        this.metrics = metrics;
    }

    /**
     * Observes the handshakes of one state of the section.
     *
     * @param trust who is trusted
     * @param server whether Weir is the server
     * @param deferred whether those that are not trusted go on
     */
    NettyTlsHandler.Observer observer(Trust trust, boolean server, boolean deferred) {
        return new NettyTlsHandler.Observer() {
            @Override
            public TlsSession succeeded(Channel channel, SSLEngine engine, long nanos) throws Distrust {
                TlsSession session = session(engine, trust, server, deferred);
                metrics.succeeded(session, nanos);
                return session;
            }

            @Override
            public void failed(Channel channel, Throwable cause) {
                Failure failure = Failure.of(cause);
                metrics.failed(failure);
                if (mayLog()) {
                    LOG.info(
                            "TLS handshake failed {}={} peer={} reason={}: {}",
                            scope.kind(),
                            scope.name(),
                            channel.remoteAddress(),
                            failure.label(),
                            message(cause));
                }
            }
        };
    }

    private boolean mayLog() {
        long now = System.nanoTime() / 1_000_000_000L;
        if (second.getAndSet(now) != now) {
            lines.set(0);
        }
        return lines.incrementAndGet() <= LINES;
    }

    /** The innermost of ours, else the outermost: what engines wrap around says nothing more. */
    private static String message(Throwable cause) {
        for (Throwable one = cause; one != null; one = one.getCause()) {
            if (one instanceof Distrust) {
                return String.valueOf(one.getMessage());
            }
        }
        return String.valueOf(cause.getMessage());
    }

    private static TlsSession session(SSLEngine engine, Trust trust, boolean server, boolean deferred) throws Distrust {
        SSLSession session = engine.getSession();
        List<X509Certificate> chain = hasPeer(engine) ? chain(session) : List.of();
        boolean resumed = resumed(engine, session);
        boolean verified = false;
        if (!chain.isEmpty() && trust.settings().demands()) {
            verified = verified(engine, trust, server, deferred, resumed, chain);
        }
        String alpn = engine.getApplicationProtocol();
        return new TlsSession(
                session.getProtocol(),
                session.getCipherSuite(),
                server ? asked(engine, session) : null,
                alpn == null || alpn.isEmpty() ? null : alpn,
                resumed,
                verified,
                chain,
                chain.isEmpty() ? null : CertificateNames.of(chain.get(0)).identity());
    }

    private static boolean verified(
            SSLEngine engine,
            Trust trust,
            boolean server,
            boolean deferred,
            boolean resumed,
            List<X509Certificate> chain)
            throws Distrust {
        if (!deferred && !(server && resumed)) {
            return true; // the engine has asked
        }
        try {
            trust.verify(chain.toArray(new X509Certificate[0]), "UNKNOWN", server ? null : Peers.host(engine));
            return true;
        } catch (Distrust e) {
            if (deferred) {
                return false;
            }
            throw e;
        }
    }

    /** To ask a session for certificates that are not there costs an exception: most clients show none. */
    private static boolean hasPeer(SSLEngine engine) {
        if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
            return SSL.getPeerCertificate(openSsl.sslPointer()) != null;
        }
        return engine.getUseClientMode() || engine.getNeedClientAuth() || engine.getWantClientAuth();
    }

    private static List<X509Certificate> chain(SSLSession session) {
        List<X509Certificate> chain = new ArrayList<>();
        try {
            for (Certificate one : session.getPeerCertificates()) {
                if (one instanceof X509Certificate x509) {
                    chain.add(x509);
                }
            }
        } catch (SSLPeerUnverifiedException none) {
            return List.of();
        }
        return chain;
    }

    private static boolean resumed(SSLEngine engine, SSLSession session) {
        if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
            return SSL.isSessionReused(openSsl.sslPointer());
        }
        // The JDK does not tell; but a session that was made before this handshake is an old one.
        long now = WireClock.system().epochMicros(System.nanoTime()) / 1_000;
        return now - session.getCreationTime() > JDK_MILLIS;
    }

    /** A JDK handshake that takes longer looks resumed; only a metric depends on it. */
    private static final long JDK_MILLIS = 1_000;

    private static @Nullable String asked(SSLEngine engine, SSLSession session) {
        if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
            return SSL.getSniHostname(openSsl.sslPointer());
        }
        if (session instanceof ExtendedSSLSession extended) {
            for (SNIServerName name : extended.getRequestedServerNames()) {
                if (name instanceof SNIHostName host) {
                    return host.getAsciiName();
                }
            }
        }
        return null;
    }
}
