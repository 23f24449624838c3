package dev.weir.core.tls;

import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** TLS toward clients as one place of the configuration wants it. Shared by all loops; certificates in it change while it is used. */
public interface TlsServer {
    /** Whether {@link #handler} must be told what the client asks for, as certificates are chosen by it. Never so for filters: {@link AwaitedHello}. */
    boolean needsHello();

    /**
     * Makes the handler of one connection. Never fails: what is wrong shows as a failed handshake.
     *
     * @param hello what the client asks for, or null if nobody has looked; the handler gets these bytes, too
     */
    TlsHandler handler(Channel channel, @Nullable ClientHello hello);

    /** The cluster that clients go to who are not trusted, or null for where all go. */
    default @Nullable String unauthorizedCluster() {
        return null;
    }

    /** How many handshakes may be under way on one event loop; later connections are closed. */
    int maxHandshakes();
}
