package dev.weir.tls.stunnel;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A cipher suite of TLS 1.2 and older, by what cipher strings choose among them.
 *
 * @param name OpenSSL's
 * @param tags groups it belongs to, in upper case
 * @param bits strength
 * @param boring whether BoringSSL has it
 * @param jdk whether the JDK has it
 */
record CipherTable(String name, Set<String> tags, int bits, boolean boring, boolean jdk) {
    /** In OpenSSL's order. Those that nobody should use any more are not here: they match nothing, as in OpenSSL 3 at its level 2. */
    static final List<CipherTable> ALL = all();

    /** Those that go with keys known before, and are had here. */
    static final List<String> PSK = List.of(
            "ECDHE-PSK-CHACHA20-POLY1305",
            "ECDHE-PSK-AES256-CBC-SHA384",
            "ECDHE-PSK-AES128-CBC-SHA256",
            "PSK-AES256-GCM-SHA384",
            "PSK-CHACHA20-POLY1305",
            "PSK-AES128-GCM-SHA256");

    /** Whether it is one of these. */
    boolean psk() {
        return PSK.contains(name);
    }

    private static List<CipherTable> all() {
        List<CipherTable> all = new ArrayList<>();
        add(all, true, "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384");
        add(all, false, "DHE-RSA-AES256-GCM-SHA384");
        add(all, true, "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305");
        add(all, false, "DHE-RSA-CHACHA20-POLY1305");
        add(all, true, "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256");
        add(all, false, "DHE-RSA-AES128-GCM-SHA256");
        add(all, false, "ECDHE-ECDSA-AES256-SHA384", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES256-SHA256");
        // BoringSSL has the second one, but Netty does not know of it.
        add(all, false, "ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-SHA256");
        add(all, true, "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA");
        add(all, false, "DHE-RSA-AES256-SHA");
        add(all, true, "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA");
        add(all, false, "DHE-RSA-AES128-SHA");
        add(all, true, "AES256-GCM-SHA384", "AES128-GCM-SHA256");
        add(all, false, "AES256-SHA256", "AES128-SHA256");
        add(all, true, "AES256-SHA", "AES128-SHA");
        psk(all);
        return List.copyOf(all);
    }

    /** Chosen by name or as PSK: whether there are secrets decides, not this list. */
    private static void psk(List<CipherTable> all) {
        add(all, false, "ECDHE-PSK-CHACHA20-POLY1305", "ECDHE-PSK-AES256-CBC-SHA384", "ECDHE-PSK-AES128-CBC-SHA256");
        add(all, false, "DHE-PSK-AES256-GCM-SHA384", "DHE-PSK-CHACHA20-POLY1305", "DHE-PSK-AES128-GCM-SHA256");
        add(all, false, "PSK-AES256-GCM-SHA384", "PSK-CHACHA20-POLY1305", "PSK-AES128-GCM-SHA256");
        add(all, false, "ECDHE-PSK-AES256-CBC-SHA", "ECDHE-PSK-AES128-CBC-SHA");
        add(all, false, "PSK-AES256-CBC-SHA384", "PSK-AES128-CBC-SHA256", "PSK-AES256-CBC-SHA", "PSK-AES128-CBC-SHA");
    }

    private static void add(List<CipherTable> all, boolean boring, String... names) {
        for (String name : names) {
            boolean psk = name.contains("PSK");
            all.add(new CipherTable(name, tags(name), name.contains("AES128") ? 128 : 256, boring, !psk));
        }
    }

    /** What the name tells. */
    private static Set<String> tags(String name) {
        List<String> tags = new ArrayList<>(List.of("ALL", "DEFAULT", "HIGH", name.toUpperCase(Locale.ROOT)));
        boolean psk = name.contains("PSK");
        boolean ecdhe = name.startsWith("ECDHE-");
        boolean dhe = name.startsWith("DHE-");
        if (ecdhe) {
            tags.addAll(List.of("ECDHE", "EECDH", "KECDHE", "KEECDH", "ECDH"));
        } else if (dhe) {
            tags.addAll(List.of("DHE", "EDH", "KDHE", "KEDH", "DH"));
        } else if (!psk) {
            tags.addAll(List.of("KRSA", "RSA"));
        }
        if (psk) {
            tags.addAll(List.of("PSK", "APSK", ecdhe ? "KECDHEPSK" : dhe ? "KDHEPSK" : "KPSK"));
        } else {
            tags.addAll(name.contains("ECDSA") ? List.of("ECDSA", "AECDSA") : List.of("ARSA"));
        }
        encryption(name, tags);
        return Set.copyOf(new java.util.HashSet<>(tags));
    }

    private static void encryption(String name, List<String> tags) {
        boolean gcm = name.contains("-GCM-");
        boolean chacha = name.contains("CHACHA20");
        if (chacha) {
            tags.add("CHACHA20");
        } else {
            tags.addAll(List.of("AES", name.contains("AES128") ? "AES128" : "AES256"));
            tags.add(gcm ? "AESGCM" : "CBC");
        }
        if (gcm || chacha) {
            tags.addAll(List.of("AEAD", "TLSV1.2"));
        } else if (name.endsWith("SHA384") || name.endsWith("SHA256")) {
            tags.addAll(List.of(name.substring(name.length() - 6), "TLSV1.2"));
        } else {
            tags.addAll(List.of("SHA1", "SHA", "SSLV3", "TLSV1", "TLSV1.0"));
        }
    }
}
