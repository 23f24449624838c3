package dev.weir.core.net;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.net.SniffingFilter.StopListener;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Sniffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes the filters around sniffers: those of one protocol, and {@code auto_stats}, which finds out the protocol. */
final class Sniffers {
    /** The type of the filter that detects the protocol. */
    static final String AUTO = "auto_stats";
    /** Its protocol in metrics as long as none is found. */
    static final String AUTO_PROTOCOL = "auto";

    private final CoreMetrics metrics;
    /** Whether the sniffers of a listener are switched on. */
    private final Function<String, BooleanSupplier> decoding;

    Sniffers(CoreMetrics metrics, Function<String, BooleanSupplier> decoding) {
        this.metrics = metrics;
        this.decoding = decoding;
    }

    /** The sniffing filter of one protocol. */
    PerLoop<NetworkFilter> of(Protocol protocol, ConfigNode node, FilterEnvironment environment) {
        PerLoop<Sniffer> sniffers = protocol.sniffer(node, environment);
        BooleanSupplier enabled = decoding.apply(environment.listener());
        StopListener stops = stops(environment.listener(), protocol.name());
        return loop -> {
            var perConnection = sniffers.onLoop(loop);
            return connection -> new SniffingFilter(perConnection.create(connection), enabled, stops);
        };
    }

    /** The filter that asks {@code protocols} for the first bytes, and goes on with the sniffer of the one that says yes. */
    PerLoop<NetworkFilter> auto(Collection<Protocol> protocols, FilterEnvironment environment) {
        String listener = environment.listener();
        List<Candidate> candidates = new ArrayList<>();
        for (Protocol protocol : protocols) {
            ConfigErrors errors = new ConfigErrors();
            PerLoop<Sniffer> sniffers = protocol.sniffer(ConfigNode.of(Map.of(), errors), environment);
            // One that cannot do without settings is not for detection.
            if (errors.isEmpty()) {
                candidates.add(new Candidate(protocol, sniffers, stops(listener, protocol.name())));
            }
        }
        BooleanSupplier enabled = decoding.apply(listener);
        StopListener stops = stops(listener, AUTO_PROTOCOL);
        return loop -> {
            Detector detector = new Detector(List.copyOf(candidates), loop, enabled, stops);
            return connection -> new AutoStats(detector, connection);
        };
    }

    private StopListener stops(String listener, String protocol) {
        return (outcome, reason, cause) -> {
            metrics.sniffing(listener, protocol, outcome, reason).increment();
            if (cause != null) {
                metrics.snifferFailed(listener, protocol, cause);
            }
        };
    }

    /** A protocol that may be detected. */
    record Candidate(Protocol protocol, PerLoop<Sniffer> sniffers, StopListener stops) {}

    /** What the {@code auto_stats} filters of one loop share. */
    static final class Detector {
        final List<Candidate> candidates;
        final BooleanSupplier enabled;
        final StopListener stops;
        private final LoopEnvironment loop;
        /** Made when a protocol is detected for the first time. */
        private final PerLoop.@Nullable PerConnection<Sniffer>[] resolved;

        @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type
        Detector(List<Candidate> candidates, LoopEnvironment loop, BooleanSupplier enabled, StopListener stops) {
            this.candidates = candidates;
            this.loop = loop;
            this.enabled = enabled;
            this.stops = stops;
            this.resolved = new PerLoop.PerConnection[candidates.size()];
        }

        SniffingFilter sniffing(int candidate, Connection connection) {
            Candidate found = candidates.get(candidate);
            PerLoop.PerConnection<Sniffer> perConnection = resolved[candidate];
            if (perConnection == null) {
                perConnection = found.sniffers().onLoop(loop);
                resolved[candidate] = perConnection;
            }
            return new SniffingFilter(perConnection.create(connection), enabled, found.stops());
        }
    }
}
