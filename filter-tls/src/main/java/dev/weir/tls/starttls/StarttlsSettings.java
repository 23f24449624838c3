package dev.weir.tls.starttls;

import dev.weir.core.filter.Side;
import dev.weir.core.tls.ClientHello;
import io.netty.buffer.ByteBuf;
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
     * @param makers makes the maker of a connection's handler
     * @param reader reads what a client asks for, where that has to be known
     * @param mostHandshakes how many may be under way on one event loop
     */
    record Begin(
            Function<dev.weir.core.filter.Connection, LateTls.Maker> makers,
            @Nullable Function<ByteBuf, @Nullable ClientHello> reader,
            int mostHandshakes) {}

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
