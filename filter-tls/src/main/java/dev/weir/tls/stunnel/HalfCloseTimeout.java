package dev.weir.tls.stunnel;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Closes a connection one of whose directions has ended when for some time nothing has come in the other one. */
final class HalfCloseTimeout implements NetworkFilter {
    private final long nanos;
    private boolean ended;
    private long last;
    private @Nullable Future<?> waiting;

    HalfCloseTimeout(long nanos) {
        this.nanos = nanos;
    }

    @Override
    public int onData(FilterContext context, Direction direction, ByteBuf data) {
        if (ended) {
            last = context.burstNanos();
        }
        return data.readableBytes();
    }

    @Override
    public void onEndOfStream(FilterContext context, Direction direction) {
        if (!ended) {
            ended = true;
            last = context.clock().nanoTime();
            await(context, nanos);
        }
    }

    private void await(FilterContext context, long left) {
        waiting = context.connection().loop().schedule(() -> look(context), left, TimeUnit.NANOSECONDS);
    }

    private void look(FilterContext context) {
        long left = nanos - (context.clock().nanoTime() - last);
        if (left > 0) {
            await(context, left);
        } else if (nanos > 0 && !context.clientWritable()) {
            await(context, nanos); // it is not silent: the client does not take what there is
        } else {
            context.close(CloseReason.COMPLETE);
        }
    }

    @Override
    public void onClose(CloseReason reason) {
        Future<?> timer = waiting;
        if (timer != null) {
            timer.cancel(false);
        }
    }
}
