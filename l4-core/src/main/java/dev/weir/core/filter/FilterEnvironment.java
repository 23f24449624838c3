package dev.weir.core.filter;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.HotKeys;
import dev.weir.core.protocol.Protocol;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Collection;

/** What a factory may ask of the process while it configures a filter. */
public interface FilterEnvironment {
    /** Name of the listener the filter belongs to. */
    String listener();

    /** Where meters are registered; never Micrometer's global registry. */
    MeterRegistry meters();

    /** The clock. */
    WireClock clock();

    /**
     * The cluster that the key {@code key} of {@code config} names. An unknown name is reported at that key;
     * then the answer is an empty cluster, which never offers an endpoint.
     */
    Cluster cluster(ConfigNode config, String key);

    /** All protocols that are installed. */
    Collection<Protocol> protocols();

    /** The tables of hot keys. */
    HotKeys hotKeys();

    /** Closes {@code resource} when the configuration generation ends. */
    void onClose(AutoCloseable resource);
}
