package dev.weir.core.filter;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.protocol.PolicyFactory;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsServer;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a factory may ask of the process while it configures a filter: to be used during
 * {@link FilterFactory#configure} and in what that returns, not on the data path.
 */
public interface FilterEnvironment {
    /** Name of the listener the filter belongs to. */
    String listener();

    /**
     * Where meters are registered; never Micrometer's global registry. A reload registers them again, which finds the same
     * counters; a gauge keeps the object it was first registered with, so remove it in {@link #onClose}. Tag meters with
     * {@code listener}. During a check this is a registry that nobody reads.
     */
    MeterRegistry meters();

    /** The clock of all connections. */
    WireClock clock();

    /**
     * The cluster that the key {@code key} of {@code config} names. An unknown name is reported at that key;
     * then the answer is an empty cluster, which never offers an endpoint.
     */
    Cluster cluster(ConfigNode config, String key);

    /** The cluster of this name, once the configuration is in force; null if there is none. For those that filters choose: {@link ConnectionAttribute#CLUSTER}. */
    default @Nullable Cluster cluster(String name) {
        return null;
    }

    /** All protocols that are installed, by name. */
    Collection<Protocol> protocols();

    /** All filters whose decisions about commands terminals can ask for: {@link dev.weir.core.protocol.CommandPolicies}. */
    default Collection<PolicyFactory> policies() {
        return List.of();
    }

    /**
     * All extensions of a kind that the core itself does not know, found by {@link java.util.ServiceLoader} when they are first
     * asked for: on the class path and in the jars of {@code plugins/}.
     *
     * @throws IllegalStateException if one cannot be loaded
     */
    default <T> List<T> services(Class<T> kind) {
        return List.of();
    }

    /**
     * TLS toward clients as {@code tls}, a section of the configuration, says; for filters that begin it in mid-stream ({@link
     * FilterContext#startTls}). Problems are reported there, also that no TLS is installed; then the answer is never used.
     */
    default TlsServer tlsServer(ConfigNode tls) {
        throw new UnsupportedOperationException("no TLS here");
    }

    /** The same toward upstreams. */
    default TlsClient tlsClient(ConfigNode tls) {
        throw new UnsupportedOperationException("no TLS here");
    }

    /** The tables of hot keys; recorders are opened per loop, in {@link PerLoop#onLoop}. */
    HotKeys hotKeys();

    /**
     * Closes {@code resource} when the configuration generation ends, also if it never came into force. On any thread,
     * event loops among them: it must not block. What it throws is logged.
     */
    void onClose(AutoCloseable resource);
}
