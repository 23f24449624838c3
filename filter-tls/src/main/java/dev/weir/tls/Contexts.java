package dev.weir.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslCredential;
import io.netty.handler.ssl.OpenSslCredentialBuilder;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Builds contexts of the engine that a section wants. */
final class Contexts {
    private static final Logger LOG = LoggerFactory.getLogger(Contexts.class);

    /** Suites before TLS 1.3: with forward secrecy and authenticated, the fast ones first. */
    private static final List<String> SUITES = List.of(
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    /** Versions before TLS 1.2 know only these. */
    private static final List<String> OLD_SUITES = List.of(
            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_256_CBC_SHA");

    private static final AtomicBoolean SAID = new AtomicBoolean();

    private Contexts() {}

    /** The engine for a section; BoringSSL unless it is not to be had. */
    static SslProvider provider(String wanted) throws SSLException {
        SslProvider provider = choose(wanted);
        if (provider == SslProvider.JDK) {
            // BoringSSL refuses it by itself.
            System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
        }
        return provider;
    }

    private static SslProvider choose(String wanted) throws SSLException {
        if (wanted.equals("jdk")) {
            return SslProvider.JDK;
        }
        if (OpenSsl.isAvailable()) {
            return SslProvider.OPENSSL_REFCNT;
        }
        if (wanted.equals("openssl")) {
            throw new SSLException("BoringSSL cannot be loaded here: " + OpenSsl.unavailabilityCause());
        }
        if (SAID.compareAndSet(false, true)) {
            LOG.warn(
                    "TLS by the JDK, which is slower: BoringSSL cannot be loaded here: {}",
                    String.valueOf(OpenSsl.unavailabilityCause()));
        }
        return SslProvider.JDK;
    }

    /** For clients. The caller releases it. */
    static SslContext server(ServerSettings settings, List<Credential> credentials, Trust trust)
            throws SSLException, GeneralSecurityException {
        SslProvider provider = provider(settings.protocol().provider());
        List<OpenSslCredential> owned = new ArrayList<>();
        try {
            SslContextBuilder builder;
            boolean stapled = provider != SslProvider.JDK
                    && credentials.size() == 1
                    && credentials.get(0).isStapled();
            if (provider == SslProvider.JDK) {
                jdkCan(Map.of(
                        "curves", settings.protocol().curves().isEmpty(),
                        "ticket_keys", settings.ticketKeys().isEmpty(),
                        "session_tickets: false",
                                settings.tickets() || settings.trust().ocsp() != null,
                        "client_ocsp", settings.trust().ocsp() == null,
                        "ocsp_response, ocsp", credentials.stream().noneMatch(Credential::isStapled)));
                builder = SslContextBuilder.forServer(keys(credentials));
            } else if (stapled) {
                // What is stapled belongs to the one key that Netty sets itself.
                Credential only = credentials.get(0);
                builder = SslContextBuilder.forServer(only.key(), only.chain());
                builder.option(OpenSslContextOption.USE_TASKS, settings.trust().ocsp() != null);
            } else {
                builder = SslContextBuilder.forServer(new NoKeys());
                for (Credential one : credentials) {
                    owned.add(nativeOf(one));
                }
                builder.addCredentials(owned);
                builder.option(OpenSslContextOption.USE_TASKS, settings.trust().ocsp() != null);
            }
            builder.clientAuth(settings.clientAuth()).trustManager(trust);
            builder.enableOcsp(stapled);
            return common(builder, provider, settings.protocol()).build();
        } finally {
            owned.forEach(OpenSslCredential::release);
        }
    }

    /** For upstreams. The caller releases it. */
    static SslContext client(ClientSettings settings, @Nullable Credential credential, Trust trust)
            throws SSLException, GeneralSecurityException {
        SslProvider provider = provider(settings.protocol().provider());
        SslContextBuilder builder =
                SslContextBuilder.forClient().trustManager(trust).endpointIdentificationAlgorithm(null);
        if (credential != null) {
            builder.keyManager(OneKey.factory(credential));
        }
        if (provider == SslProvider.JDK) {
            jdkCan(Map.of(
                    "curves",
                    settings.protocol().curves().isEmpty(),
                    "session_resumption: false",
                    settings.resumes() || trust.settings().ocsp() != null,
                    "ocsp",
                    trust.settings().ocsp() == null));
        } else {
            builder.option(OpenSslContextOption.USE_TASKS, trust.settings().ocsp() != null);
        }
        return common(builder, provider, settings.protocol()).build();
    }

    /** Nothing that was asked for is left out in silence. */
    private static void jdkCan(Map<String, Boolean> wanted) throws SSLException {
        List<String> missing = wanted.entrySet().stream()
                .filter(entry -> !entry.getValue())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
        if (!missing.isEmpty()) {
            throw new SSLException("the JDK's TLS cannot do this: " + String.join(", ", missing)
                    + " (expected: provider: openssl, on a machine where BoringSSL can be loaded)");
        }
    }

    private static SslContextBuilder common(
            SslContextBuilder builder, SslProvider provider, ProtocolSettings protocol) {
        List<String> ours = new ArrayList<>(SUITES);
        if (protocol.versions().contains("TLSv1") || protocol.versions().contains("TLSv1.1")) {
            ours.addAll(OLD_SUITES);
        }
        builder.sslProvider(provider)
                .protocols(protocol.versions())
                .ciphers(
                        protocol.allCiphers(ours),
                        provider == SslProvider.JDK
                                ? SupportedCipherSuiteFilter.INSTANCE
                                : IdentityCipherSuiteFilter.INSTANCE)
                .sessionCacheSize(protocol.sessionCache())
                .sessionTimeout(protocol.sessionTimeout().toSeconds());
        if (!protocol.curves().isEmpty() && provider != SslProvider.JDK) {
            builder.option(OpenSslContextOption.GROUPS, protocol.curves().toArray(new String[0]));
        }
        if (!protocol.alpn().isEmpty()) {
            builder.applicationProtocolConfig(new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    protocol.alpn()));
        }
        return builder;
    }

    private static OpenSslCredential nativeOf(Credential one) {
        return OpenSslCredentialBuilder.forX509(one.key(), one.chain().toArray(new X509Certificate[0]))
                .build();
    }

    private static KeyManagerFactory keys(List<Credential> credentials) throws GeneralSecurityException {
        char[] none = new char[0];
        KeyStore store = KeyStore.getInstance("PKCS12");
        try {
            store.load(null, none);
        } catch (java.io.IOException e) {
            throw new GeneralSecurityException(e);
        }
        for (int i = 0; i < credentials.size(); i++) {
            Credential one = credentials.get(i);
            store.setKeyEntry("key" + i, one.key(), none, one.chain().toArray(new X509Certificate[0]));
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance("NewSunX509");
        factory.init(store, none);
        return factory;
    }

    /**
     * Leaves the choice to BoringSSL, which knows what a client can verify: Netty asks for a key before, and is content with one that has no chain.
     */
    private static final class NoKeys extends X509ExtendedKeyManager {
        @Override
        public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
            return "boringssl";
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            return null;
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            return null;
        }

        @Override
        public String @Nullable [] getClientAliases(String keyType, Principal[] issuers) {
            return null;
        }

        @Override
        public @Nullable String chooseClientAlias(String[] keyType, Principal[] issuers, Socket socket) {
            return null;
        }

        @Override
        public String @Nullable [] getServerAliases(String keyType, Principal[] issuers) {
            return null;
        }

        @Override
        public @Nullable String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
            return null;
        }
    }
}
