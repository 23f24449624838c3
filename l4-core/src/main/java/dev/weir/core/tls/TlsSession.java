package dev.weir.core.tls;

import java.security.cert.X509Certificate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a handshake found out about a peer. Immutable.
 *
 * @param version as RFC and OpenSSL spell it: {@code TLSv1.2}, {@code TLSv1.3}
 * @param cipher name of the cipher suite in the IANA registry
 * @param serverName the name that the client asked for, or null
 * @param alpn the application protocol agreed on, or null
 * @param resumed whether an earlier session was resumed
 * @param verified whether the peer's certificate, and all that is demanded of it, was found good; false where none was demanded
 * @param peer the peer's certificates, its own first; empty if it has shown none
 * @param identity how rules and logs call the peer: of its certificate the first URI, DNS name or e-mail address, else the common name, else the subject; null
 *     without a certificate
 * @param commonName the common name in that certificate, as far as it is trusted for names; or null
 */
public record TlsSession(
        String version,
        String cipher,
        @Nullable String serverName,
        @Nullable String alpn,
        boolean resumed,
        boolean verified,
        List<X509Certificate> peer,
        @Nullable String identity,
        @Nullable String commonName) {
    /** Copies the list. */
    public TlsSession {
        peer = List.copyOf(peer);
    }
}
