package dev.weir.core.protocol;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.DurationFamily;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A wire protocol, found by {@link java.util.ServiceLoader}. One stateless object per proxy, whose methods may be called
 * on any thread, several at a time. {@code weir sniff}, {@code auto_stats} and the command gate work with every protocol
 * that is registered. No two may share a name or a filter type.
 */
public interface Protocol {
    /** The name in exchanges, on the command line and in configurations: {@code redis}. */
    String name();

    /** Other names {@code weir sniff} takes, for example {@code valkey}. */
    default List<String> aliases() {
        return List.of();
    }

    /** The type of the sniffing filter: {@code redis_stats}. */
    String statsFilter();

    /**
     * The value of the label {@code db_system_name} for a {@code protocol} that exchanges of this one carry (OpenTelemetry
     * has a list); the empty text keeps them out of the exported histogram.
     */
    default String systemName(String protocol) {
        return protocol;
    }

    /** The histogram that the durations of its exchanges are exported as. */
    default DurationFamily durations() {
        return DurationFamily.DB_CLIENT;
    }

    /** The port servers of this protocol usually have, for the text of examples and help. */
    int defaultPort();

    /**
     * Reads the configuration of the sniffing filter. Same guarantees as
     * {@link dev.weir.core.filter.FilterFactory#configure}. Settings that show what may be personal data are called alike
     * everywhere and off by default: {@code keys}, {@code statements}; {@code weir sniff --keys} sets {@code keys: true}.
     * {@code auto_stats} configures it without any setting, and leaves protocols out that cannot do without.
     */
    PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment);

    /**
     * Whether the first bytes of a connection in {@code direction} are this protocol's. {@code auto_stats} starts the
     * sniffer of the first protocol (by name) that says yes in either direction; no in one direction rules a protocol out
     * for the connection. Pure; reads from the reader index
     * without moving it. Called on event loops; after {@link Detection#MORE} again, with more behind the same bytes, so it
     * must come to an answer within the first few hundred bytes.
     */
    Detection detect(Direction direction, ByteBuf first);

    /** What there is to know about its single commands, or null if it has no {@link #framer}. Off the event loops. */
    default @Nullable CommandSet commands() {
        return null;
    }

    /**
     * What an error that a server answered with says of that server: {@link Endpoint.Outcome#FAILURE} if it cannot serve now, whoever asks
     * for whatever (it starts, it ends, it is full); {@link Endpoint.Outcome#WRONG_ROLE} if it is not the one to ask (any more);
     * {@link Endpoint.Outcome#SUCCESS} for all others, and always for what a client can bring about by what it asks for: nobody is to be
     * able to have a server taken out. Called on event loops, once per error.
     *
     * @param error what exchanges of this protocol carry as their error
     */
    default Endpoint.Outcome outcome(String error) {
        return Endpoint.Outcome.SUCCESS;
    }

    /**
     * A framer for one connection, or null if this protocol cannot be cut into single commands (then always null). Called
     * once per connection and gate, on its loop.
     *
     * @param inflaters those of the loop, for protocols that compress commands
     */
    default @Nullable CommandFramer framer(Connection connection, Inflaters inflaters) {
        return null;
    }
}
