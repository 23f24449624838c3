package dev.weir.proxy;

import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.net.ssl.SSLException;
import javax.security.auth.x500.X500Principal;

/** Failures in the words that stunnel has of OpenSSL, as scripts look for them. */
final class StunnelWords {
    private static final int DEEPEST = 8;

    /** How those begin that say why a certificate is not trusted. What follows may be its subject, which anybody can choose. */
    private static final List<String> DISTRUST = List.of(
            "unknown_ca",
            "not_pinned",
            "wrong_name",
            "expired",
            "not_yet_valid",
            "bad_certificate",
            "key too weak",
            "certificate is n",
            "public key is not pinned",
            "no rule lets it in",
            "ocsp");

    private StunnelWords() {}

    static boolean isTls(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < DEEPEST; i++, cause = cause.getCause()) {
            if (cause instanceof SSLException) {
                return true;
            }
        }
        return false;
    }

    static String of(Throwable failure) {
        StringBuilder said = new StringBuilder();
        String known = "";
        Throwable cause = failure;
        for (int i = 0; cause != null && i < DEEPEST; i++, cause = cause.getCause()) {
            String message = cause.getMessage();
            if (cause instanceof ClosedChannelException) {
                return "Peer suddenly disconnected";
            }
            if (message != null && said.indexOf(message) < 0) {
                said.append(said.isEmpty() ? "" : ": ").append(message);
                known = known.isEmpty() ? known(message.toLowerCase(Locale.ROOT)) : known;
            }
        }
        String text = said.isEmpty() ? failure.toString() : said.toString();
        return known.isEmpty() ? text : known + " (" + text + ")";
    }

    private static String known(String message) {
        if (message.contains("peer_did_not_return_a_certificate") || message.startsWith("no_certificate")) {
            return "peer did not return a certificate";
        }
        if (message.startsWith("revoked")) {
            return "certificate revoked";
        }
        if (message.startsWith("not an ssl/tls record")) {
            return "wrong version number";
        }
        return DISTRUST.stream().anyMatch(message::startsWith) ? "certificate verify failed" : "";
    }

    /** A subject as OpenSSL writes it: the widest part first, values with special characters in quotes. */
    static String name(X500Principal subject) {
        try {
            return new LdapName(subject.getName(X500Principal.RFC2253))
                    .getRdns().stream()
                            .map(part -> part.getType() + "=" + quoted(String.valueOf(part.getValue())))
                            .collect(Collectors.joining(", "));
        } catch (InvalidNameException e) {
            return subject.toString();
        }
    }

    private static String quoted(String value) {
        return value.matches("[^,+\"\\\\<>;\\p{Cntrl}]*") ? value : "\"" + value.replaceAll("\\p{Cntrl}", "?") + "\"";
    }
}
