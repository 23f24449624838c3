package dev.weir.core.net;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferHost;
import io.netty.buffer.ByteBuf;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Shows bytes to a sniffer and lets them all go on, whatever the sniffer does. */
final class SniffingFilter extends SnifferHost implements NetworkFilter {
    /** Told once per connection whose sniffer stops. */
    @FunctionalInterface
    interface StopListener {
        /** {@code outcome}: gave_up, opaque, encrypted, switched_off; {@code cause} for what it threw, else null. */
        void stopped(String outcome, String reason, @Nullable Throwable cause);
    }

    private final BooleanSupplier enabled;
    private final StopListener stops;
    private @Nullable FilterContext context;
    private boolean replaying;
    private boolean replayedByWeir;

    SniffingFilter(Sniffer sniffer, BooleanSupplier enabled, StopListener stops) {
        super(sniffer);
        this.enabled = enabled;
        this.stops = stops;
    }

    @Override
    public Opening onOpen(FilterContext ctx) {
        context = ctx;
        if (enabled.getAsBoolean()) {
            open();
        } else {
            drop();
        }
        return Opening.PROCEED;
    }

    @Override
    public int onData(FilterContext ctx, Direction direction, ByteBuf data) {
        int length = data.readableBytes();
        if (running()) {
            showIfEnabled(direction, data, ctx.burstNanos());
        }
        return length;
    }

    private void showIfEnabled(Direction direction, ByteBuf data, long nanos) {
        if (enabled.getAsBoolean()) {
            show(direction, data, nanos);
        } else {
            stop("switched_off", "operator", null);
        }
    }

    /** Shows bytes that went on before this filter was made. */
    void replay(Direction direction, ByteBuf data, long nanos, boolean byWeir) {
        replaying = true;
        replayedByWeir = byWeir;
        showIfEnabled(direction, data, nanos);
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

    @Override
    public Boundary boundary() {
        Boolean idle = idle();
        return idle == null ? Boundary.UNKNOWN : idle ? Boundary.IDLE : Boundary.BUSY;
    }

    @Override
    public void onClose(CloseReason reason) {
        close(reason);
    }

    @Override
    protected void stopped(String outcome, String reason, @Nullable Throwable cause) {
        stops.stopped(outcome, reason, cause);
    }

    @Override
    protected long nanoTime() {
        return ctx().clock().nanoTime();
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

    private FilterContext ctx() {
        if (context == null) {
            throw new IllegalStateException("sniffer not opened yet");
        }
        return context;
    }
}
