package dev.weir.core.tls;

import dev.weir.core.config.Address;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** TLS toward upstreams as one place of the configuration wants it. Shared by all loops; certificates in it change while it is used. */
public interface TlsClient {
    /**
     * Makes the handler of one connection. Never fails: what is wrong shows as a failed handshake.
     *
     * @param address whom the connection goes to; its host is what the certificate must be for, unless {@code name} is given or the configuration says otherwise
     * @param name the name of the endpoint where it is known by one that is a host name, or null
     */
    TlsHandler handler(Channel channel, Address address, @Nullable String name);

    /** How the peer is verified, in a word for operators: {@code verified}, or {@code insecure} if it is not. */
    String verification();
}
