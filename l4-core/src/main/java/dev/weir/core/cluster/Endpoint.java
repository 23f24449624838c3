package dev.weir.core.cluster;

import dev.weir.core.config.Address;
import dev.weir.core.filter.Connection;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One server of a cluster. All methods may be called from any thread. */
public interface Endpoint {
    /** How a connection or an exchange with an endpoint went. */
    enum Outcome {
        /** It answered; or was connected, where nothing more is known. */
        SUCCESS,
        /** The connection was refused, reset or could not be made. */
        CONNECT_FAILED,
        /** It did not answer in time. */
        TIMEOUT,
        /** It answered that it cannot serve (by an error that the protocol chooses), or took a connection and ended it without a word. */
        FAILURE,
        /**
         * It answered that it is not what it was asked for, as a primary that has become a replica: it serves, and is not held to have
         * failed, but the cluster's discovery is asked again.
         */
        WRONG_ROLE
    }

    /** Its address as configured. */
    Address address();

    /** What it is called in the configuration: hash policies hash this in place of the address. Null if it has no name. */
    default @Nullable String name() {
        return null;
    }

    /** Its share among the others, 1…1,000,000. */
    int weight();

    /**
     * What else is known of it, by its discovery or the configuration. {@code role} is {@code replica} for the copy of another endpoint:
     * hash policies leave it out beside endpoints that have keys of their own. {@code shard} says whose keys it has; where that is also its
     * name, hash policies hash over shards: one endpoint of each, also of those that fail their checks, and try no other, as nobody else
     * has their keys.
     */
    default Map<String, String> metadata() {
        return Map.of();
    }

    /**
     * Connects from {@code loop}; the channel lives on that loop, does not read until told to ({@code autoRead}
     * off), and {@code initializer} is added to its pipeline before the connection attempt. Host names are
     * resolved without blocking. The attempt fails after the cluster's connect timeout.
     *
     * @return null if a limit of the cluster or of the endpoint is reached, which is counted: also after {@link Cluster#pickToConnect}, if
     *     others were faster
     */
    @Nullable
    ChannelFuture connect(EventLoop loop, ChannelHandler initializer);

    /**
     * Connects on behalf of one client and from its loop, for nobody else's bytes: where the cluster begins its connections with a
     * PROXY protocol header, this one tells the client's address. Otherwise as {@link #connect(EventLoop, ChannelHandler)}.
     */
    default @Nullable ChannelFuture connect(Connection client, ChannelHandler initializer) {
        return connect(client.loop(), initializer);
    }

    /**
     * Tells how it went; feeds limits, outlier detection and least-request.
     *
     * @param micros how long it took, or -1
     */
    void done(Outcome outcome, long micros);

    /** Connections open at this moment, from all loops. */
    int activeConnections();

    /** Connections that were made. */
    long connects();

    /** Connection attempts that failed. */
    long connectFailures();
}
