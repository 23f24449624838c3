package dev.weir.tls;

import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.internal.tcnative.SSL;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * What an engine for upstreams knows of its peer. Engines make a server name of the host they are given, unless it has no dot; so they are given one that is
 * none, which still tells sessions and certificates apart, and the server name is set beside it.
 */
final class Peers {
    private static final String MARK = "/";

    private Peers() {}

    /** The host to make an engine with. */
    static String marked(String host) {
        return MARK + host;
    }

    /** The host that the peer's certificate must be for; empty if the engine does not know. */
    static String host(SSLEngine engine) {
        String host = engine.getPeerHost();
        if (host == null) {
            return "";
        }
        return host.startsWith(MARK) ? host.substring(MARK.length()) : host;
    }

    /** Sets the name that is asked for; null or empty for none. */
    static void ask(SSLEngine engine, @Nullable String name) {
        if (engine instanceof ReferenceCountedOpenSslEngine openSsl) {
            if (name != null && !name.isEmpty()) {
                SSL.setTlsExtHostName(openSsl.sslPointer(), name);
            }
            refuseRenegotiation(openSsl);
            return;
        }
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setServerNames(name == null || name.isEmpty() ? List.of() : List.of(new SNIHostName(name)));
        engine.setSSLParameters(parameters);
    }

    private static void refuseRenegotiation(ReferenceCountedOpenSslEngine engine) {
        try {
            SSL.setRenegotiateMode(engine.sslPointer(), SSL.SSL_RENEGOTIATE_NEVER);
        } catch (Exception e) {
            throw new IllegalStateException("renegotiation cannot be switched off", e);
        }
    }
}
