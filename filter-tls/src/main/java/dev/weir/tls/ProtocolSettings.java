package dev.weir.tls;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * What both sides of TLS may be told about the protocol.
 *
 * @param versions names of versions, oldest first
 * @param ciphers suites before TLS 1.3 by OpenSSL's or IANA's names; empty for ours
 * @param suites TLS 1.3 suites; empty for all
 * @param curves key agreement groups in the order of preference; empty for the engine's
 * @param alpn application protocols in the order of preference
 * @param securityLevel least strength of keys in certificates, as OpenSSL numbers it; 0 for the engine's own
 * @param sessionCache sessions that are kept
 * @param sessionTimeout how long a session may be resumed
 * @param handshakeTimeout longest handshake
 * @param recordSize most bytes of a record that is written
 * @param reload how often files are looked at; zero for never
 * @param warning how long before its end a certificate is warned of
 * @param provider {@code auto}, {@code openssl} or {@code jdk}
 */
record ProtocolSettings(
        List<String> versions,
        List<String> ciphers,
        List<String> suites,
        List<String> curves,
        List<String> alpn,
        int securityLevel,
        int sessionCache,
        Duration sessionTimeout,
        Duration handshakeTimeout,
        int recordSize,
        Duration reload,
        Duration warning,
        String provider) {
    private static final List<String> VERSIONS = List.of("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3");
    private static final int LARGEST_RECORD = 16 << 10;
    private static final List<String> SUITES =
            List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

    static ProtocolSettings from(ConfigNode node) {
        int from = VERSIONS.indexOf(node.oneOf("min_version", "TLSv1.2", VERSIONS));
        int to = VERSIONS.indexOf(node.oneOf("max_version", "TLSv1.3", VERSIONS));
        if (from > to) {
            node.error(
                    "min_version",
                    "\"" + VERSIONS.get(from) + "\" above max_version (expected: at most " + VERSIONS.get(to) + ")");
            from = to;
        }
        String provider = node.oneOf("provider", "auto", List.of("auto", "openssl", "jdk"));
        List<String> suites = texts(node, "cipher_suites");
        if (!suites.isEmpty() && !provider.equals("jdk") && !suites.containsAll(SUITES)) {
            node.error(
                    "cipher_suites",
                    suites + " cannot be chosen with BoringSSL (expected: all of " + SUITES
                            + ", or provider: jdk beside it)");
        }
        return new ProtocolSettings(
                VERSIONS.subList(from, to + 1),
                texts(node, "ciphers"),
                suites,
                texts(node, "curves"),
                texts(node, "alpn"),
                (int) node.integer("security_level", 0, 0, 5),
                (int) node.integer("session_cache", 20_480, 0, 10_000_000),
                duration(node, "session_timeout", Duration.ofMinutes(5), Duration.ofSeconds(1), Duration.ofDays(7)),
                duration(
                        node,
                        "handshake_timeout",
                        Duration.ofSeconds(10),
                        Duration.ofMillis(10),
                        Duration.ofMinutes(10)),
                record(node),
                duration(node, "reload_interval", Duration.ofSeconds(5), Duration.ZERO, Duration.ofDays(1)),
                duration(node, "expiry_warning", Duration.ofDays(21), Duration.ZERO, Duration.ofDays(3_650)),
                provider);
    }

    private static int record(ConfigNode node) {
        long size = node.size("record_size", LARGEST_RECORD);
        if (size < 512 || size > LARGEST_RECORD) {
            node.error("record_size", Units.format(size) + " (expected: 512B..16KiB)");
            return LARGEST_RECORD;
        }
        return (int) size;
    }

    private static Duration duration(ConfigNode node, String key, Duration absent, Duration least, Duration most) {
        Duration given = node.duration(key, absent);
        if (given.compareTo(least) < 0 || given.compareTo(most) > 0) {
            node.error(
                    key, Units.format(given) + " (expected: " + Units.format(least) + ".." + Units.format(most) + ")");
            return absent;
        }
        return given;
    }

    private static List<String> texts(ConfigNode node, String key) {
        return node.list(key).stream().map(ConfigNode::text).toList();
    }

    /** Suites of all versions for an engine; TLS 1.3 first. */
    List<String> allCiphers(List<String> ours) {
        Stream<String> newest = (suites.isEmpty() ? SUITES : suites).stream();
        return Stream.concat(newest, (ciphers.isEmpty() ? ours : ciphers).stream())
                .toList();
    }
}
