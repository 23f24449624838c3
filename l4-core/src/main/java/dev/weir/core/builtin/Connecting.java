package dev.weir.core.builtin;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.Limit;
import dev.weir.core.config.Address;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.TerminalContext;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ConnectTimeoutException;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Connects a client to one endpoint of its cluster: one attempt after the other, each to another endpoint as long as there is one, within the
 * limits of the cluster. On the client's loop; ends exactly once, by success, by giving up, or by {@link #cancel}.
 *
 * <pre>
 *   connecting ──failed, attempts left──▶ (waiting) ──▶ connecting ──▶ connected
 *        └──none left, or refused by a limit──▶ given up
 * </pre>
 */
final class Connecting {
    /** Who wants to be connected. */
    interface Owner {
        /** The handler of the next attempt's channel. */
        ChannelHandler handler();

        /** There it is. */
        void connected(Channel channel, Endpoint endpoint);

        /** There is none. {@code reset}: for the client it should look as if its server had reset the connection. */
        void gaveUp(CloseReason reason, boolean reset);
    }

    /**
     * How attempts follow each other.
     *
     * @param attempts at most
     * @param baseNanos the wait before the second attempt is chosen at random up to this, before the third up to twice that, …; 0: at once
     * @param maxNanos but never up to more
     */
    record Attempts(int attempts, long baseNanos, long maxNanos) {
        /** "Full jitter": clients that failed together do not come back together. {@code failed} attempts have. */
        long waitNanos(int failed) {
            long most = Math.min(maxNanos, baseNanos << Math.min(failed - 1, 20));
            return most <= 0 ? 0 : ThreadLocalRandom.current().nextLong(most + 1);
        }
    }

    private final TcpProxy.Settings settings;
    private final Cluster cluster;
    private final TerminalContext context;
    private final Owner owner;
    /** Where the client asked to be connected to; null if that is not for it to say. */
    private final @Nullable Address target;

    private Exclusions excluded = Exclusions.NONE;
    private int failed;
    private long begin;
    private boolean pending;
    private boolean retrying;
    private boolean ended;
    /** Why the last attempt failed. */
    private CloseReason reason = CloseReason.NO_ENDPOINT;
    /** Whether it ended with a reset, not with a refusal. */
    private boolean wasReset;

    private @Nullable Channel channel;
    private @Nullable ScheduledFuture<?> waiting;

    Connecting(TcpProxy.Settings settings, TerminalContext context, Owner owner) {
        this.settings = settings;
        this.cluster = settings.cluster();
        this.context = context;
        this.owner = owner;
        // Who was sent to another cluster has no say in where that is.
        this.target = settings.overridden() ? null : context.connection().get(ConnectionAttribute.TARGET);
    }

    void start() {
        if (target != null && settings.targets() == null) {
            settings.metrics().noEndpoint();
            giveUp(CloseReason.DENIED);
            return;
        }
        pending = cluster.acquire(Limit.PENDING);
        if (pending) {
            attempt();
        } else {
            giveUp(CloseReason.LIMIT);
        }
    }

    /** The client has left. */
    void cancel() {
        if (!ended) {
            end();
            if (waiting != null) {
                waiting.cancel(false);
            }
            if (channel != null) {
                channel.close();
            }
        }
    }

    private void attempt() {
        waiting = null;
        Endpoint next = next();
        while (next != null) {
            ChannelFuture attempt;
            begin = context.clock().nanoTime();
            try {
                attempt = next.connect(context.connection(), handler());
            } catch (ChannelException noSocket) {
                // Too many open files: another endpoint would fare no better, and it is not this one's fault.
                settings.metrics().failed(noSocket);
                giveUp(CloseReason.CONNECT_FAILED);
                return;
            }
            if (attempt != null) {
                channel = attempt.channel();
                Endpoint tried = next;
                if (attempt.isDone()) {
                    done(attempt, tried);
                } else {
                    attempt.addListener((ChannelFuture done) -> done(done, tried));
                }
                return;
            }
            // Others have taken its last place.
            exclude(next);
            next = next();
        }
        none();
    }

    private ChannelHandler handler() {
        TargetRules rules = settings.targets();
        ChannelHandler handler = owner.handler();
        if (target == null || rules == null) {
            return handler;
        }
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel made) {
                made.pipeline().addLast(rules, handler);
            }
        };
    }

    private @Nullable Endpoint next() {
        if (target != null) {
            return failed == 0 && excluded == Exclusions.NONE ? cluster.elsewhere(target) : null;
        }
        long hash = hash();
        Endpoint next = cluster.pickToConnect(hash, failed, excluded);
        if (next == null && failed > 0 && settings.attempts().baseNanos() > 0) {
            // All have been tried. After a while the first one may be back.
            excluded = Exclusions.NONE;
            next = cluster.pickToConnect(hash, failed, excluded);
        }
        return next;
    }

    private void none() {
        if (failed > 0) {
            giveUp(reason);
        } else if (cluster.pick(hash(), 0, Exclusions.NONE) != null) {
            giveUp(CloseReason.LIMIT);
        } else {
            settings.metrics().noEndpoint();
            giveUp(CloseReason.NO_ENDPOINT);
        }
    }

    private void done(ChannelFuture attempt, Endpoint tried) {
        if (ended) {
            attempt.channel().close();
            return;
        }
        long nanos = context.clock().nanoTime() - begin;
        if (attempt.isSuccess()) {
            settings.metrics().connected(nanos);
            end();
            owner.connected(attempt.channel(), tried);
            return;
        }
        Throwable cause = attempt.cause();
        boolean late = cause instanceof ConnectTimeoutException;
        if (cause instanceof TargetRules.Refused) {
            giveUp(CloseReason.DENIED);
            return;
        }
        if (target == null) {
            tried.done(late ? Endpoint.Outcome.TIMEOUT : Endpoint.Outcome.CONNECT_FAILED, nanos / 1_000);
        }
        settings.metrics().failed(cause);
        context.connectFailed(tried, cause);
        failed++;
        reason = reason(cause, late);
        wasReset = wasReset(cause);
        retried();
        if (failed >= settings.attempts().attempts() || !cluster.acquire(Limit.RETRIES)) {
            giveUp(reason);
            return;
        }
        retrying = true;
        exclude(tried);
        long wait = settings.attempts().waitNanos(failed);
        if (wait == 0) {
            attempt();
        } else {
            waiting = context.connection().loop().schedule(this::attempt, wait, TimeUnit.NANOSECONDS);
        }
    }

    private static CloseReason reason(Throwable cause, boolean late) {
        if (cause instanceof SSLException || cause.getCause() instanceof SSLException) {
            return CloseReason.UPSTREAM_TLS_FAILED;
        }
        return late ? CloseReason.CONNECT_TIMEOUT : CloseReason.CONNECT_FAILED;
    }

    private void exclude(Endpoint endpoint) {
        if (excluded == Exclusions.NONE) {
            excluded = Exclusions.create();
        }
        excluded.add(endpoint);
    }

    /** What the cluster hashes; 0 where it does not. */
    long hash() {
        if (!cluster.usesHash()) {
            return 0;
        }
        Long chosen = context.connection().get(ConnectionAttribute.HASH);
        if (chosen != null) {
            return chosen;
        }
        ConnectionAttribute<String> attribute = settings.hashBy();
        String key = attribute == null ? null : context.connection().get(attribute);
        byte[] bytes = (key != null ? key : context.connection().clientHost()).getBytes(StandardCharsets.UTF_8);
        return cluster.keyHash().hash(bytes, bytes.length);
    }

    /**
     * A server that accepts and resets at once may be faster than we learn of the connection. Then connecting fails, but
     * for the client it should be as it is a moment later.
     */
    private static boolean wasReset(Throwable cause) {
        String message = cause.getMessage();
        return cause instanceof IOException
                && message != null
                && (message.contains("reset by peer") || message.contains("Connection reset"));
    }

    private void giveUp(CloseReason why) {
        end();
        owner.gaveUp(why, wasReset && why != CloseReason.LIMIT);
    }

    /** Gives back what it had of the cluster. */
    private void end() {
        ended = true;
        retried();
        if (pending) {
            pending = false;
            cluster.release(Limit.PENDING);
        }
    }

    private void retried() {
        if (retrying) {
            retrying = false;
            cluster.release(Limit.RETRIES);
        }
    }
}
