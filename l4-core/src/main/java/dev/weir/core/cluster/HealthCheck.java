package dev.weir.core.cluster;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;

/**
 * A way to ask an endpoint whether it serves. Found by {@link java.util.ServiceLoader}, one object per proxy, without state. When, how often
 * and how many results count is the core's business.
 */
public interface HealthCheck {
    /** The name after {@code health_check: { type: …}}. */
    String type();

    /**
     * Reads its own keys of {@code health_check} and reports problems. Called once per cluster and configuration, off the event loops, also
     * by {@code weir check}.
     */
    Probe configure(ConfigNode node);

    /** Asks. One per cluster; called on event loops, several at a time. */
    @FunctionalInterface
    interface Probe {
        /**
         * Asks once. Must not block or throw; the future succeeds with what was found. The core waits no longer than
         * {@link Target#timeout}, and what the probe has opened it has to close by then itself.
         */
        Future<Health> check(Target target);
    }

    /** Whom to ask, and how to get there. Valid until the answer. */
    interface Target {
        /** The loop to work on; the running one. */
        EventLoop loop();

        /** The address, as configured or discovered. */
        Address address();

        /** For all of the check. */
        Duration timeout();

        /**
         * Connects to it on {@link #loop}, with the settings of the cluster; the channel reads by itself, and is the caller's to close.
         * These connections are not counted as those of clients.
         */
        ChannelFuture connect(ChannelHandler handler);
    }

    /**
     * What was found.
     *
     * @param healthy whether it serves
     * @param reason why not, for people; empty if it does. Kept as one line of at most 300 characters, as servers say parts of it
     */
    record Health(boolean healthy, String reason) {
        private static final int LONGEST = 300;

        /** It serves. */
        public static final Health OK = new Health(true, "");

        /** Cuts the reason, and takes out what would disturb a line of a log. */
        public Health {
            String line = (reason.length() > 4 * LONGEST ? reason.substring(0, 4 * LONGEST) : reason)
                    .replaceAll("\\p{Cntrl}", " ")
                    .strip();
            reason = line.length() <= LONGEST ? line : line.substring(0, LONGEST - 1) + "…";
        }

        /** It does not. */
        public static Health no(String reason) {
            return new Health(false, reason);
        }
    }
}
