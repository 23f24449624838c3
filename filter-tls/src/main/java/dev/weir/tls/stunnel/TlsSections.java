package dev.weir.tls.stunnel;

import dev.weir.core.config.ConfigNode.Positioned;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The {@code tls} sections of a service: what its peers are asked for, what they are shown, and how both speak. */
final class TlsSections {
    /** The first byte of a file in DER: PKCS#12. */
    private static final int DER = 0x30;
    /** More sessions than this are never kept. */
    private static final int MOST_SESSIONS = 1 << 20;

    private final Service service;
    private final Findings findings;
    private final Trust trust;

    TlsSections(Service service, Findings findings) {
        this.service = service;
        this.findings = findings;
        this.trust = Trust.of(service);
    }

    /**
     * TLS toward clients.
     *
     * @param redirect the cluster of those that are not trusted, or null
     */
    Map<String, Object> server(@Nullable String redirect) {
        if (service.text("PSKsecrets") != null) {
            return psk(false);
        }
        Map<String, Object> section = new LinkedHashMap<>();
        if (service.text("cert") != null) {
            section.put("certificates", List.of(own()));
        }
        if (trust.asks()) {
            String demand = trust.required() ? "required" : trust.verify().equals("none") ? "request" : "optional";
            section.put("client_certificate", demand);
            section.put("verify", trust.verify());
        }
        anchors(section, "client_");
        names(section);
        if (redirect != null) {
            section.put("on_unauthorized", Map.of("cluster", redirect));
        }
        TlsOptions options = common(section);
        sessions(section, options);
        return section;
    }

    /**
     * TLS toward the upstream.
     *
     * @param host how the file names it, or null
     */
    Map<String, Object> client(@Nullable String host) {
        if (service.text("PSKsecrets") != null) {
            return psk(true);
        }
        Map<String, Object> section = new LinkedHashMap<>();
        if (service.text("cert") != null) {
            section.putAll(own());
        }
        boolean verifies = trust.chain() || trust.peer();
        if (!verifies) {
            section.put("insecure", true);
            findings.warn("Service [" + service.name() + "] needs authentication to prevent MITM attacks");
        } else {
            section.put("verify", trust.verify());
            section.put("verify_name", false); // No name is verified unless checkHost and its like say so.
            anchors(section, "");
            names(section);
        }
        Setting sni = service.last("sni");
        if (sni != null || host != null) {
            section.put("sni", sni != null ? sni.value() : host);
        }
        common(section);
        if (!service.yes("sessionResume", true)) {
            section.put("session_resumption", false);
        }
        ignored("ticketKeySecret");
        ignored("ticketMacSecret");
        return section;
    }

    private void ignored(String option) {
        Setting setting = service.last(option);
        if (setting != null) {
            findings.warn(setting, option + " is ignored in the client mode");
        }
    }

    // ---- what both have

    private TlsOptions common(Map<String, Object> section) {
        TlsCiphers ciphers = new TlsCiphers(service, findings);
        TlsOptions options = TlsOptions.of(service, findings);
        TlsVersions versions = TlsVersions.of(service, options, ciphers.level(), findings);
        if (versions.min() != null) {
            section.put("min_version", versions.min());
        }
        if (versions.max() != null) {
            section.put("max_version", versions.max());
        }
        ciphers.into(section, versions);
        seconds(section, "TIMEOUTbusy", "handshake_timeout", 1, 600);
        seconds(section, "sessionCacheTimeout", "session_timeout", 1, 604_800);
        cacheSize(section);
        seconds(section, "weir.reloadCertificates", "reload_interval", 0, 86_400);
        Setting renegotiation = service.last("renegotiation");
        if (renegotiation != null && service.yes("renegotiation", true)) {
            findings.warn(renegotiation, "has no effect: there is no renegotiation");
        }
        return options;
    }

    /** Seconds become a duration within the bounds there are. */
    private void seconds(Map<String, Object> section, String option, String key, int least, int most) {
        Setting setting = service.last(option);
        if (setting == null) {
            return;
        }
        int given = Integer.parseInt(setting.value());
        int had = Math.max(least, Math.min(most, given));
        if (had != given) {
            findings.warn(setting, "is " + had + " s here");
        }
        section.put(key, at(setting, had + "s"));
    }

    private void cacheSize(Map<String, Object> section) {
        Setting setting = service.last("sessionCacheSize");
        if (setting != null) {
            int size = Integer.parseInt(setting.value());
            section.put("session_cache", at(setting, size == 0 ? MOST_SESSIONS : Math.min(size, MOST_SESSIONS)));
        }
    }

    /** The own certificate. */
    private Map<String, Object> own() {
        Map<String, Object> own = new LinkedHashMap<>();
        Setting cert = service.last("cert");
        Setting key = service.last("key");
        if (cert == null) {
            return own;
        }
        if (isPkcs12(cert.value())) {
            own.put("pkcs12", at(cert, cert.value()));
            own.put("password", "");
            return own;
        }
        own.put("certificate", at(cert, cert.value()));
        own.put("private_key", key == null || key.value().isEmpty() ? at(cert, cert.value()) : at(key, key.value()));
        return own;
    }

    private static boolean isPkcs12(String file) {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            return in.read() == DER;
        } catch (IOException | InvalidPathException e) {
            return false; // Who reads it says what is wrong with it.
        }
    }

    /** TLS by keys known before. There are no certificates then, on either side. */
    private Map<String, Object> psk(boolean client) {
        Map<String, Object> section = new LinkedHashMap<>();
        Map<String, Object> psk = new LinkedHashMap<>();
        Setting secrets = service.last("PSKsecrets");
        if (secrets != null) {
            psk.put("secrets", at(secrets, secrets.value()));
        }
        Setting identity = service.last("PSKidentity");
        if (client && identity != null && !identity.value().isEmpty()) {
            psk.put("identity", at(identity, identity.value()));
        }
        section.put("psk", psk);
        if (service.text("cert") != null) {
            findings.warn(service, "\"cert\" has no effect beside \"PSKsecrets\": a service has either");
        }
        TlsCiphers ciphers = new TlsCiphers(service, findings);
        TlsVersions versions = TlsVersions.of(service, TlsOptions.of(service, findings), ciphers.level(), findings);
        ciphers.psk(section, versions);
        if (versions.max() != null) {
            section.put("max_version", versions.max());
        }
        if (versions.min() != null && versions.min().equals("TLSv1.3")) {
            section.put("min_version", versions.min());
        }
        seconds(section, "TIMEOUTbusy", "handshake_timeout", 1, 600);
        return section;
    }

    private void anchors(Map<String, Object> section, String prefix) {
        if (!trust.chain() && !trust.peer()) {
            return;
        }
        file(section, "CAfile", prefix + "ca");
        file(section, "CAstore", prefix + "ca");
        file(section, "CApath", prefix + "ca_path");
        if (!trust.chain()) {
            for (String option : List.of("CRLfile", "CRLpath", "OCSP", "OCSPaia")) {
                Setting setting = service.last(option);
                if (setting != null && !setting.value().equalsIgnoreCase("no")) {
                    findings.error(
                            setting, "is not to be had without verifyChain = yes (expected: it, or no revocation)");
                }
            }
            return;
        }
        file(section, "CRLfile", prefix + "crl");
        file(section, "CRLpath", prefix.isEmpty() ? "crl_path" : "client_crl_path");
        ocsp(section, prefix);
    }

    private void ocsp(Map<String, Object> section, String prefix) {
        String responder = service.text("OCSP");
        boolean aia = service.yes("OCSPaia", false);
        if (responder == null && !aia) {
            return;
        }
        Setting nonce = service.last("OCSPnonce");
        if (nonce != null && service.yes("OCSPnonce", false)) {
            findings.error(nonce, "is not to be had: answers are taken as long as they are current");
        }
        Map<String, Object> ocsp = new LinkedHashMap<>();
        if (responder == null) {
            ocsp.put("aia", true);
        } else {
            ocsp.put("responder", responder);
            Setting both = service.last("OCSPaia");
            if (aia && both != null) {
                findings.warn(both, "has no effect: the responder of OCSP is asked about all");
            }
        }
        ocsp.put("required", service.yes("OCSPrequire", true));
        section.put(prefix + "ocsp", ocsp);
        for (Setting flag : service.all("OCSPflag")) {
            findings.warn(flag, "has no effect: answers of OCSP are verified as RFC 6960 says");
        }
    }

    private void file(Map<String, Object> section, String option, String key) {
        Setting setting = service.last(option);
        if (setting != null && !setting.value().isEmpty()) {
            String path = setting.value().startsWith("file:") ? setting.value().substring(5) : setting.value();
            section.put(key, at(setting, path));
        }
    }

    /** {@code checkHost} and its like: one of all of them must fit. */
    private void names(Map<String, Object> section) {
        List<Object> any = new ArrayList<>();
        service.all("checkHost").forEach(setting -> any.add(Map.of("host", at(setting, setting.value()))));
        service.all("checkIP").forEach(setting -> any.add(Map.of("ip", at(setting, setting.value()))));
        service.all("checkEmail").forEach(setting -> any.add(Map.of("email", at(setting, setting.value()))));
        if (!any.isEmpty()) {
            section.put("authorize", any);
        }
    }

    private void sessions(Map<String, Object> section, TlsOptions options) {
        boolean resumes = service.yes("sessionResume", true);
        // OpenSSL gives no tickets from level 3 on.
        if (!resumes || options.withoutTickets() || service.number("securityLevel", 2) > 2) {
            section.put("session_tickets", false);
        }
        if (!resumes) {
            section.put("session_cache", 0);
        }
        Setting key = service.last("ticketKeySecret");
        Setting mac = service.last("ticketMacSecret");
        if (key != null && mac != null) {
            String secret = key.value().replace(":", "") + mac.value().replace(":", "");
            section.put("ticket_keys", List.of(Map.of("secret", secret)));
        }
    }

    /** A value with the line it comes from, for what only shows when files are read. */
    static Object at(Setting setting, Object value) {
        int line = setting.place().coded();
        return line == 0 ? value : new Positioned(value, line, 1);
    }
}
