package dev.weir.core.tls;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for in the clear before its handshake (RFC 8446 §4.1.2).
 *
 * @param tls false if what the client sent is no ClientHello; all else is empty then
 * @param serverName the server name (RFC 6066 §3) in lower case, or null
 * @param protocols application protocols (RFC 7301) in the order of its preference
 */
public record ClientHello(boolean tls, @Nullable String serverName, List<String> protocols) {
    /** Something else than TLS. */
    public static final ClientHello NONE = new ClientHello(false, null, List.of());

    /** Copies the list. */
    public ClientHello {
        protocols = List.copyOf(protocols);
    }
}
