package dev.weir.tls.starttls;

import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.Side;
import dev.weir.core.tls.TlsHandler;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of one configured filter share.
 *
 * @param name protocol and side, for logs
 * @param side whose TLS it is
 * @param tls begins it; null where that is not this filter's business
 * @param timeout how long a negotiation may take
 */
record StarttlsSettings(String name, Side side, @Nullable Begin tls, Duration timeout, StarttlsMetrics metrics) {
    /**
     * How TLS begins.
     *
     * @param handlers makes the handler of a connection
     * @param mostHandshakes how many may be under way on one event loop
     */
    record Begin(Function<FilterContext, TlsHandler> handlers, int mostHandshakes) {}

    /** Handshakes under way on one event loop. */
    static final class Underway {
        private int now;

        boolean begin(int most) {
            if (now >= most) {
                return false;
            }
            now++;
            return true;
        }

        void end() {
            now--;
        }
    }
}
