package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ProxyConfig;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class SlowLogTest {
    private final TestConnection connection = TestConnection.any();

    @Test
    void keepsTheNewestOfEachLoopFromTheThresholdOn() {
        SinkBed bed = new SinkBed();
        for (int i = 0; i < 6; i++) {
            bed.clock.advance(Duration.ofSeconds(1));
            long rows = i;
            bed.emit(0, connection, SinkBed.GET, e -> {
                e.durationNanos = 10_000_000;
                e.rows = rows;
            });
            bed.emit(0, connection, SinkBed.GET, e -> e.durationNanos = 9_999_999);
        }
        bed.emit(1, connection, SinkBed.SET, e -> {
            e.durationNanos = 11_000_000;
            e.rows = 99;
        });

        assertThat(bed.sinks.slow().newest(100)).extracting(e -> e.rows).containsExactly(99L, 5L, 4L, 3L, 2L);
        assertThat(bed.sinks.slow().newest(2)).extracting(e -> e.rows).containsExactly(99L, 5L);
        assertThat(bed.meter("weir.slow.exchanges")).isEqualTo(7);
    }

    @Test
    void aCopyStaysWhatItIsWhenTheConnectionChanges() {
        SinkBed bed = new SinkBed();
        bed.get(connection, 50_000);
        connection.upstream = null;
        connection.cluster = "other";

        Exchange copy = bed.sinks.slow().newest(1).get(0);

        assertThat(copy.upstreamText()).isEqualTo("10.0.0.5:6379");
        assertThat(copy.clusterName()).isEqualTo("orders");
        assertThat(copy.listener()).isEqualTo("orders");
        assertThat(copy.client()).isEqualTo("10.1.1.1:50000");
        assertThat(copy.connectionId()).isEqualTo(1);
    }

    @Test
    void sizeZeroKeepsNothing() {
        SinkBed bed = new SinkBed(new ProxyConfig.SinkConfig(100, Duration.ZERO, 0), List.of());

        bed.get(connection, 50_000);

        assertThat(bed.sinks.slow().newest(10)).isEmpty();
    }

    @Test
    void readersNeverSeeHalfARecord() throws Exception {
        SinkBed bed = new SinkBed(new ProxyConfig.SinkConfig(100, Duration.ZERO, 8), List.of());
        AtomicBoolean stop = new AtomicBoolean();
        Thread loop = new Thread(() -> {
            for (long i = 0; !stop.get(); i++) {
                long value = i;
                bed.emit(0, connection, SinkBed.GET, e -> {
                    e.durationNanos = value;
                    e.rows = value;
                    e.batch = value;
                    e.attribute("value", value);
                });
            }
        });
        loop.start();
        for (int i = 0; i < 20_000; i++) {
            for (Exchange e : bed.sinks.slow().newest(8)) {
                assertThat(e.rows).isEqualTo(e.durationNanos).isEqualTo(e.batch);
                assertThat(e.attributeValue(0)).isEqualTo(e.rows);
            }
        }
        stop.set(true);
        loop.join();
    }
}
