package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import java.util.List;
import java.util.Locale;

/** What is spoken with upstreams. */
enum UpstreamProtocol {
    /** HTTP/1.1. */
    HTTP1,
    /** HTTP/2, without TLS by prior knowledge. */
    HTTP2,
    /** What ALPN says; HTTP/1.1 without TLS. */
    AUTO;

    private static final List<String> NAMES = List.of("http1", "http2", "auto");

    /** Reads {@code upstream_protocol}. */
    static UpstreamProtocol read(ConfigNode node, UpstreamProtocol absent) {
        String name = node.oneOf("upstream_protocol", absent.name().toLowerCase(Locale.ROOT), NAMES);
        return valueOf(name.toUpperCase(Locale.ROOT));
    }
}
