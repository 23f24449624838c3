package dev.weir.core.ratelimit;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.filter.WireClock;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * A way to ask a service that counts for many proxies whether something may go on: the {@code global} part of
 * {@code rate_limit}. Found by {@link java.util.ServiceLoader} when a configuration needs it; one object per proxy, without
 * state.
 */
public interface RateLimitService {
    /**
     * Prepares asking from one event loop, on that loop. It connects at the first question, and again when the connection
     * was lost.
     */
    Client open(Settings settings, EventLoop loop, WireClock clock);

    /**
     * What is to be asked, where.
     *
     * @param cluster where the service is
     * @param domain the name space of the rules
     * @param timeout how long an answer is waited for
     * @param maxPending questions of one event loop that may wait for their answers
     */
    record Settings(Cluster cluster, String domain, Duration timeout, int maxPending) {}

    /** Asks from one event loop; all methods are to be called there. */
    interface Client extends AutoCloseable {
        /**
         * Asks once about all {@code descriptors}.
         *
         * @param descriptors at least one, each of at least one entry
         * @param hits how much each counts, from 1
         * @param then called once on the loop, during this call or later; not after {@link Question#cancel}
         */
        Question ask(List<List<Entry>> descriptors, int hits, Consumer<Reply> then);

        /** Ends the connection, if there is one. Open questions are answered with {@link Result#ERROR}. */
        @Override
        void close();
    }

    /** A question under way. */
    interface Question {
        /** Nobody waits for the answer any more. */
        void cancel();
    }

    /**
     * A part of a descriptor.
     *
     * @param key its name in the rules
     * @param value its value
     */
    record Entry(String key, String value) {}

    /** How a question ended. */
    enum Result {
        /** All descriptors are within their limits. */
        OK,
        /** At least one is not. */
        OVER_LIMIT,
        /** No answer in time. */
        TIMEOUT,
        /** No connection, or it was lost. */
        UNAVAILABLE,
        /** Too many questions wait: this one was not asked. */
        OVERFLOW,
        /** The service answered with an error, or not as it should. */
        ERROR;

        /** Whether there is no answer: then the failure mode decides. */
        public boolean failed() {
            return this != OK && this != OVER_LIMIT;
        }
    }

    /**
     * An answer.
     *
     * @param result over all descriptors
     * @param over which of the descriptors are over their limit, as bits from the first one on; meaningful with
     *     {@link Result#OVER_LIMIT}
     */
    record Reply(Result result, long over) {
        /** Whether the descriptor at {@code place} is over its limit. */
        public boolean over(int place) {
            return (over >> place & 1) != 0;
        }
    }
}
