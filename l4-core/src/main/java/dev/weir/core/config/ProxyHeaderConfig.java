package dev.weir.core.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The PROXY protocol header that a cluster's connections begin with.
 *
 * @param version 1 or 2
 * @param authority whether the server name that the client asked for is told (version 2)
 * @param uniqueId whether the number of the client connection is told (version 2)
 * @param alpn whether the application protocol of TLS that Weir has ended is told (version 2)
 * @param ssl whether TLS of the client is told: Weir's own, else what the client's header said of it (version 2)
 * @param checksum whether there is a checksum (version 2)
 */
public record ProxyHeaderConfig(
        int version, boolean authority, boolean uniqueId, boolean alpn, boolean ssl, boolean checksum) {
    private static final List<String> TLVS = List.of("authority", "unique_id", "alpn", "ssl", "crc32c");

    /** Null where there is none. */
    static @Nullable ProxyHeaderConfig from(ConfigNode node) {
        String version = node.oneOf("proxy_protocol", "none", List.of("none", "v1", "v2"));
        List<String> tlvs = node.list("proxy_protocol_tlvs").stream()
                .map(ProxyHeaderConfig::tlv)
                .toList();
        if (node.has("proxy_protocol_tlvs") && !version.equals("v2")) {
            node.error("proxy_protocol_tlvs", "without version 2 (expected: proxy_protocol: v2 beside it)");
        }
        return version.equals("none")
                ? null
                : new ProxyHeaderConfig(
                        version.equals("v1") ? 1 : 2,
                        tlvs.contains("authority"),
                        tlvs.contains("unique_id"),
                        tlvs.contains("alpn"),
                        tlvs.contains("ssl"),
                        tlvs.contains("crc32c"));
    }

    private static String tlv(ConfigNode node) {
        String name = node.text();
        if (!TLVS.contains(name)) {
            node.error("\"" + name + "\"" + Names.suggest(name, TLVS));
        }
        return name;
    }
}
