package dev.weir.http;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.Limit;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A copy of a request for a second cluster. Nobody waits for it: its answer is read and thrown away, and a copy that cannot be made, fails or lags is given up and
 * counted. Bounded by that cluster's {@code circuit_breakers}, and by what waits to be sent.
 */
final class Shadow implements ResponseListener, UpstreamPool.Waiter, HttpLoop.Watched {
    private static final int MAX_WAITING = 256 << 10;
    /** Where the route has no time-outs: nobody would miss a copy that hangs. */
    private static final long LONGEST_NANOS = 60_000_000_000L;

    private final HttpLoop home;
    private final RouteCluster to;
    private final HttpRequest head;
    private final boolean bodyless;
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>(2);
    private @Nullable UpstreamStream stream;
    private int bytes;
    private boolean ended;
    private boolean done;
    private final HttpLoop.Watch watch = new HttpLoop.Watch(this);
    private final long stillNanos;
    private final long deadline;
    private int moves;
    private int seen = -1;
    private long since;

    Shadow(HttpLoop home, RouteCluster to, RouteTimeouts times, HttpRequest original, boolean bodyless, long hash) {
        this.home = home;
        this.stillNanos = times.idleNanos() > 0 ? times.idleNanos() : LONGEST_NANOS;
        this.deadline = times.requestNanos() > 0 ? home.clock.nanoTime() + times.requestNanos() : 0;
        this.to = to;
        this.bodyless = bodyless;
        this.ended = bodyless;
        this.head = new DefaultHttpRequest(
                HttpVersion.HTTP_1_1,
                original.method(),
                original.uri(),
                original.headers().copy());
        if (!to.cluster().acquire(Limit.REQUESTS)) {
            done = true;
            home.metrics.mirrorsRefused.increment();
            return;
        }
        home.watch(watch);
        home.pool(to).acquire(this, hash, 0, Exclusions.NONE);
    }

    @Override
    public void connected(UpstreamConnection connection, Endpoint endpoint, String address) {
        if (done) {
            return;
        }
        home.metrics.mirrors.increment();
        UpstreamStream made = connection.open(this);
        stream = made;
        made.sendHead(head, bodyless);
        while (!waiting.isEmpty()) {
            ByteBuf data = waiting.poll();
            bytes -= data.readableBytes();
            made.sendData(data, ended && waiting.isEmpty());
        }
    }

    @Override
    public void refused(Failure failure, @Nullable Endpoint endpoint) {
        home.metrics.mirrorsRefused.increment();
        end();
    }

    /** More of the body, lent. */
    void copy(ByteBuf data, boolean end) {
        if (done || ended) {
            return;
        }
        UpstreamStream by = stream;
        if (by != null && !by.isWritable() || by == null && bytes + data.readableBytes() > MAX_WAITING) {
            home.metrics.mirrorsLagged.increment();
            giveUp();
            return;
        }
        moves++;
        ended = end;
        ByteBuf copy = data.isReadable() ? data.retainedDuplicate() : Unpooled.EMPTY_BUFFER;
        if (by == null) {
            bytes += copy.readableBytes();
            waiting.add(copy);
        } else {
            by.sendData(copy, end);
        }
    }

    /** The request will not be complete. */
    void giveUp() {
        UpstreamStream by = stream;
        if (!done) {
            home.pool(to).giveUp(this);
            end();
            if (by != null) {
                by.cancel();
            }
        }
    }

    @Override
    public void check(long now) {
        if (moves != seen) {
            seen = moves;
            since = now;
        }
        if (deadline != 0 && now - deadline >= 0 || now - since > stillNanos) {
            home.metrics.mirrorsLagged.increment();
            giveUp();
        }
    }

    private void end() {
        if (done) {
            return;
        }
        done = true;
        home.unwatch(watch);
        stream = null;
        waiting.forEach(ByteBuf::release);
        waiting.clear();
        to.cluster().release(Limit.REQUESTS);
    }

    @Override
    public void head(HttpResponse answer, boolean end) {
        if (end) {
            end();
        }
    }

    @Override
    public void data(ByteBuf data, boolean end) {
        moves++;
        int length = data.readableBytes();
        data.release();
        if (end) {
            end();
        } else if (stream != null) {
            stream.consumed(length);
        }
    }

    @Override
    public void trailers(HttpHeaders trailers) {
        end();
    }

    @Override
    public void failed(Failure failure) {
        end();
    }

    @Override
    public void writable() {
        // What finds no room ends the copy.
    }
}
