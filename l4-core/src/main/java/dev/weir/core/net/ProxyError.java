package dev.weir.core.net;

import java.util.Locale;

/** What can be wrong with the begin of a connection that has to have a PROXY protocol header; a metric label. */
enum ProxyError {
    /** It is required, and this peer may not send one. */
    UNTRUSTED,
    /** It is required, and something else came. */
    MISSING,
    /** It is against the specification. */
    MALFORMED,
    /** It is longer than is taken. */
    TOO_LONG,
    /** Its checksum is wrong. */
    CHECKSUM,
    /** The peer ended its stream within it. */
    TRUNCATED,
    /** It did not come in time. */
    TIMEOUT;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Thrown by the parser. */
    static final class Rejected extends Exception {
        private static final long serialVersionUID = 1L;
        private final ProxyError error;

        Rejected(ProxyError error) {
            super(error.label(), null, false, false);
            this.error = error;
        }

        ProxyError error() {
            return error;
        }
    }
}
