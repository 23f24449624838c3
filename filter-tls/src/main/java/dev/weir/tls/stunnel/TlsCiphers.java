package dev.weir.tls.stunnel;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * {@code ciphers}, {@code ciphersuites}, {@code curves}, {@code securityLevel} and {@code config}: which engine has what they name. BoringSSL is taken where it
 * has it; the JDK's engine where only that has it; a service is refused where none has it.
 */
final class TlsCiphers {
    private static final int DEFAULT_LEVEL = 2;
    /** From this level on only ciphers with forward secrecy. */
    private static final int SECRET_LEVEL = 3;

    private static final Map<Integer, Integer> LEAST_BITS = Map.of(0, 0, 1, 80, 2, 112, 3, 128, 4, 192, 5, 256);
    private static final List<String> SUITES =
            List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");
    private static final List<String> FOREIGN_SUITES = List.of("TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256");

    /** A key goes with one hash, and that of keys from files is SHA-256. */
    private static final List<String> PSK_SUITES = List.of("TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256");

    /** As OpenSSL and IANA spell them in lower case, and as the section of Weir does. */
    private static final Map<String, String> CURVES = curves();

    private final Service service;
    private final Findings findings;
    private boolean jdk;
    private int level;

    TlsCiphers(Service service, Findings findings) {
        this.service = service;
        this.findings = findings;
        this.level = service.number("securityLevel", DEFAULT_LEVEL);
        config();
    }

    private static Map<String, String> curves() {
        Map<String, String> curves = new LinkedHashMap<>();
        curves.put("x25519", "X25519");
        for (String name : List.of("p-256", "prime256v1", "secp256r1")) {
            curves.put(name, "P-256");
        }
        for (String name : List.of("p-384", "secp384r1")) {
            curves.put(name, "P-384");
        }
        for (String name : List.of("p-521", "secp521r1")) {
            curves.put(name, "P-521");
        }
        curves.put("x448", "X448");
        return curves;
    }

    /** {@code config = COMMAND:PARAMETER}: what other options say, too, is taken; the rest cannot be. */
    private void config() {
        for (Setting setting : service.all("config")) {
            int colon = setting.value().indexOf(':');
            String command =
                    (colon < 0 ? setting.value() : setting.value().substring(0, colon)).toLowerCase(Locale.ROOT);
            String parameter = colon < 0 ? "" : setting.value().substring(colon + 1);
            Setting value = new Setting(parameter, setting.place());
            switch (command) {
                case "cipherstring" -> service.add("ciphers", value);
                case "ciphersuites" -> service.add("ciphersuites", value);
                case "curves", "groups" -> service.add("curves", value);
                case "minprotocol" -> version("sslVersionMin", value);
                case "maxprotocol" -> version("sslVersionMax", value);
                default ->
                    findings.error(
                            setting,
                            "OpenSSL config command \"" + command
                                    + "\" is not to be had (expected: MinProtocol, MaxProtocol, CipherString, Ciphersuites or Curves)");
            }
        }
    }

    private void version(String option, Setting value) {
        if (TlsVersions.check(value.value()) != null) {
            findings.error(value, "Invalid protocol version");
        } else {
            service.add(option, value);
        }
    }

    int level() {
        return level;
    }

    /** Writes its keys into a section. */
    void into(Map<String, Object> section, TlsVersions versions) {
        List<String> ciphers = ciphers(versions);
        List<String> suites = suites(versions);
        List<String> curves = chosenCurves();
        if (!ciphers.isEmpty()) {
            section.put("ciphers", ciphers);
        }
        if (!suites.isEmpty()) {
            section.put("cipher_suites", suites);
        }
        if (!curves.isEmpty()) {
            section.put("curves", curves);
        }
        if (level > 0) {
            section.put("security_level", level);
        }
        if (jdk) {
            section.put("provider", "jdk");
        }
    }

    /** The same where both sides know keys, which another library does. */
    void psk(Map<String, Object> section, TlsVersions versions) {
        Setting setting = service.last("ciphers");
        if ((setting != null || level >= SECRET_LEVEL) && !"TLSv1.3".equals(versions.min())) {
            String text = setting == null ? "PSK" : setting.value();
            CipherString.Chosen chosen = CipherString.choose(text);
            level = chosen.level() >= 0 ? chosen.level() : level;
            List<String> had = names(chosen.ciphers().stream().filter(strong()).toList(), CipherTable::psk);
            if (had.isEmpty() && setting != null) {
                findings.error(setting, "no cipher match: none for PSKsecrets (expected: of " + CipherTable.PSK + ")");
            }
            if (!had.containsAll(CipherTable.PSK)) {
                section.put("ciphers", had);
            }
        }
        List<String> suites = pskSuites(versions);
        if (!suites.isEmpty()) {
            section.put("cipher_suites", suites);
        }
        List<String> curves = curves(service.last("curves"));
        if (!curves.isEmpty()) {
            section.put("curves", curves);
        }
    }

    private List<String> pskSuites(TlsVersions versions) {
        Setting setting = service.last("ciphersuites");
        if (setting == null || setting.value().isEmpty() || versions.withoutTls13()) {
            return List.of();
        }
        List<String> suites = new ArrayList<>();
        for (String name : setting.value().split(":", -1)) {
            if (PSK_SUITES.contains(name)) {
                suites.add(name);
            } else if (!SUITES.contains(name) && !FOREIGN_SUITES.contains(name)) {
                findings.error(setting, "no cipher match: \"" + name + "\"");
                return List.of();
            }
        }
        if (suites.isEmpty()) {
            findings.error(setting, "no cipher match: none for PSKsecrets (expected: of " + PSK_SUITES + ")");
        }
        return suites;
    }

    private List<String> ciphers(TlsVersions versions) {
        Setting setting = service.last("ciphers");
        if (setting == null && level < SECRET_LEVEL || "TLSv1.3".equals(versions.min())) {
            return List.of();
        }
        String text = setting == null ? "HIGH:!aNULL:!SSLv2:!DH:!kDHEPSK" : setting.value();
        CipherString.Chosen chosen = CipherString.choose(text);
        if (chosen.level() >= 0) {
            level = chosen.level();
        }
        List<CipherTable> strong = chosen.ciphers().stream().filter(strong()).toList();
        List<String> boring = names(strong, CipherTable::boring);
        List<String> java = names(strong, CipherTable::jdk);
        if (setting != null && strong.isEmpty()) {
            findings.error(setting, "no cipher match");
        } else if (!boring.isEmpty()) {
            left(setting, strong, CipherTable::boring);
            return boring;
        } else if (!java.isEmpty()) {
            jdk = true;
            return java;
        } else if (setting != null) {
            findings.error(setting, "no cipher match: only PSK, without PSKsecrets");
        }
        return List.of();
    }

    private Predicate<CipherTable> strong() {
        int least = LEAST_BITS.getOrDefault(level, 0);
        return cipher -> cipher.bits() >= least
                && (level < SECRET_LEVEL
                        || !cipher.tags().contains("KRSA") && !cipher.tags().contains("KPSK"));
    }

    private static List<String> names(List<CipherTable> ciphers, Predicate<CipherTable> which) {
        return ciphers.stream().filter(which).map(CipherTable::name).toList();
    }

    /** Fewer are offered than the file says: no harm, but somebody may want to know. A group names many that nobody misses. */
    private void left(@Nullable Setting setting, List<CipherTable> chosen, Predicate<CipherTable> had) {
        if (setting == null) {
            return;
        }
        List<String> left = chosen.stream()
                .filter(had.negate())
                .map(CipherTable::name)
                .filter(name -> setting.value().contains(name))
                .toList();
        if (!left.isEmpty()) {
            findings.warn(setting, "is had without " + String.join(", ", left) + ", which BoringSSL does not have");
        }
    }

    private List<String> suites(TlsVersions versions) {
        Setting setting = service.last("ciphersuites");
        if (setting == null || setting.value().isEmpty() || versions.withoutTls13()) {
            return List.of();
        }
        List<String> suites = new ArrayList<>();
        for (String name : setting.value().split(":", -1)) {
            if (SUITES.contains(name)) {
                suites.add(name);
            } else if (FOREIGN_SUITES.contains(name)) {
                findings.warn(setting, "is had without " + name + ", which no TLS library here has");
            } else {
                findings.error(setting, "no cipher match: \"" + name + "\"");
                return List.of();
            }
        }
        if (suites.isEmpty()) {
            findings.error(setting, "no cipher match: none of them is to be had");
            return List.of();
        }
        if (suites.containsAll(SUITES)) {
            return List.of(); // All that BoringSSL has, which takes no choice.
        }
        jdk = true;
        return suites;
    }

    private List<String> curves(@Nullable Setting setting) {
        if (setting == null) {
            return List.of();
        }
        List<String> curves = new ArrayList<>();
        for (String name : setting.value().split(":", -1)) {
            String curve = CURVES.get(name.toLowerCase(Locale.ROOT));
            if (curve == null) {
                findings.error(
                        setting,
                        "Invalid groups list in 'curves': \"" + name
                                + "\" (expected: of X25519, P-256, P-384, P-521, X448)");
                return List.of();
            }
            if (!curves.contains(curve)) {
                curves.add(curve);
            }
        }
        return curves;
    }

    private List<String> chosenCurves() {
        Setting setting = service.last("curves");
        List<String> curves = new ArrayList<>(curves(setting));
        if (curves.equals(List.of("X448"))) {
            jdk = true;
        } else if (setting != null && curves.remove("X448")) {
            findings.warn(setting, "is had without X448, which BoringSSL does not have");
        }
        return curves;
    }
}
