package dev.weir.core.testkit;

import io.netty.util.ResourceLeakDetector;
import java.util.function.Consumer;

/**
 * Netty's leak detector, which also hands each finding to the {@link LeakGate}. Reports even where logging is off: the
 * original forgets leaks that nobody would read.
 *
 * @param <T> the kind of resource that is tracked
 */
final class LeakDetector<T> extends ResourceLeakDetector<T> {
    private final Consumer<String> findings;

    LeakDetector(Class<?> resourceType, int samplingInterval, Consumer<String> findings) {
        super(resourceType, samplingInterval);
        this.findings = findings;
    }

    @Override
    protected boolean needReport() {
        return true;
    }

    @Override
    protected void reportTracedLeak(String resourceType, String records) {
        findings.accept(resourceType + " was not released before it was garbage-collected." + records);
    }

    @Override
    protected void reportUntracedLeak(String resourceType) {
        findings.accept(resourceType + " was not released before it was garbage-collected; no access recorded.");
    }

    /** Lets the detector look at what the garbage collector found: it does so only when something new is tracked. */
    @SuppressWarnings("unchecked") // The type of what is tracked does not matter to the detector.
    void poll() {
        Object probe = new Object();
        var tracker = track((T) probe);
        if (tracker != null) {
            tracker.close((T) probe);
        }
    }
}
