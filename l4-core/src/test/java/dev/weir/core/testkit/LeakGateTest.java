package dev.weir.core.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.ResourceLeakTracker;
import org.junit.jupiter.api.Test;

class LeakGateTest {
    private final LeakGate gate = new LeakGate();
    private final LeakDetector<Object> detector = gate.detector(Object.class, 1);

    @Test
    void findsWhatWasDroppedWithoutRelease() {
        drop();

        assertThat(gate.collect()).singleElement().asString().contains("was not released");
    }

    @Test
    void staysSilentAboutWhatWasReleased() {
        Object resource = new Object();
        ResourceLeakTracker<Object> tracker = detector.track(resource);
        tracker.close(resource);

        assertThat(gate.collect()).isEmpty();
    }

    /** In a method of its own, so that no local variable keeps the resource alive. */
    private void drop() {
        detector.track(new Object()).record();
    }
}
