package dev.weir.tls;

import dev.weir.core.config.ConfigNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whom to trust, as the configuration says it.
 *
 * @param ca files of certificates; empty, without {@code caPath}: those of the system, for servers
 * @param caPath a folder of them, or null
 * @param chain whether a certificate must lead to one of these
 * @param peer whether it must be one of these itself
 * @param crl files of revoked certificates
 * @param crlPath a folder of them, or null
 * @param ocsp how a responder is asked, or null
 * @param pins SHA-256 of public keys, of which the certificate must have one; empty: any
 * @param rules whom it must be for
 * @param name what it must be for in the place of the peer's host, or null
 * @param verifyName whether it must be for the peer's host
 */
record TrustSettings(
        List<Path> ca,
        @Nullable Path caPath,
        boolean chain,
        boolean peer,
        List<Path> crl,
        @Nullable Path crlPath,
        @Nullable Ocsp ocsp,
        List<String> pins,
        IdentityRules rules,
        @Nullable String name,
        boolean verifyName) {
    private static final int SHA256 = 32;

    /**
     * How a responder is asked whether a certificate was revoked (RFC 6960).
     *
     * @param responder its URL; null for the one that the certificate names
     * @param required whether no answer is a refusal
     */
    record Ocsp(@Nullable String responder, boolean required) {}

    /** Of a section for clients ({@code client_…}), or for upstreams. */
    static TrustSettings from(ConfigNode node, boolean server) {
        String prefix = server ? "client_" : "";
        boolean insecure = !server && node.bool("insecure", false);
        String verify = node.oneOf("verify", "chain", List.of("chain", "peer", "both", "none"));
        if (insecure && (node.has("verify") || node.has("ca") || node.has("ca_path"))) {
            node.error("insecure", "true beside ca, ca_path or verify (expected: one of the two)");
        }
        List<Path> ca = paths(node, prefix + "ca");
        Path caPath = path(node, prefix + "ca_path");
        boolean none = insecure || verify.equals("none") || server && ca.isEmpty() && caPath == null;
        if (server && ca.isEmpty() && caPath == null && node.has("verify") && !verify.equals("none")) {
            node.error(
                    "verify", "\"" + verify + "\" without client_ca (expected: client_ca or client_ca_path beside it)");
        }
        IdentityRules rules = IdentityRules.from(node, "authorize");
        List<String> pins = pins(node, prefix + "pins");
        boolean chain = !none && !verify.equals("peer");
        if (none && !rules.isEmpty()) {
            node.error(
                    "authorize",
                    "for certificates whose names nobody vouches for (expected: " + prefix + "ca beside it)");
        }
        for (String key : List.of(prefix + "crl", prefix + "crl_path", prefix + "ocsp")) {
            if (node.has(key) && !chain) {
                node.error(
                        key,
                        "without authorities that a certificate must lead to (expected: " + prefix
                                + "ca, and verify: chain or both)");
            }
        }
        if (!server && !insecure && verify.equals("none") && pins.isEmpty()) {
            node.error("verify", "\"none\" without pins (expected: insecure: true, to trust anybody)");
        }
        return new TrustSettings(
                ca,
                caPath,
                chain,
                !none && (verify.equals("peer") || verify.equals("both")),
                paths(node, prefix + "crl"),
                path(node, prefix + "crl_path"),
                ocsp(node, prefix + "ocsp"),
                pins,
                rules,
                server ? null : node.string("server_name", null),
                !server
                        && node.bool("verify_name", true)
                        && !insecure
                        && rules.isEmpty()
                        && !verify.equals("none")
                        && !verify.equals("peer"));
    }

    private static @Nullable Ocsp ocsp(ConfigNode node, String key) {
        if (!node.has(key)) {
            return null;
        }
        ConfigNode section = node.section(key);
        String responder = section.string("responder", null);
        boolean aia = section.bool("aia", responder == null);
        if ((responder == null) != aia) {
            section.error("responder " + (aia ? "beside aia" : "and aia both missing") + " (expected: one of the two)");
        }
        Ocsp ocsp = new Ocsp(responder, section.bool("required", true));
        section.rejectUnknown();
        return ocsp;
    }

    private static List<String> pins(ConfigNode node, String key) {
        List<String> pins = new ArrayList<>();
        for (ConfigNode one : node.list(key)) {
            pins.add(one.as(TrustSettings::pin, ""));
        }
        return List.copyOf(pins);
    }

    /** One spelling for all: hexadecimal. */
    private static String pin(String text) {
        String plain = text.startsWith("sha256/") ? text.substring("sha256/".length()) : text;
        try {
            byte[] bytes = plain.length() == 2 * SHA256 || plain.contains(":")
                    ? HexFormat.of().parseHex(plain.replace(":", ""))
                    : Base64.getDecoder().decode(plain);
            if (bytes.length == SHA256) {
                return HexFormat.of().formatHex(bytes);
            }
        } catch (IllegalArgumentException e) {
            // falls through to the message
        }
        throw new IllegalArgumentException(
                "\"" + text + "\" (expected: the SHA-256 of a public key, in base64 or hexadecimal)");
    }

    /** One file, or a list of them; all that are missing are reported. */
    static List<Path> paths(ConfigNode node, String key) {
        ConfigNode child = node.child(key);
        if (child == null) {
            return List.of();
        }
        return (child.isList() ? child.elements() : List.of(child))
                .stream().map(TrustSettings::existing).toList();
    }

    static @Nullable Path path(ConfigNode node, String key) {
        ConfigNode child = node.child(key);
        return child == null ? null : existing(child);
    }

    /** Reports where it stands that it is not there. */
    static Path existing(ConfigNode node) {
        return node.as(
                text -> {
                    Path path = Path.of(text);
                    if (!Files.exists(path)) {
                        throw new IllegalArgumentException("\"" + text + "\" does not exist");
                    }
                    return path;
                },
                Path.of(""));
    }

    /** Whether anything is demanded of a certificate. */
    boolean demands() {
        return chain || peer || !pins.isEmpty() || !rules.isEmpty() || verifyName;
    }

    /** All files it depends on. */
    List<Path> files() {
        List<Path> all = new ArrayList<>(ca);
        all.addAll(crl);
        if (caPath != null) {
            all.add(caPath);
        }
        if (crlPath != null) {
            all.add(crlPath);
        }
        return all;
    }
}
