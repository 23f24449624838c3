package dev.weir.core.tls;

import java.security.cert.X509Certificate;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;
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
 */
public record TlsSession(
        String version,
        String cipher,
        @Nullable String serverName,
        @Nullable String alpn,
        boolean resumed,
        boolean verified,
        List<X509Certificate> peer,
        @Nullable String identity) {
    /** Copies the list. */
    public TlsSession {
        peer = List.copyOf(peer);
    }

    /** The common name in the peer's certificate, the last one; null without a certificate or a name. */
    public @Nullable String commonName() {
        if (peer.isEmpty()) {
            return null;
        }
        try {
            List<Rdn> parts =
                    new LdapName(peer.get(0).getSubjectX500Principal().getName(X500Principal.RFC2253)).getRdns();
            for (int i = parts.size() - 1; i >= 0; i--) {
                if (parts.get(i).getType().equalsIgnoreCase("CN")
                        && parts.get(i).getValue() instanceof String text) {
                    return text;
                }
            }
        } catch (InvalidNameException e) {
            return null;
        }
        return null;
    }
}
