package dev.weir.core.net;

import dev.weir.core.filter.ProxyHeader;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsSession;
import io.netty.util.AttributeKey;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a connection before it has a session; kept with its channel until it has one.
 *
 * @param header its PROXY protocol header
 * @param hello its ClientHello, where somebody has looked
 * @param tls what came of its handshake
 * @param cluster where it goes in the place of where all go, or null
 */
record Arrived(
        @Nullable ProxyHeader header,
        @Nullable ClientHello hello,
        @Nullable TlsSession tls,
        @Nullable String cluster) {
    static final AttributeKey<Arrived> KEY = AttributeKey.valueOf(Arrived.class, "arrived");
    static final Arrived PLAIN = new Arrived(null, null, null, null);

    /** The name that the client asks for, or null. */
    @Nullable
    String serverName() {
        if (tls != null) {
            return tls.serverName();
        }
        return hello == null ? null : hello.serverName();
    }
}
