package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import java.util.List;
import java.util.Locale;

/** What clients speak. */
enum ClientProtocol {
    /** What ALPN says, else what they begin with. */
    AUTO,
    /** HTTP/1.1, or 1.0. */
    HTTP1,
    /** HTTP/2. */
    HTTP2;

    static ClientProtocol read(ConfigNode terminal) {
        return valueOf(terminal.oneOf("client_protocol", "auto", List.of("auto", "http1", "http2"))
                .toUpperCase(Locale.ROOT));
    }
}
