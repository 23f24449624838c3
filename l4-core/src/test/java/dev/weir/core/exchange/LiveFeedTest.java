package dev.weir.core.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LiveFeedTest {
    private final SinkBed bed = new SinkBed();
    private final TestConnection connection = TestConnection.any();

    @Test
    void showsWhatHappensAfterTheSubscription() throws Exception {
        bed.get(connection, 1);
        LiveFeed.Subscription subscription = bed.sinks.live().subscribe(10);
        bed.get(connection, 2);
        bed.get(connection, 3);

        assertThat(subscription.poll(1_000)).extracting(e -> e.durationNanos).isEqualTo(2_000L);
        assertThat(subscription.poll()).extracting(e -> e.durationNanos).isEqualTo(3_000L);
        assertThat(subscription.poll()).isNull();
        assertThat(subscription.poll(20)).isNull();
        assertThat(subscription.active()).isTrue();
    }

    @Test
    void samplesAtMostSoManyPerSecond() {
        LiveFeed.Subscription subscription = bed.sinks.live().subscribe(10_000);
        bed.clock.advance(Duration.ofSeconds(5));
        for (int i = 0; i < 1_000; i++) {
            bed.get(connection, 1);
        }
        bed.clock.advance(Duration.ofSeconds(1));
        bed.get(connection, 1);

        int seen = 0;
        while (subscription.poll() != null) {
            seen++;
        }
        assertThat(seen).isEqualTo(LiveFeed.PER_SECOND + 1);
    }

    @Test
    void dropsASlowReaderAndKeepsTheOthers() {
        LiveFeed.Subscription slow = bed.sinks.live().subscribe(3);
        LiveFeed.Subscription fast = bed.sinks.live().subscribe(100);
        for (int i = 0; i < 5; i++) {
            bed.get(connection, 1);
        }

        assertThat(slow.active()).isFalse();
        assertThat(slow.overrun()).isTrue();
        assertThat(fast.active()).isTrue();
        assertThat(bed.meter("weir.live.readers")).isEqualTo(1);
        assertThat(bed.meter("weir.live.dropped")).isEqualTo(1);
    }

    @Test
    void endsWithItsReaderOrWithTheSinks() throws Exception {
        LiveFeed.Subscription closed = bed.sinks.live().subscribe(3);
        LiveFeed.Subscription open = bed.sinks.live().subscribe(3);
        closed.close();
        bed.get(connection, 1);

        assertThat(closed.poll()).isNull();
        assertThat(closed.overrun()).isFalse();
        bed.close();
        assertThat(open.active()).isFalse();
        assertThat(open.poll(60_000)).isNotNull();
        assertThat(open.poll(60_000)).isNull();
        assertThat(bed.sinks.live().subscribe(1).active()).isFalse();
    }
}
