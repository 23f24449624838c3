package dev.weir.core.net;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import io.netty.buffer.ByteBuf;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A toy that keeps its event loop busy for a while at each {@code !} of the client, so that events come together. */
public final class StallToy implements FilterFactory {
    private static final int MILLIS = 300;

    @Override
    public String type() {
        return "stall_toy";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        return loop -> connection -> new NetworkFilter() {
            @Override
            public int onData(FilterContext ctx, Direction direction, ByteBuf data) {
                if (direction == Direction.TO_UPSTREAM && data.getByte(data.readerIndex()) == '!') {
                    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MILLIS);
                    while (System.nanoTime() < until) {
                        LockSupport.parkNanos(until - System.nanoTime());
                    }
                }
                return data.readableBytes();
            }
        };
    }
}
