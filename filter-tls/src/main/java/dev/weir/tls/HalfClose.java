package dev.weir.tls;

import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.internal.tcnative.SSL;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps Netty's engine from ending its own direction when the peer ends the other one. The engine does that once, when it first sees close_notify; told that
 * it has seen it before, it lets BoringSSL go on writing, which both TLS 1.3 (RFC 8446 §6.1) and what peers do with TLS 1.2 allow.
 */
final class HalfClose {
    private static final Logger LOG = LoggerFactory.getLogger(HalfClose.class);
    private static final @Nullable VarHandle RECEIVED = field();

    private HalfClose() {}

    private static @Nullable VarHandle field() {
        try {
            return MethodHandles.privateLookupIn(ReferenceCountedOpenSslEngine.class, MethodHandles.lookup())
                    .findVarHandle(ReferenceCountedOpenSslEngine.class, "receivedShutdown", boolean.class);
        } catch (ReflectiveOperationException | SecurityException e) {
            LOG.warn("TLS connections close as a whole: this version of Netty cannot half-close them", e);
            return null;
        }
    }

    /** To be called once the handshake is done. */
    static void allow(SSLEngine engine) {
        if (RECEIVED != null && engine instanceof ReferenceCountedOpenSslEngine) {
            RECEIVED.set(engine, true);
        }
    }

    /** Whether the peer has sent close_notify; known of BoringSSL's engine only, the other one tells by itself. */
    static boolean seen(ReferenceCountedOpenSslEngine engine) {
        long ssl = engine.refCnt() > 0 ? engine.sslPointer() : 0;
        return ssl != 0 && (SSL.getShutdown(ssl) & SSL.SSL_RECEIVED_SHUTDOWN) != 0;
    }
}
