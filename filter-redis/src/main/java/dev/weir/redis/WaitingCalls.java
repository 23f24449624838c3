package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Calls with their requests that wait for a connection to be made. */
final class WaitingCalls {
    /** Most bytes. */
    private static final int MOST = 4 << 20;

    private final ProxyLoop home;
    private final ShardMetrics.Counts metrics;
    private final ArrayDeque<Call> calls = new ArrayDeque<>(0);
    private int bytes;

    WaitingCalls(ProxyLoop home, ShardMetrics.Counts metrics) {
        this.home = home;
        this.metrics = metrics;
    }

    boolean isEmpty() {
        return calls.isEmpty();
    }

    /** Keeps a call with a copy of its request; false if that would be too much. */
    boolean add(Call call, ByteBuf buf, int from, int length) {
        if (!calls.isEmpty() && bytes + length > MOST) {
            return false;
        }
        call.request = home.allocator().buffer(length).writeBytes(buf, from, length);
        call.inLink = true;
        bytes += length;
        calls.add(call);
        metrics.queued(length);
        return true;
    }

    /** What is done with the request of a call; lent. */
    interface Taker {
        void take(Call call, ByteBuf request);
    }

    /** All of them, in their order, leave. */
    void each(Taker taker) {
        Call call = next();
        while (call != null) {
            ByteBuf request = call.request;
            call.request = null;
            call.inLink = false;
            if (request != null) {
                try {
                    taker.take(call, request);
                } catch (RuntimeException | Error e) {
                    home.crashed(call, e);
                } finally {
                    request.release();
                }
            }
            call.free();
            call = next();
        }
    }

    private @Nullable Call next() {
        Call call = calls.poll();
        if (call != null && call.request != null) {
            bytes -= call.request.readableBytes();
            metrics.unqueued(call.request.readableBytes());
        }
        return call;
    }
}
