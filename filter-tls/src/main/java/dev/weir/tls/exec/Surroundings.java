package dev.weir.tls.exec;

import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.tls.TlsSession;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;

/** The environment of a program: Weir's own, and who the client is, in the words of stunnel. */
final class Surroundings {
    private static final Map<String, String> EMAIL = Map.of("1.2.840.113549.1.9.1", "emailAddress");

    private Surroundings() {}

    static List<String> of(Connection connection) {
        Map<String, String> all = new HashMap<>(System.getenv());
        for (String ours : List.of("REMOTE_HOST", "REMOTE_PORT", "SSL_CLIENT_DN", "SSL_CLIENT_I_DN")) {
            all.remove(ours); // nobody is to take Weir's for the client's
        }
        if (connection.client() instanceof InetSocketAddress client) {
            all.put("REMOTE_HOST", connection.clientHost());
            all.put("REMOTE_PORT", String.valueOf(client.getPort()));
        }
        TlsSession tls = connection.get(ConnectionAttribute.TLS);
        if (tls != null && !tls.peer().isEmpty()) {
            X509Certificate own = tls.peer().get(0);
            all.put("SSL_CLIENT_DN", name(own.getSubjectX500Principal()));
            all.put("SSL_CLIENT_I_DN", name(own.getIssuerX500Principal()));
        }
        List<String> lines = new ArrayList<>(all.size());
        all.forEach((name, value) -> lines.add(name + "=" + printable(value)));
        return lines;
    }

    /** A zero would cut it off. */
    private static String printable(String value) {
        return value.indexOf(0) < 0 ? value : value.replace('\0', '?');
    }

    /** In the order of the certificate, as stunnel tells it: {@code C=DE, O="Weir, Inc.", CN=client}. */
    static String name(X500Principal principal) {
        String text = principal.getName(X500Principal.RFC2253, EMAIL);
        try {
            return new LdapName(text).getRdns().stream().map(Surroundings::part).collect(Collectors.joining(", "));
        } catch (InvalidNameException e) {
            return text;
        }
    }

    private static String part(Rdn part) {
        if (part.size() > 1 || !(part.getValue() instanceof String value)) {
            return part.toString();
        }
        String escaped = value.replace("\\", "\\\\").replace("\"", "\\\"");
        boolean quoted = value.startsWith("#")
                || !value.strip().equals(value)
                || value.chars().anyMatch(c -> ",+<>;".indexOf(c) >= 0);
        return part.getType() + "=" + (quoted ? '"' + escaped + '"' : escaped);
    }
}
