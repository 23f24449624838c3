package dev.weir.proxy.replay;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A sniffer on a connection of a capture. What it throws switches it off for this connection, and is counted. */
final class Watch implements SnifferContext {
    private final Connection connection;
    private final Exchanges exchanges;
    private final ReplayCounts counts;
    /** Asked about the first bytes; null where the port tells the protocol. */
    private @Nullable Protocol doubted;

    private @Nullable Sniffer sniffer;
    private boolean opened;
    private @Nullable String stopOutcome;
    private String stopReason = "";

    Watch(
            Sniffer sniffer,
            Connection connection,
            Exchanges exchanges,
            ReplayCounts counts,
            @Nullable Protocol doubted) {
        this.sniffer = sniffer;
        this.connection = connection;
        this.exchanges = exchanges;
        this.counts = counts;
        this.doubted = doubted;
    }

    /** Whether nothing is to be shown any more. */
    boolean off() {
        return sniffer == null;
    }

    void bytes(Direction direction, ByteBuf data, long nanos) {
        Protocol asked = doubted;
        doubted = null;
        if (asked != null && asked.detect(direction, data) == Detection.NO) {
            sniffer = null;
            counts.stopped("skipped", "other_protocol");
            return;
        }
        call(nanos, s -> s.onBytes(direction, data, nanos));
    }

    void end(Direction direction, long nanos) {
        call(nanos, s -> s.onEndOfStream(direction, nanos));
    }

    void gap(Direction direction, long nanos) {
        counts.gaps++;
        call(nanos, s -> s.onGap(direction));
    }

    void close(CloseReason reason, long nanos) {
        Sniffer closing = sniffer;
        sniffer = null;
        if (closing != null && opened) {
            closeQuietly(closing, reason, nanos);
        }
    }

    private void call(long nanos, Consumer<Sniffer> action) {
        Sniffer s = sniffer;
        if (s == null) {
            return;
        }
        try {
            if (!opened) {
                opened = true;
                s.onOpen(this);
            }
            if (stopOutcome == null) {
                action.accept(s);
            }
        } catch (SniffException e) {
            ask("gave_up", e.reason());
        } catch (Throwable t) {
            ask("gave_up", "internal_error");
        }
        if (stopOutcome != null) {
            sniffer = null;
            counts.stopped(stopOutcome, stopReason);
            closeQuietly(s, CloseReason.FILTER, nanos);
        }
    }

    private void closeQuietly(Sniffer s, CloseReason reason, long nanos) {
        try {
            s.onClose(reason, nanos);
        } catch (Throwable t) {
            counts.stopped("gave_up", "internal_error");
        }
    }

    private void ask(String outcome, String reason) {
        if (stopOutcome == null) {
            stopOutcome = outcome;
            stopReason = reason;
        }
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

    @Override
    public void giveUp(String reason) {
        ask("gave_up", reason);
    }

    @Override
    public void opaque(String reason) {
        ask("opaque", reason);
    }

    @Override
    public void encrypted() {
        ask("encrypted", "tls");
    }
}
