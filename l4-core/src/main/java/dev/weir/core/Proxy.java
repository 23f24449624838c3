package dev.weir.core;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.ExchangeSink;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.filter.WireClock;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A running proxy (being built). */
public final class Proxy implements AutoCloseable {
    public record ListenerStatus(
            String name,
            Address address,
            List<String> filters,
            int connectionsActive,
            long connectionsTotal,
            long bytesFromClients,
            long bytesToClients,
            boolean accepting,
            boolean decoding) {}

    public record ClusterStatus(String name, String loadBalancing, List<EndpointStatus> endpoints) {}

    public record EndpointStatus(
            String address, int weight, int connectionsActive, long connects, long connectFailures) {}

    public static Builder builder() {
        return new Builder();
    }

    public static final class Builder {
        public Builder meters(MeterRegistry meters) {
            throw new UnsupportedOperationException();
        }

        public Builder clock(WireClock clock) {
            throw new UnsupportedOperationException();
        }

        /** Adds a sink of exchanges (an access log, standard output). */
        public Builder sink(ExchangeSink.Factory sink) {
            throw new UnsupportedOperationException();
        }

        /** Where factories and protocols are searched; default: the class loader of this class. */
        public Builder classLoader(ClassLoader loader) {
            throw new UnsupportedOperationException();
        }

        /** Process settings (event loops, transport, sinks) come from {@code config}; nothing is started yet. */
        public Proxy build(ProxyConfig config) {
            throw new UnsupportedOperationException();
        }
    }

    /** Starts, or replaces, the configuration; throws ConfigException or IllegalStateException (bind), changing nothing. */
    public void apply(ProxyConfig config) {
        throw new UnsupportedOperationException();
    }

    /** Finds all problems that applying would find, without starting anything. */
    public static void check(ProxyConfig config, ConfigErrors errors, ClassLoader loader) {
        throw new UnsupportedOperationException();
    }

    public @Nullable ProxyConfig config() {
        throw new UnsupportedOperationException();
    }

    /** The address a listener is bound to. */
    public Address address(String listener) {
        throw new UnsupportedOperationException();
    }

    public List<ListenerStatus> listeners() {
        throw new UnsupportedOperationException();
    }

    public List<ClusterStatus> clusters() {
        throw new UnsupportedOperationException();
    }

    public ExchangeSinks exchanges() {
        throw new UnsupportedOperationException();
    }

    /** Switches the sniffers of a listener on or off; false if there is no such listener. */
    public boolean decode(String listener, boolean enabled) {
        throw new UnsupportedOperationException();
    }

    /** Stops accepting and lets connections finish; completes when all are closed (at the latest after the drain timeout). */
    public CompletableFuture<Void> drain() {
        throw new UnsupportedOperationException();
    }

    public boolean draining() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
