package dev.weir.proxy.replay;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.WireClock;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferHost;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A sniffer on a connection of a capture. */
final class ReplaySniffer extends SnifferHost {
    private static final Logger LOG = LoggerFactory.getLogger(ReplaySniffer.class);

    private final Protocol protocol;
    private final Connection connection;
    private final Exchanges exchanges;
    private final WireClock clock;
    private final ReplayCounts counts;
    /** Whether the port does not tell the protocol, so that the first bytes have to. */
    private boolean doubted;

    private boolean first = true;

    ReplaySniffer(
            Protocol protocol,
            Sniffer sniffer,
            Connection connection,
            Exchanges exchanges,
            WireClock clock,
            ReplayCounts counts,
            boolean doubted) {
        super(sniffer);
        this.protocol = protocol;
        this.connection = connection;
        this.exchanges = exchanges;
        this.clock = clock;
        this.counts = counts;
        this.doubted = doubted;
    }

    /** Whether it is of use to show it something. */
    boolean wantsMore() {
        return running();
    }

    /** Whether these bytes of the client can only be the first ones of a request. */
    boolean looksLikeFirst(ByteBuf data) {
        return data.isReadable() && detect(Direction.TO_UPSTREAM, data) == Detection.YES;
    }

    private Detection detect(Direction direction, ByteBuf data) {
        try {
            return protocol.detect(direction, data);
        } catch (RuntimeException e) {
            failed(e);
            return Detection.NO;
        }
    }

    void bytes(Direction direction, ByteBuf data, long nanos) {
        if (doubted) {
            doubted = false;
            if (detect(direction, data) == Detection.NO) {
                counts.stopped("skipped", "other_protocol");
                drop();
            }
        }
        start();
        show(direction, data, nanos);
    }

    void missing(Direction direction) {
        if (running()) {
            counts.gaps++;
        }
        start();
        gap(direction);
    }

    void ended(Direction direction, long nanos) {
        if (!first) {
            end(direction, nanos);
        }
    }

    void closed(CloseReason reason) {
        close(reason);
    }

    private void start() {
        if (first) {
            first = false;
            open();
        }
    }

    private void failed(Throwable cause) {
        if (counts.failures++ == 0) {
            LOG.error("A sniffer failed; further failures are counted. protocol={}", protocol.name(), cause);
        }
    }

    @Override
    protected void stopped(String outcome, String reason, @Nullable Throwable cause) {
        counts.stopped(outcome, reason);
        if (cause != null) {
            failed(cause);
        }
    }

    @Override
    protected long nanoTime() {
        return clock.nanoTime();
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public Exchanges exchanges() {
        return exchanges;
    }

    @Override
    public boolean madeByWeir() {
        return false;
    }
}
