package dev.weir.proxy;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Meters of the process. Those of the JVM cost memory and time, so they begin when somebody scrapes. */
final class ProcessMetrics implements AutoCloseable {
    private final MeterRegistry meters;
    private final Counter applied;
    private final Counter rejected;
    private final AtomicBoolean bound = new AtomicBoolean();
    private volatile double loadedSeconds;
    private volatile boolean lastReload = true;
    private @Nullable JvmGcMetrics gc;

    ProcessMetrics(MeterRegistry meters) {
        this.meters = meters;
        this.applied = reloads("applied");
        this.rejected = reloads("rejected");
        Gauge.builder("weir.build.info", () -> 1)
                .description("Always 1; the label is the version.")
                .tag("version", Version.text())
                .register(meters);
        Gauge.builder("weir.config.last.reload.successful", () -> lastReload ? 1 : 0)
                .description("1 unless the last attempt to replace the configuration failed.")
                .register(meters);
        Gauge.builder("weir.config.loaded.timestamp.seconds", () -> loadedSeconds)
                .description("When the running configuration was loaded, in seconds since 1970.")
                .register(meters);
    }

    private Counter reloads(String result) {
        return Counter.builder("weir.config.reloads")
                .description("Attempts to replace the configuration.")
                .tag("result", result)
                .register(meters);
    }

    /** A configuration runs. */
    void loaded() {
        loadedSeconds = System.currentTimeMillis() / 1_000.0;
    }

    void reload(boolean success) {
        lastReload = success;
        (success ? applied : rejected).increment();
    }

    /** Adds the meters of the JVM, once. */
    void bind() {
        if (bound.compareAndSet(false, true)) {
            new JvmMemoryMetrics().bindTo(meters);
            new JvmThreadMetrics().bindTo(meters);
            new ProcessorMetrics().bindTo(meters);
            new UptimeMetrics().bindTo(meters);
            new FileDescriptorMetrics().bindTo(meters);
            JvmGcMetrics collections = new JvmGcMetrics();
            collections.bindTo(meters);
            gc = collections;
        }
    }

    @Override
    public void close() {
        if (gc != null) {
            gc.close();
        }
    }
}
