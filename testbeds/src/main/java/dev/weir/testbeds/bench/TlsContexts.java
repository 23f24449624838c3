package dev.weir.testbeds.bench;

import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.internal.tcnative.SSL;
import java.io.File;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;

/**
 * BoringSSL, so that the load is cheap, and so narrow that all proxies do the same work: X25519, AES-128-GCM, one version.
 * TLS 1.2 has tickets only with {@code -Djdk.tls.client.enableSessionTicketExtension=true} and the same for servers.
 */
final class TlsContexts {
    /** The name that all certificates have. */
    static final String NAME = "bench.test";

    /** The first one is used; without the second no P-256 certificate would do in TLS 1.2. */
    private static final String[] GROUPS = {"X25519", "P-256"};

    private static final List<String> CIPHERS =
            List.of("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    /** In TLS 1.3 BoringSSL lets nobody choose: the first of these where the other side agrees. */
    private static final List<String> SUITES =
            List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

    private TlsContexts() {}

    /** A client that believes everybody: what a proxy pays does not depend on it. */
    static SslContext client(String version, boolean resuming) throws SSLException {
        SslContext context = narrow(SslContextBuilder.forClient(), version)
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                // Netty's default would have the client compare the name with the certificate.
                .endpointIdentificationAlgorithm("")
                .build();
        ((OpenSslSessionContext) context.sessionContext()).setSessionCacheEnabled(resuming);
        return context;
    }

    /** A server that gives tickets to those who want them. */
    static SslContext server(File certificate, File key, String version) throws SSLException {
        return narrow(SslContextBuilder.forServer(certificate, key), version).build();
    }

    private static SslContextBuilder narrow(SslContextBuilder builder, String version) {
        return builder.sslProvider(SslProvider.OPENSSL_REFCNT)
                .option(OpenSslContextOption.GROUPS, GROUPS.clone())
                .ciphers(version.equals("TLSv1.3") ? SUITES : CIPHERS)
                .protocols(version);
    }

    /** Version and cipher of a handshake that is complete. */
    static String cipher(SslHandler handler) {
        SSLSession session = handler.engine().getSession();
        return session.getProtocol() + " " + session.getCipherSuite();
    }

    /** Whether the handshake, which is complete, took up an earlier session. */
    static boolean resumed(SslHandler handler) {
        return SSL.isSessionReused(((ReferenceCountedOpenSslEngine) handler.engine()).sslPointer());
    }
}
