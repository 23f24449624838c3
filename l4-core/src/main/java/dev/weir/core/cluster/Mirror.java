package dev.weir.core.cluster;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import dev.weir.core.filter.FilterEnvironment;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Sends copies of requests to a second cluster. Nobody waits for it: answers are read and thrown away, a copy that cannot be made, fails or lags is
 * counted and given up. How many there are is bounded by that cluster's {@code circuit_breakers}, what each holds by {@code max_buffer}. One per
 * configured terminal; from any thread.
 */
public final class Mirror {
    /** What became of a copy. */
    enum Result {
        OPENED,
        REFUSED,
        FAILED,
        LAGGED
    }

    private static final long ALL = 1_000_000;

    private final Cluster cluster;
    private final long share;
    private final long maxBuffer;
    private final Counter[] results;
    private final Counter bytes;

    private Mirror(Cluster cluster, double percent, long maxBuffer, MeterRegistry meters) {
        this.cluster = cluster;
        this.share = Math.round(percent * ALL / 100);
        this.maxBuffer = maxBuffer;
        this.results = new Counter[Result.values().length];
        for (Result result : Result.values()) {
            results[result.ordinal()] = Counter.builder("weir_mirror_connections")
                    .description("Copies of connections to a second cluster, by what became of them")
                    .tags("cluster", cluster.name(), "result", result.name().toLowerCase(java.util.Locale.ROOT))
                    .register(meters);
        }
        this.bytes = Counter.builder("weir_mirror_bytes")
                .description("Bytes handed to copies of connections")
                .tag("cluster", cluster.name())
                .register(meters);
    }

    /** Reads {@code mirror: { cluster, percent, max_buffer }} and reports problems. */
    public static Mirror configure(ConfigNode node, FilterEnvironment environment) {
        Cluster cluster = environment.cluster(node, "cluster");
        double percent = node.number("percent", 100, 0, 100);
        long buffer = node.size("max_buffer", 256 << 10);
        if (buffer < 1 << 10 || buffer > 1 << 30) {
            node.error("max_buffer", Units.format(buffer) + " (expected: 1KiB..1GiB)");
        }
        node.rejectUnknown();
        return new Mirror(cluster, percent, buffer, environment.meters());
    }

    /** Whether this connection, or exchange, is one of the {@code percent}. */
    public boolean chosen() {
        return share >= ALL || ThreadLocalRandom.current().nextLong(ALL) < share;
    }

    /**
     * Opens a copy. To be used on {@code loop}, and to be ended by {@link Copy#end}.
     *
     * @param hash for clusters that hash
     * @return null if the cluster has no place for it
     */
    public @Nullable Copy open(EventLoop loop, long hash) {
        Endpoint endpoint = cluster.pickToConnect(hash, 0, Exclusions.NONE);
        if (endpoint == null) {
            count(Result.REFUSED);
            return null;
        }
        MirrorChannel channel = new MirrorChannel(this, maxBuffer);
        try {
            ChannelFuture connecting = endpoint.connect(loop, channel);
            if (connecting == null) {
                count(Result.REFUSED);
                return null;
            }
            channel.connecting(connecting, endpoint);
        } catch (ChannelException noSocket) {
            count(Result.FAILED);
            return null;
        }
        return channel;
    }

    void count(Result result) {
        results[result.ordinal()].increment();
    }

    void sent(int length) {
        bytes.increment(length);
    }

    /** A connection to the second cluster. On its loop only. */
    public interface Copy {
        /** Sends lent bytes, soon: they are kept, not copied, so nobody may change them afterwards. Nothing happens once it is given up. */
        void send(ByteBuf data);

        /** Writes what was sent to the socket. */
        void flush();

        /** There is no more: what was sent goes out, and the connection ends. */
        void end();

        /** Whether it goes on. Once not, it never does again. */
        boolean isOpen();
    }
}
