package dev.weir.core.builtin;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** One connection of the filter {@code fault}: delays or closes it when it is opened, and hands what comes then to {@code inner}. */
final class FaultFilter implements NetworkFilter {
    private static final Duration HOLD = Duration.ofSeconds(20);

    private final ConnectionFaults faults;
    private final ActiveFaults active;
    private final SplittableRandom random;
    private final NetworkFilter inner;
    private boolean delaying;
    /** The client has ended its stream meanwhile. */
    private boolean endMissed;

    private boolean closed;

    FaultFilter(ConnectionFaults faults, ActiveFaults active, SplittableRandom random, NetworkFilter inner) {
        this.faults = faults;
        this.active = active;
        this.random = random;
        this.inner = inner;
    }

    @Override
    public Opening onOpen(FilterContext context) {
        ConnectionFaults.Rule rule = faults.hit(context.connection(), random, active);
        Duration delay = rule == null ? Duration.ZERO : rule.fault().delay();
        Opening opening = inner.onOpen(context);
        if (rule == null) {
            return opening;
        }
        if (delay.isZero()) {
            context.close(CloseReason.FAULT);
            return Opening.PROCEED;
        }
        delaying = true;
        context.holdDeadline("delayed", delay.plus(HOLD));
        boolean close = rule.close();
        context.connection().loop().schedule(() -> delayed(context, close), delay.toNanos(), TimeUnit.NANOSECONDS);
        return Opening.WAIT;
    }

    private void delayed(FilterContext context, boolean close) {
        if (closed) {
            return;
        }
        delaying = false;
        active.leave();
        if (close) {
            context.close(CloseReason.FAULT);
        } else {
            context.holdDeadline("incomplete", HOLD);
            if (endMissed) {
                inner.onEndOfStream(context, Direction.TO_UPSTREAM);
            }
            context.resume(Direction.TO_UPSTREAM);
        }
    }

    @Override
    public int onData(FilterContext context, Direction direction, ByteBuf data) {
        return delaying ? 0 : inner.onData(context, direction, data);
    }

    @Override
    public void onReadComplete(FilterContext context, Direction direction) {
        inner.onReadComplete(context, direction);
    }

    @Override
    public void onEndOfStream(FilterContext context, Direction direction) {
        if (delaying && direction == Direction.TO_UPSTREAM) {
            endMissed = true; // It would end the waiting.
        } else {
            inner.onEndOfStream(context, direction);
        }
    }

    @Override
    public Boundary boundary() {
        return delaying ? Boundary.BUSY : inner.boundary();
    }

    @Override
    public void onClose(CloseReason reason) {
        closed = true;
        if (delaying) {
            active.leave();
        }
        inner.onClose(reason);
    }
}
