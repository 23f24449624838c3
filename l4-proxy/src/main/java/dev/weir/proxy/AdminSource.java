package dev.weir.proxy;

import dev.weir.core.Proxy;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.filter.WireClock;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What the admin server shows and may change. Called on its thread: nothing here may block for long. */
interface AdminSource {
    /** Version of the program. */
    String version();

    List<Proxy.ListenerStatus> listeners();

    List<Proxy.ClusterStatus> clusters();

    Proxy.OverloadStatus overload();

    ExchangeSinks exchanges();

    WireClock clock();

    /** Everything that {@code /metrics} shows. */
    PrometheusRegistry metrics();

    /** Plain Java values of the running configuration, with its secrets. */
    @Nullable
    Object config();

    /** Whether the listeners listen. */
    boolean started();

    boolean draining();

    /** Begins to drain; no effect the second time. */
    void drain();

    /** Switches the sniffers of a listener; false if there is no such listener. */
    boolean decode(String listener, boolean enabled);

    /** Reads the configuration file anew, on another thread; null if there is no file. */
    @Nullable
    CompletableFuture<ReloadOutcome> reload();

    /** What came of the last reload, or null if there was none. */
    @Nullable
    LastReload lastReload();

    /**
     * The last reload.
     *
     * @param at when it ended
     * @param outcome what came of it
     */
    record LastReload(Instant at, ReloadOutcome outcome) {}

    /**
     * What came of a reload.
     *
     * @param applied whether the new configuration runs; otherwise the old one does
     * @param report what was applied, or all problems
     */
    record ReloadOutcome(boolean applied, String report) {}
}
