package dev.weir.ratelimit;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.filter.WireClock;
import dev.weir.core.ratelimit.RateLimitService.Client;
import dev.weir.core.ratelimit.RateLimitService.Entry;
import dev.weir.core.ratelimit.RateLimitService.Question;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Result;
import dev.weir.core.ratelimit.RateLimitService.Settings;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The questions of one event loop, over one connection at a time: made when somebody asks, and made again, with growing
 * pauses while that fails. While there is none and none may be made yet, questions are answered at once.
 */
final class GrpcClient implements Client {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcClient.class);

    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(5);

    private final Settings settings;
    private final EventLoop loop;
    private final WireClock clock;
    /** Those that wait for the connection. */
    private final Set<GrpcQuestion> waiting = new LinkedHashSet<>();

    private @Nullable GrpcConnection connection;
    private boolean connecting;
    private int attempt;
    private long pause;
    private long notBefore;
    private int pending;
    private boolean closed;

    GrpcClient(Settings settings, EventLoop loop, WireClock clock) {
        this.settings = settings;
        this.loop = loop;
        this.clock = clock;
    }

    Settings settings() {
        return settings;
    }

    WireClock clock() {
        return clock;
    }

    // ---- questions

    @Override
    public Question ask(List<List<Entry>> descriptors, int hits, Consumer<Reply> then) {
        GrpcQuestion question = new GrpcQuestion(this, descriptors, hits, then);
        if (closed || pending >= settings.maxPending()) {
            question.ended = true;
            then.accept(new Reply(closed ? Result.ERROR : Result.OVERFLOW, 0));
            return question;
        }
        pending++;
        if (connection == null && !connecting && (pause == 0 || clock.nanoTime() - notBefore >= 0)) {
            connect();
        }
        GrpcConnection open = connection;
        if (open != null) {
            open.send(question);
        } else if (connecting) {
            waiting.add(question);
        } else {
            end(question, new Reply(Result.UNAVAILABLE, 0));
        }
        if (!question.ended) {
            question.timer =
                    loop.schedule(() -> timedOut(question), settings.timeout().toNanos(), TimeUnit.NANOSECONDS);
        }
        return question;
    }

    private void timedOut(GrpcQuestion question) {
        GrpcConnection on = question.connection;
        if (!question.ended && on != null) {
            on.giveUp(question);
            on.doubt();
        }
        end(question, new Reply(Result.TIMEOUT, 0));
    }

    void cancel(GrpcQuestion question) {
        if (!question.ended) {
            GrpcConnection on = question.connection;
            if (on != null) {
                on.giveUp(question);
            }
            forget(question);
        }
    }

    /** The question is answered, if it was not before. */
    void end(GrpcQuestion question, Reply answer) {
        if (!question.ended) {
            GrpcConnection on = question.connection;
            if (on != null) {
                on.outcome(answer.result());
            }
            forget(question);
            question.tell(answer);
        }
    }

    private void forget(GrpcQuestion question) {
        question.ended = true;
        question.releaseBody();
        waiting.remove(question);
        pending--;
        if (question.timer != null) {
            question.timer.cancel(false);
        }
    }

    // ---- the connection

    private void connect() {
        Endpoint endpoint = settings.cluster().pick(attempt, attempt, Exclusions.NONE);
        attempt++;
        if (endpoint == null) {
            failed("no endpoint");
            return;
        }
        GrpcConnection fresh = new GrpcConnection(this, endpoint);
        long begin = clock.nanoTime();
        ChannelFuture future;
        try {
            future = endpoint.connect(loop, fresh.initializer());
        } catch (ChannelException e) {
            // No more file descriptors.
            failed(String.valueOf(e.getMessage()));
            return;
        }
        connecting = true;
        future.addListener((ChannelFuture done) -> connected(done, fresh, begin));
    }

    private void connected(ChannelFuture done, GrpcConnection fresh, long begin) {
        connecting = false;
        Throwable cause = done.cause();
        long micros = (clock.nanoTime() - begin) / 1_000;
        if (cause != null) {
            boolean late = cause instanceof ConnectTimeoutException;
            fresh.endpoint().done(late ? Endpoint.Outcome.TIMEOUT : Endpoint.Outcome.CONNECT_FAILED, micros);
            failed(fresh.endpoint().address() + ": " + cause.getMessage());
            return;
        }
        fresh.endpoint().done(Endpoint.Outcome.SUCCESS, micros);
        if (closed) {
            done.channel().close();
            return;
        }
        connection = fresh;
        fresh.open(done.channel());
        List<GrpcQuestion> first = new ArrayList<>(waiting);
        waiting.clear();
        first.forEach(fresh::send);
    }

    /** There is no connection, and there will be none for a while. */
    private void failed(String reason) {
        if (pause == 0) {
            LOG.warn("rate limit service {}: {}", settings.cluster().name(), reason);
        } else {
            LOG.debug("rate limit service {}: {}", settings.cluster().name(), reason);
        }
        pause = pause == 0 ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, 2 * pause);
        notBefore = clock.nanoTime() + pause;
        List<GrpcQuestion> all = new ArrayList<>(waiting);
        all.forEach(question -> end(question, new Reply(Result.UNAVAILABLE, 0)));
    }

    /** It answers: the next loss of a connection is a new one. */
    void works() {
        if (pause != 0) {
            pause = 0;
            LOG.info("rate limit service {}: answers again", settings.cluster().name());
        }
    }

    /** No more questions are to be sent on {@code old}. */
    void retire(GrpcConnection old) {
        if (connection == old) {
            connection = null;
        }
    }

    /** {@code old} was lost, without ever having answered if {@code mute}. */
    void lost(GrpcConnection old, boolean mute, String reason) {
        retire(old);
        if (mute && !closed) {
            failed(old.endpoint().address() + ": " + reason);
        }
    }

    @Override
    public void close() {
        closed = true;
        GrpcConnection open = connection;
        connection = null;
        List<GrpcQuestion> all = new ArrayList<>(waiting);
        all.forEach(question -> end(question, new Reply(Result.ERROR, 0)));
        if (open != null) {
            open.close();
        }
    }
}
