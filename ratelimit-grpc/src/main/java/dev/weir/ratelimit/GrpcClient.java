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
import io.grpc.Status;
import io.netty.util.concurrent.EventExecutor;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The questions of one event loop, over one channel at a time: to the endpoint that the cluster chooses when somebody asks, and to
 * another one, after pauses that grow, when that fails. During a pause questions are answered at once.
 */
final class GrpcClient implements Client {
    private static final Logger LOG = LoggerFactory.getLogger(GrpcClient.class);

    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(5);

    /** A service that has let all questions time out for so long is asked elsewhere. */
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(5);

    private final Settings settings;
    private final EventExecutor loop;
    private final WireClock clock;
    private final Set<GrpcQuestion> pending = new LinkedHashSet<>();

    private @Nullable ServiceChannel current;
    private int attempt;
    private long pause;
    private long notBefore;
    private boolean closed;

    GrpcClient(Settings settings, EventExecutor loop, WireClock clock) {
        this.settings = settings;
        this.loop = loop;
        this.clock = clock;
    }

    // ---- questions

    @Override
    public Question ask(List<List<Entry>> descriptors, int hits, Consumer<Reply> then) {
        GrpcQuestion question = new GrpcQuestion(this, then);
        if (closed || pending.size() >= settings.maxPending()) {
            question.end(new Reply(closed ? Result.ERROR : Result.OVERFLOW, 0));
            return question;
        }
        pending.add(question);
        ServiceChannel channel = channel();
        if (channel == null) {
            question.end(new Reply(Result.UNAVAILABLE, 0));
        } else {
            question.send(channel, channel.call(), new RateLimitMessages.Request(settings.domain(), descriptors, hits));
        }
        return question;
    }

    void forget(GrpcQuestion question) {
        pending.remove(question);
    }

    /** How a call went. */
    void ended(ServiceChannel channel, Result result, Status status) {
        if (!result.failed()) {
            channel.silent = false;
            channel.answered = true;
            channel.endpoint.done(Endpoint.Outcome.SUCCESS, -1);
            works();
            return;
        }
        LOG.debug("rate limit service {}: {}", channel.endpoint.address(), status);
        switch (result) {
            case TIMEOUT -> {
                channel.endpoint.done(Endpoint.Outcome.TIMEOUT, -1);
                silent(channel);
            }
            case UNAVAILABLE -> lose(channel, reason(status));
            default -> channel.endpoint.done(Endpoint.Outcome.FAILURE, -1);
        }
    }

    /** gRPC says "io exception"; what it was is behind that. */
    private static String reason(Status status) {
        Throwable cause = status.getCause();
        return status.getDescription() + (cause == null ? "" : ": " + cause.getMessage());
    }

    private void silent(ServiceChannel channel) {
        long now = clock.nanoTime();
        if (!channel.silent) {
            channel.silent = true;
            channel.silentSince = now;
        } else if (now - channel.silentSince > PATIENCE) {
            lose(channel, "no answer in time");
        }
    }

    // ---- the channel

    private @Nullable ServiceChannel channel() {
        if (current == null && (pause == 0 || clock.nanoTime() - notBefore >= 0)) {
            Endpoint endpoint = settings.cluster().pick(attempt, attempt, Exclusions.NONE);
            attempt++;
            if (endpoint == null) {
                failed("no endpoint");
            } else if (endpoint.address().isUnix()) {
                failed("\"" + endpoint.address() + "\" (expected: host:port)");
            } else {
                current = new ServiceChannel(endpoint, settings, loop);
            }
        }
        return current;
    }

    /** Not to be asked any more. */
    private void lose(ServiceChannel channel, String reason) {
        if (channel.retired) {
            return; // Others of its questions ended before.
        }
        channel.retire();
        channel.endpoint.done(Endpoint.Outcome.CONNECT_FAILED, -1);
        current = null;
        if (!channel.answered) {
            failed(channel.endpoint.address() + ": " + reason);
        }
    }

    /** There is no channel, and there will be none for a while. */
    private void failed(String reason) {
        if (pause == 0) {
            LOG.warn("rate limit service {}: {}", settings.cluster().name(), reason);
        } else {
            LOG.debug("rate limit service {}: {}", settings.cluster().name(), reason);
        }
        pause = pause == 0 ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, 2 * pause);
        notBefore = clock.nanoTime() + pause;
    }

    /** It answers: the next loss is a new one. */
    private void works() {
        if (pause != 0) {
            pause = 0;
            LOG.info("rate limit service {}: answers again", settings.cluster().name());
        }
    }

    @Override
    public void close() {
        closed = true;
        List.copyOf(pending).forEach(question -> question.end(new Reply(Result.ERROR, 0)));
        if (current != null) {
            current.close();
            current = null;
        }
    }
}
