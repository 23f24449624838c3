package dev.weir.tls.stunnel;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Whether the options of a service fit together. The words are stunnel's, and so is the order. */
final class SectionCheck {
    private static final Set<String> SERVER_ONLY = Set.of("proxy");
    private static final Set<String> CLIENT_ONLY = Set.of("nntp", "ldap", "capwinctrl");
    private static final Set<String> BOTH = Set.of("smtp", "pop3", "imap", "pgsql", "connect", "socks");
    private static final Set<String> REFUSED = Set.of("cifs", "capwin", "capwinctrl");
    /** Protocols that connect before they know who the client is. */
    private static final Set<String> EARLY = Set.of("smtp", "pop3", "imap", "pgsql");

    private final Findings findings;
    /** Those that stand before. */
    private final List<Service> services;

    SectionCheck(Findings findings, List<Service> services) {
        this.findings = findings;
        this.services = services;
    }

    void inetd(Service service) {
        if (service.has("accept")) {
            findings.error(service, "'accept' option is only allowed in a [section]");
            return;
        }
        if (count(service) != 1) {
            findings.error(service, "Inetd mode must define one endpoint");
            return;
        }
        common(service);
    }

    void section(Service service) {
        if (!service.yes("client", false) && service.has("sni") && !primary(service)) {
            return;
        }
        common(service);
        if (count(service) != 2) {
            findings.error(service, "Each service must define two endpoints");
        }
    }

    /** Endpoints: where it comes from and where it goes. */
    private static int count(Service service) {
        boolean client = service.yes("client", false);
        boolean slave = !client && service.has("sni");
        boolean target = service.has("connect") || !client && protocol(service).equals("socks");
        boolean twice = service.has("connect") && !client && protocol(service).equals("socks");
        return (service.has("accept") ? 1 : 0)
                + (slave ? 1 : 0)
                + (target ? 1 : 0)
                + (twice ? 1 : 0)
                + (service.has("exec") ? 1 : 0);
    }

    /** Each {@code sni} of a slave names a service that stands before. */
    private boolean primary(Service service) {
        for (Setting sni : service.all("sni")) {
            int colon = sni.value().indexOf(':');
            if (colon < 0) {
                findings.error(service, "Invalid SNI parameter format");
                return false;
            }
            Service primary = named(sni.value().substring(0, colon));
            if (primary == null) {
                findings.error(service, "SNI section name not found");
                return false;
            }
            if (primary.yes("client", false)) {
                findings.error(service, "SNI primary service is a TLS client");
                return false;
            }
        }
        return true;
    }

    private @Nullable Service named(String name) {
        return services.stream()
                .filter(service -> service.name().equals(name))
                .reduce((first, last) -> last)
                .orElse(null);
    }

    private void common(Service service) {
        boolean client = service.yes("client", false);
        Trust trust = Trust.of(service);
        redirect(service, client, trust);
        if (service.has("ticketKeySecret") != service.has("ticketMacSecret")) {
            findings.error(service, "\"ticketKeySecret\" and \"ticketMacSecret\" must be set together");
        }
        if ((trust.chain() || trust.peer()) && !trust.hasAnchors()) {
            findings.error(service, "Either \"CAengine\", \"CAfile\" or \"CApath\" has to be configured");
        }
        boolean checked = service.has("checkHost") || service.has("checkIP") || service.has("checkEmail");
        if (checked && !trust.chain() && !trust.peer()) {
            findings.error(service, "Either \"verifyChain\" or \"verifyPeer\" has to be enabled");
        }
        protocol(service, client);
        refused(service);
        if (!client && service.text("cert") == null && service.text("PSKsecrets") == null) {
            findings.error(service, "TLS server needs a certificate");
        }
    }

    private void redirect(Service service, boolean client, Trust trust) {
        if (!service.has("redirect")) {
            return;
        }
        if (client) {
            findings.error(service, "\"redirect\" is unsupported in client sections");
        } else if (EARLY.contains(protocol(service))) {
            findings.error(service, "\"redirect\" is incompatible with the specified protocol negotiation");
        } else if (service.has("exec")) {
            findings.error(service, "\"redirect\" beside \"exec\" is not to be had (expected: one of the two)");
        } else if (protocol(service).equals("socks") || protocol(service).equals("connect")) {
            findings.error(service, "\"redirect\" beside protocol = " + protocol(service) + " is not to be had");
        } else if (!trust.chain() && !trust.peer()) {
            findings.error(
                    service, "Either \"verifyChain\" or \"verifyPeer\" has to be enabled for \"redirect\" to work");
        }
    }

    static String protocol(Service service) {
        Setting protocol = service.last("protocol");
        return protocol == null ? "" : protocol.value().toLowerCase(java.util.Locale.ROOT);
    }

    private void protocol(Service service, boolean client) {
        Setting setting = service.last("protocol");
        if (setting == null) {
            return;
        }
        String name = protocol(service);
        if (client && SERVER_ONLY.contains(name)) {
            findings.error(service, "The '" + name + "' protocol is not supported in the client mode");
        } else if (!client && CLIENT_ONLY.contains(name)) {
            findings.error(service, "The '" + name + "' protocol is not supported in the server mode");
        } else if (REFUSED.contains(name)) {
            findings.error(setting, "is not to be had: the '" + name + "' protocol has no public description");
        } else if (!BOTH.contains(name) && !SERVER_ONLY.contains(name) && !CLIENT_ONLY.contains(name)) {
            findings.error(service, "Protocol not supported");
        }
        boolean tunnel = client && (name.equals("connect") || name.equals("socks"));
        if (tunnel && service.text("protocolHost") == null) {
            findings.error(setting, "needs protocolHost (expected: protocolHost = host:port of the final server)");
        }
        if (!client && EARLY.contains(name) && service.has("sni")) {
            findings.error(
                    service, "\"sni\" is not to be had beside protocol = " + name + ": the name comes after that");
        }
        authentication(service, name);
    }

    private void authentication(Service service, String protocol) {
        Setting way = service.last("protocolAuthentication");
        if (way == null) {
            return;
        }
        String name = way.value().toLowerCase(java.util.Locale.ROOT);
        if (name.equals("ntlm")) {
            findings.error(way, "is not to be had: NTLM rests on MD4 and DES (expected: basic)");
        } else if (protocol.equals("connect") && !name.equals("basic")) {
            findings.error(way, "Unknown authentication type (expected: basic)");
        } else if (protocol.equals("smtp") && !name.equals("plain") && !name.equals("login")) {
            findings.error(way, "Unknown authentication type (expected: plain or login)");
        }
    }

    /** What keeps somebody out, or a key in, and cannot be had: without it more would be allowed than the file says. */
    private void refused(Service service) {
        refuse(service, "CAengine", "certificates of engines cannot be trusted here (expected: CAfile or CApath)");
        refuse(service, "engineId", "keys of engines cannot be used here (expected: key, a file)");
        refuse(service, "engineNum", "keys of engines cannot be used here (expected: key, a file)");
        refuse(service, "ident", "users are not asked for by IDENT (expected: verifyChain, or nothing)");
        for (String option : List.of("cert", "key", "CAstore")) {
            Setting setting = service.last(option);
            if (setting != null
                    && setting.value().matches("[A-Za-z][A-Za-z0-9+-]+:.*")
                    && !setting.value().startsWith("file:")) {
                findings.error(
                        setting,
                        "is not to be had: keys and certificates of devices cannot be used here (expected: a file)");
            }
        }
        if (service.yes("libwrap", false)) {
            findings.error(
                    service,
                    "\"libwrap\" is not to be had: hosts.allow and hosts.deny are not read (expected: libwrap = no, and"
                            + " a firewall, or the configuration of weir stunnel --explain with the filter access)");
        }
        if (service.yes("pty", false)) {
            findings.error(service, "\"pty\" is not to be had (expected: pty = no)");
        }
        Setting transparent = service.last("transparent");
        if (transparent != null && !transparent.value().matches("(?i)none|no")) {
            findings.error(
                    transparent,
                    "is not to be had (expected: none; protocol = proxy or weir.proxyProtocol tell the client's address)");
        }
    }

    private void refuse(Service service, String option, String why) {
        Setting setting = service.last(option);
        if (setting != null) {
            findings.error(setting, "is not to be had: " + why);
        }
    }
}
