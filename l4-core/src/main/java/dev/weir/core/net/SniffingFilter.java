package dev.weir.core.net;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import io.netty.buffer.ByteBuf;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows bytes to a sniffer and lets them all go on, whatever the sniffer does: the one place where sniffers
 * fail open. Once switched off for a connection a sniffer stays off, as it has missed bytes.
 */
final class SniffingFilter implements NetworkFilter, SnifferContext {
    /** Told once per connection whose sniffer stops. */
    @FunctionalInterface
    interface StopListener {
        /** {@code outcome}: gave_up, opaque, encrypted, switched_off; {@code cause} for what it threw, else null. */
        void stopped(String outcome, String reason, @Nullable Throwable cause);
    }

    private final BooleanSupplier enabled;
    private final StopListener stops;
    private @Nullable Sniffer sniffer;
    private @Nullable FilterContext context;
    /** Set by the sniffer during a call; carried out after it. */
    private @Nullable String stopOutcome;

    private String stopReason = "";
    private boolean replaying;
    private boolean replayedByWeir;

    SniffingFilter(Sniffer sniffer, BooleanSupplier enabled, StopListener stops) {
        this.sniffer = sniffer;
        this.enabled = enabled;
        this.stops = stops;
    }

    @Override
    public Opening onOpen(FilterContext ctx) {
        context = ctx;
        Sniffer s = sniffer;
        if (s != null) {
            if (!enabled.getAsBoolean()) {
                sniffer = null;
            } else {
                try {
                    s.onOpen(this);
                } catch (Throwable t) {
                    threw(t);
                }
                stopIfAsked();
            }
        }
        return Opening.PROCEED;
    }

    @Override
    public int onData(FilterContext ctx, Direction direction, ByteBuf data) {
        int length = data.readableBytes();
        if (sniffer != null) {
            show(direction, data, ctx.burstNanos());
        }
        return length;
    }

    private void show(Direction direction, ByteBuf data, long nanos) {
        Sniffer s = sniffer;
        if (s != null) {
            if (enabled.getAsBoolean()) {
                try {
                    s.onBytes(direction, data, nanos);
                } catch (Throwable t) {
                    threw(t);
                }
                if (stopOutcome != null) {
                    stopIfAsked();
                }
            } else {
                stop("switched_off", "operator", null);
            }
        }
    }

    /** Shows bytes that went on before this filter was made. */
    void replay(Direction direction, ByteBuf data, long nanos, boolean byWeir) {
        replaying = true;
        replayedByWeir = byWeir;
        show(direction, data, nanos);
        replaying = false;
    }

    /** Tells of the end of a stream that was before this filter was made. */
    void replayEnd(Direction direction, long nanos) {
        end(direction, nanos);
    }

    @Override
    public void onEndOfStream(FilterContext ctx, Direction direction) {
        end(direction, ctx.burstNanos());
    }

    private void end(Direction direction, long nanos) {
        if (sniffer != null) {
            try {
                sniffer.onEndOfStream(direction, nanos);
            } catch (Throwable t) {
                threw(t);
            }
            stopIfAsked();
        }
    }

    @Override
    public Boundary boundary() {
        Sniffer s = sniffer;
        if (s == null) {
            return Boundary.UNKNOWN;
        }
        try {
            return s.idle() ? Boundary.IDLE : Boundary.BUSY;
        } catch (Throwable t) {
            threw(t);
            return Boundary.UNKNOWN;
        }
    }

    @Override
    public void onClose(CloseReason reason) {
        Sniffer closing = sniffer;
        sniffer = null;
        if (closing != null && context != null) {
            try {
                closing.onClose(reason, context.clock().nanoTime());
            } catch (Throwable t) {
                stops.stopped("gave_up", "internal_error", t);
            }
        }
    }

    private void threw(Throwable t) {
        if (t instanceof SniffException expected) {
            stop("gave_up", expected.reason(), null);
        } else {
            stop("gave_up", "internal_error", t);
        }
    }

    private void stopIfAsked() {
        if (stopOutcome != null) {
            stop(stopOutcome, stopReason, null);
        }
    }

    private void stop(String outcome, String reason, @Nullable Throwable cause) {
        Sniffer stopped = sniffer;
        sniffer = null;
        stopOutcome = null;
        if (stopped == null || context == null) {
            return;
        }
        stops.stopped(outcome, reason, cause);
        try {
            // What is open will never be seen to end.
            stopped.onClose(CloseReason.FILTER, context.clock().nanoTime());
        } catch (Throwable again) {
            // Counted already; a broken sniffer may be broken here too.
        }
    }

    @Override
    public Connection connection() {
        return ctx().connection();
    }

    @Override
    public Exchanges exchanges() {
        return ctx().exchanges();
    }

    @Override
    public boolean madeByWeir() {
        return replaying ? replayedByWeir : ctx().madeByWeir();
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

    private void ask(String outcome, String reason) {
        if (stopOutcome == null) {
            stopOutcome = outcome;
            stopReason = reason;
        }
    }

    private FilterContext ctx() {
        if (context == null) {
            throw new IllegalStateException("sniffer not opened yet");
        }
        return context;
    }
}
