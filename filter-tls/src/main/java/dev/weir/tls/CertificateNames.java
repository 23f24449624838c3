package dev.weir.tls;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * The names in a certificate (RFC 5280 §4.2.1.6).
 *
 * @param subject RFC 2253 text of the subject
 * @param commonName of the subject, the last one, or null
 * @param dns DNS names in lower case
 * @param uris URIs
 * @param emails e-mail addresses
 * @param addresses IP addresses as text
 */
record CertificateNames(
        String subject,
        @Nullable String commonName,
        List<String> dns,
        List<String> uris,
        List<String> emails,
        List<String> addresses) {
    private static final int EMAIL = 1;
    private static final int DNS = 2;
    private static final int URI = 6;
    private static final int IP = 7;

    static CertificateNames of(X509Certificate certificate) {
        String subject = certificate.getSubjectX500Principal().getName(X500Principal.RFC2253);
        List<String> dns = new ArrayList<>();
        List<String> uris = new ArrayList<>();
        List<String> emails = new ArrayList<>();
        List<String> addresses = new ArrayList<>();
        for (List<?> name : alternatives(certificate)) {
            if (name.get(0) instanceof Integer kind && name.get(1) instanceof String text) {
                switch (kind) {
                    case EMAIL -> emails.add(text);
                    case DNS -> dns.add(text.toLowerCase(Locale.ROOT));
                    case URI -> uris.add(text);
                    case IP -> addresses.add(plain(text));
                    default -> {}
                }
            }
        }
        return new CertificateNames(subject, commonName(subject), dns, uris, emails, addresses);
    }

    private static Collection<List<?>> alternatives(X509Certificate certificate) {
        try {
            Collection<List<?>> found = certificate.getSubjectAlternativeNames();
            return found == null ? List.of() : found;
        } catch (CertificateParsingException e) {
            return List.of();
        }
    }

    private static @Nullable String commonName(String subject) {
        try {
            List<Rdn> parts = new LdapName(subject).getRdns();
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

    /** How rules and logs call the owner. */
    String identity() {
        if (!uris.isEmpty()) {
            return uris.get(0);
        }
        if (!dns.isEmpty()) {
            return dns.get(0);
        }
        if (!emails.isEmpty()) {
            return emails.get(0);
        }
        return commonName == null ? subject : commonName;
    }

    /**
     * Whether the certificate is for a host (RFC 6125 §6.4): {@code *} stands for one whole label at the left. The common name counts only where there is no
     * DNS name.
     */
    boolean isFor(String host) {
        if (NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)) {
            return addresses.contains(plain(host));
        }
        String wanted = host.toLowerCase(Locale.ROOT);
        if (wanted.endsWith(".")) {
            wanted = wanted.substring(0, wanted.length() - 1);
        }
        for (String one : dns) {
            if (covers(one, wanted)) {
                return true;
            }
        }
        return dns.isEmpty() && commonName != null && covers(commonName.toLowerCase(Locale.ROOT), wanted);
    }

    private static boolean covers(String pattern, String host) {
        if (!pattern.startsWith("*.")) {
            return pattern.equals(host);
        }
        int dot = host.indexOf('.');
        // Not for *.com, as browsers and OpenSSL hold it.
        return dot > 0 && pattern.indexOf('.', 2) > 0 && pattern.substring(1).equals(host.substring(dot));
    }

    /** One spelling for each address. */
    private static String plain(String address) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(address);
        try {
            return bytes == null ? address : NetUtil.toAddressString(InetAddress.getByAddress(bytes));
        } catch (UnknownHostException e) {
            return address;
        }
    }
}
