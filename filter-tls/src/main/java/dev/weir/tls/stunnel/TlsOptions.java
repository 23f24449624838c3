package dev.weir.tls.stunnel;

import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code options = NAME}: what they switch on, after all that was switched off again. */
final class TlsOptions {
    /** Those that say what is so in any case, or what concerns nothing that is here. */
    private static final Set<String> SILENT = Set.of(
            "ALL",
            "ALLOW_CLIENT_RENEGOTIATION",
            "ALLOW_NO_DHE_KEX",
            "CIPHER_SERVER_PREFERENCE",
            "CISCO_ANYCONNECT",
            "CLEANSE_PLAINTEXT",
            "COOKIE_EXCHANGE",
            "ENABLE_KTLS",
            "ENABLE_MIDDLEBOX_COMPAT",
            "EPHEMERAL_RSA",
            "MICROSOFT_BIG_SSLV3_BUFFER",
            "MICROSOFT_SESS_ID_BUG",
            "MSIE_SSLV2_RSA_PADDING",
            "NETSCAPE_CA_DN_BUG",
            "NETSCAPE_CHALLENGE_BUG",
            "NETSCAPE_DEMO_CIPHER_CHANGE_BUG",
            "NETSCAPE_REUSE_CIPHER_CHANGE_BUG",
            "NO_ANTI_REPLAY",
            "NO_COMPRESSION",
            "NO_DTLS_MASK",
            "NO_DTLSv1",
            "NO_DTLSv1_2",
            "NO_QUERY_MTU",
            "NO_RENEGOTIATION",
            "NO_SESSION_RESUMPTION_ON_RENEGOTIATION",
            "NO_SSLv2",
            "NO_SSLv3",
            "PKCS1_CHECK_1",
            "PKCS1_CHECK_2",
            "SAFARI_ECDHE_ECDSA_BUG",
            "SINGLE_DH_USE",
            "SINGLE_ECDH_USE",
            "SSLEAY_080_CLIENT_DH_BUG",
            "SSLREF2_REUSE_CERT_TYPE_BUG",
            "TLS_BLOCK_PADDING_BUG",
            "TLS_D5_BUG");

    private static final Map<String, String> VERSIONS =
            Map.of("NO_TLSv1", "TLSv1", "NO_TLSv1_1", "TLSv1.1", "NO_TLSv1_2", "TLSv1.2", "NO_TLSv1_3", "TLSv1.3");

    /** Those that have no effect here; Weir stays on the safe side of each. */
    private static final Map<String, String> WITHOUT_EFFECT = Map.ofEntries(
            Map.entry("ALLOW_UNSAFE_LEGACY_RENEGOTIATION", "there is no renegotiation"),
            Map.entry("CRYPTOPRO_TLSEXT_BUG", "there is no GOST"),
            Map.entry("DISABLE_TLSEXT_CA_NAMES", "the names of the CAs are sent"),
            Map.entry("DONT_INSERT_EMPTY_FRAGMENTS", "records of old versions are split as the library does it"),
            Map.entry(
                    "IGNORE_UNEXPECTED_EOF",
                    "an end of TCP without close_notify is passed on as the end of the stream"),
            Map.entry("LEGACY_SERVER_CONNECT", "there is no renegotiation"),
            Map.entry("NO_ENCRYPT_THEN_MAC", "the library decides"),
            Map.entry("NO_EXTENDED_MASTER_SECRET", "the library decides"),
            Map.entry("PRIORITIZE_CHACHA", "the order of the ciphers is fixed"),
            Map.entry("TLSEXT_PADDING", "the library decides"),
            Map.entry("TLS_ROLLBACK_BUG", "a rollback is always detected"));

    private static final Map<String, String> SPELLINGS = spellings();

    private final Set<String> on = new HashSet<>();

    private TlsOptions() {}

    private static Map<String, String> spellings() {
        Map<String, String> names = new java.util.HashMap<>();
        Set.of("NO_TICKET", "NO_SSL_MASK").forEach(name -> names.put(name.toLowerCase(Locale.ROOT), name));
        SILENT.forEach(name -> names.put(name.toLowerCase(Locale.ROOT), name));
        VERSIONS.keySet().forEach(name -> names.put(name.toLowerCase(Locale.ROOT), name));
        WITHOUT_EFFECT.keySet().forEach(name -> names.put(name.toLowerCase(Locale.ROOT), name));
        return Map.copyOf(names);
    }

    static @Nullable String check(@Nullable String value) {
        return value != null && name(value) != null ? null : "Illegal TLS option";
    }

    private static @Nullable String name(String value) {
        String bare = value.startsWith("-") ? value.substring(1) : value;
        return SPELLINGS.get(bare.toLowerCase(Locale.ROOT));
    }

    static TlsOptions of(Service service, Findings findings) {
        TlsOptions options = new TlsOptions();
        for (Setting setting : service.all("options")) {
            options.apply(setting, findings);
        }
        return options;
    }

    /** One more of them, also where {@code config = Options:…} says it. */
    private void apply(Setting setting, Findings findings) {
        String name = name(setting.value());
        if (name == null) {
            return;
        }
        if (setting.value().startsWith("-")) {
            on.remove(name);
            if (name.equals("NO_SSLv3") || name.equals("NO_SSLv2")) {
                findings.warn(setting, "has no effect: the oldest version here is TLSv1");
            }
            return;
        }
        on.add(name);
        String remark = WITHOUT_EFFECT.get(name);
        if (remark != null) {
            findings.warn(setting, "has no effect: " + remark);
        }
    }

    /** Whether a version is switched off. */
    boolean forbids(String version) {
        return on.contains("NO_SSL_MASK")
                || VERSIONS.entrySet().stream().anyMatch(e -> e.getValue().equals(version) && on.contains(e.getKey()));
    }

    /** Whether there are no tickets. */
    boolean withoutTickets() {
        return on.contains("NO_TICKET");
    }
}
