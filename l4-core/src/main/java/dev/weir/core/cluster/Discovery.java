package dev.weir.core.cluster;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a cluster's endpoints come from. Found by {@link java.util.ServiceLoader}, one object per proxy, without state. Treated as late and
 * lossy: see {@code docs/discovery.md}.
 */
public interface Discovery {
    /** The name after {@code discovery: { type: …}}. */
    String type();

    /**
     * Reads its own keys of {@code discovery} and reports problems. Called once per cluster and configuration, off the event loops, also by
     * {@code weir check}: it must not connect, open files or start threads.
     */
    Source configure(ConfigNode node);

    /** Finds the endpoints of one cluster. */
    @FunctionalInterface
    interface Source {
        /** Begins, once, off the event loops; must not block. What it returns tells it to ask again, and to end. */
        Search start(Context context);
    }

    /** A source that has begun. Closing ends it: no calls of the context after that. Both methods may be called on any thread and must not block. */
    @FunctionalInterface
    interface Search extends AutoCloseable {
        @Override
        void close();

        /**
         * The endpoints may have changed: a server said that it is not what it was found for (a primary that has become a replica), or one is
         * not used any more. Whoever asks from time to time asks now, whoever is told of changes need not. At most once a second, and
         * never after {@link #close}.
         */
        default void again() {}
    }

    /** What a source may ask of the proxy, and whom it tells. From any thread. */
    interface Context {
        /** Name of the cluster. */
        String cluster();

        /** A loop to work on, always the same; not to be blocked. */
        EventLoop loop();

        /** Connects on {@link #loop}, with the settings of the cluster; the channel reads by itself, and is the caller's to close. */
        ChannelFuture connect(Address address, ChannelHandler handler);

        /** Runs a task that may block (files) off the event loops, soon. */
        void background(Runnable task);

        /**
         * The endpoints there are now, all of them; others stay as long as they pass their checks. An empty list is taken for a failure: the
         * last ones stay.
         */
        void found(List<Found> endpoints);

        /**
         * The same of a source that is surer than any check: others leave at once, also if they pass theirs. A database that has become a
         * replica still answers, and must not get writes.
         */
        void foundOnly(List<Found> endpoints);

        /** Nothing could be found out; the last ones stay. {@code reason} is for people: it is logged and shown. */
        void failed(String reason);
    }

    /** Key of metadata: the host name that an address was found by. */
    String TARGET = "target";

    /** The host name that an endpoint was found by, or null. */
    static @Nullable String nameOf(Map<String, String> metadata) {
        return metadata.get(TARGET);
    }

    /**
     * An endpoint.
     *
     * @param address its address
     * @param name what hash policies hash in place of the address, or null
     * @param weight its share, 1…1,000,000
     * @param metadata what else is known of it; shown, and there for policies
     */
    record Found(Address address, @Nullable String name, int weight, Map<String, String> metadata) {
        /** Copies the map. */
        public Found {
            metadata = Map.copyOf(metadata);
        }

        /** One with an address alone. */
        public static Found of(Address address) {
            return new Found(address, null, 1, Map.of());
        }
    }
}
