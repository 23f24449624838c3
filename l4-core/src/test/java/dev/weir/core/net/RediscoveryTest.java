package dev.weir.core.net;

import static dev.weir.core.net.Sockets.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.Discovery;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RediscoveryTest {
    private final ClusterThread thread = new ClusterThread();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Rediscovery rediscovery = new Rediscovery(thread, new ClusterMetrics(meters, "c"));
    /** When it was asked for, in nanoseconds. */
    private final List<Long> asked = new CopyOnWriteArrayList<>();

    private final Discovery.Search search = new Discovery.Search() {
        @Override
        public void close() {}

        @Override
        public void again() {
            asked.add(System.nanoTime());
        }
    };

    @AfterEach
    void close() {
        thread.close();
    }

    @Test
    void asksOnceForAllWhoWishItWithinASecond() {
        rediscovery.of(search);

        for (int i = 0; i < 1_000; i++) {
            rediscovery.ask();
        }
        assertThat(eventually(() -> !asked.isEmpty())).isTrue();
        rediscovery.ask();

        // The wish of meanwhile is not lost.
        assertThat(eventually(() -> asked.size() >= 2)).isTrue();
        assertThat(asked.get(1) - asked.get(0)).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(999));
        assertThat(meters.get("weir_cluster_rediscoveries").counter().count()).isEqualTo(asked.size());
    }

    @Test
    void asksNobodyBeforeItBeginsAndAfterItsEnd() {
        AtomicBoolean open = new AtomicBoolean();
        AtomicBoolean past = new AtomicBoolean();
        rediscovery.ask();
        rediscovery.of(search);
        thread.execute(() -> eventually(open::get));

        rediscovery.ask();
        rediscovery.end();
        open.set(true);
        thread.execute(() -> past.set(true));

        assertThat(eventually(past::get)).isTrue();
        assertThat(asked).isEmpty();
    }
}
