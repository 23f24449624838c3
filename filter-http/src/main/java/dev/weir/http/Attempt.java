package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Endpoint.Outcome;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.Limit;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One try of a request at one endpoint, from waiting for a connection to the end of the answer. */
final class Attempt implements ResponseListener, UpstreamPool.Waiter {
    private final HttpExchange exchange;
    private final Cluster cluster;
    private final UpstreamPool pool;
    private final int number;
    private @Nullable UpstreamStream stream;
    private @Nullable Endpoint endpoint;
    private @Nullable ScheduledFuture<?> alarm;
    private boolean waiting;
    private boolean sending;
    /** Takes part in the limit of requests. */
    private boolean counted;

    private boolean answered;
    private boolean done;
    private long sentNanos;
    private Outcome outcome = Outcome.SUCCESS;
    /** Bytes of the answer that have not gone on. */
    private int unpaid;

    Attempt(HttpExchange exchange, RouteCluster to, int number) {
        this.exchange = exchange;
        this.cluster = to.cluster();
        this.pool = exchange.home.pool(to);
        this.number = number;
    }

    void start(long hash, Exclusions excluded) {
        if (!cluster.acquire(Limit.REQUESTS)) {
            done = true;
            exchange.failed(this, Failure.OVERFLOW);
            return;
        }
        counted = true;
        long perTry = exchange.route().retries().perTryNanos();
        if (perTry > 0) {
            alarm = exchange.home.loop.schedule(
                    () -> {
                        if (!done && !answered) {
                            timedOut(Failure.UPSTREAM_TIMEOUT);
                            exchange.failed(this, Failure.UPSTREAM_TIMEOUT);
                        }
                    },
                    perTry,
                    TimeUnit.NANOSECONDS);
        }
        waiting = true;
        pool.acquire(this, hash, number - 1, excluded);
    }

    @Override
    public void connected(UpstreamConnection connection, Endpoint to, String address) {
        waiting = false;
        if (done) {
            return;
        }
        endpoint = to;
        sentNanos = exchange.home.clock.nanoTime();
        exchange.observation.upstream(address, cluster.name(), connection.version());
        exchange.observation.sent(sentNanos);
        UpstreamStream made = connection.open(this);
        stream = made;
        boolean tunnel = exchange.asksTunnel();
        boolean second = connection.version().equals("2");
        made.sendHead(
                exchange.outgoing(to, second), exchange.body.isNone() && !(tunnel && second) || tunnel && !second);
        if (!tunnel) {
            sending = true;
            exchange.body.sendTo(this);
        }
    }

    @Override
    public void refused(Failure failure, @Nullable Endpoint by) {
        waiting = false;
        endpoint = by;
        if (!done) {
            end();
            exchange.failed(this, failure);
        }
    }

    // ---- the request

    /** Whether it takes the body. */
    boolean isSending() {
        return sending && !done;
    }

    /** The upstream has agreed to other bytes than those of HTTP. */
    void tunnel() {
        sending = true;
        exchange.body.sendTo(this);
    }

    /** Both sides have said all; what is on its way still goes out. */
    void tunnelEnded() {
        stream = null;
        end();
    }

    void sendData(ByteBuf data, boolean end) {
        UpstreamStream to = stream;
        if (to == null) {
            data.release();
        } else {
            to.sendData(data, end);
        }
    }

    void sendTrailers(HttpHeaders trailers) {
        if (stream != null) {
            stream.sendTrailers(trailers);
        }
    }

    boolean isWritable() {
        return stream == null || stream.isWritable();
    }

    @Override
    public void writable() {
        exchange.body.goesOn();
        UpstreamStream to = stream;
        if (to != null && exchange.tunnel.isAnswerEnded() && to.isClosed()) {
            failed(Failure.UPSTREAM_RESET); // nobody takes what the client goes on to say
        }
    }

    // ---- the answer

    @Override
    public void head(HttpResponse head, boolean end) {
        int status = head.status().code();
        if (done) {
            return;
        }
        if (status < 200 && status != 101) {
            exchange.informed(head);
            return;
        }
        answered = true;
        // What stands for an endpoint that cannot serve; other errors are answers.
        outcome = status >= 502 && status <= 504 ? Outcome.FAILURE : Outcome.SUCCESS;
        if (exchange.triesAgain(this, status)) {
            return;
        }
        if (end) {
            outcome = Grpc.outcome(head.headers(), outcome);
            end();
        }
        exchange.answered(head, end);
    }

    @Override
    public void data(ByteBuf data, boolean end) {
        if (done) {
            data.release();
            return;
        }
        int bytes = data.readableBytes();
        if (end && !exchange.isHalfOpen()) {
            end();
        }
        boolean gone = exchange.received(data, end);
        UpstreamStream from = stream;
        if (from != null && bytes > 0) {
            if (gone) {
                from.consumed(bytes);
            } else {
                unpaid += bytes;
            }
        }
    }

    @Override
    public void trailers(HttpHeaders trailers) {
        if (!done && exchange.tunnel.isOpen()) {
            data(Unpooled.EMPTY_BUFFER, true);
        } else if (!done) {
            outcome = Grpc.outcome(trailers, outcome);
            end();
            exchange.ended(trailers);
        }
    }

    @Override
    public void failed(Failure failure) {
        if (done) {
            return;
        }
        if (!exchange.tunnel.isAnswerEnded()) {
            outcome = failure.outcome();
        }
        stream = null;
        end();
        exchange.failed(this, failure);
    }

    /** The client takes bytes again. */
    void clientWritable() {
        int bytes = unpaid;
        unpaid = 0;
        if (stream != null && bytes > 0) {
            stream.consumed(bytes);
        }
    }

    // ---- the end

    /** It took too long. */
    void timedOut(Failure failure) {
        if (!done) {
            if (!exchange.tunnel.isAnswerEnded()) { // it has done its part
                outcome = failure.outcome();
            }
            abandon();
        }
    }

    /** Nobody waits for it any more. */
    void abandon() {
        UpstreamStream to = stream;
        stream = null;
        boolean open = !done;
        end();
        if (to != null && open) {
            to.cancel();
        }
    }

    /** The exchange is over; the answer may have been complete before the request was, and what is to come of that is of no use. */
    void exchangeEnded() {
        UpstreamStream to = stream;
        if (!done) {
            abandon();
        } else if (to != null && (!exchange.body.isReceived() || exchange.asksTunnel() && !exchange.tunnel.isOpen())) {
            stream = null;
            to.cancel();
        }
    }

    private void end() {
        if (done) {
            return;
        }
        done = true;
        if (alarm != null) {
            alarm.cancel(false);
        }
        if (waiting) {
            waiting = false;
            pool.giveUp(this);
        }
        if (counted) {
            counted = false;
            cluster.release(Limit.REQUESTS);
        }
        Endpoint by = endpoint;
        if (by != null && sentNanos != 0 && cluster.wantsOutcomes()) {
            by.done(outcome, (exchange.home.clock.nanoTime() - sentNanos) / 1_000);
        }
    }

    /** Another try is to ask somebody else. */
    void excludeFrom(Exclusions excluded) {
        if (endpoint != null) {
            excluded.add(endpoint);
        }
    }

    /** Whether the upstream cannot have seen anything of the request. */
    boolean sentNothing() {
        return sentNanos == 0;
    }
}
