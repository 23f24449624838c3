package dev.weir.core.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.ratelimit.BucketTable.Tracked;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class BucketTableTest {
    private static final long SECOND = 1_000_000_000L;

    private static BucketTable table(int places) {
        return new BucketTable(new BucketShape(Rate.parse("1/s"), 2), places, 0);
    }

    @Test
    void connectionsOfOneKeyShareABucket() {
        BucketTable table = table(10);

        Tracked first = table.acquire("a", 0);

        assertThat(table.acquire("a", 0)).isSameAs(first);
        assertThat(table.acquire("b", 0)).isNotSameAs(first);
        assertThat(table.size()).isEqualTo(2);
    }

    @Test
    void reconnectingDoesNotBringNewTokens() {
        BucketTable table = table(10);
        Tracked first = table.acquire("a", 0);
        first.bucket.take(0, 0);
        first.bucket.take(0, 0);
        table.release(first);

        assertThat(table.acquire("a", 0).bucket.take(0, 0)).isEqualTo(TokenBucket.REFUSED);
    }

    @Test
    void forgetsOnlyBucketsThatAreUnusedAndFull() {
        BucketTable table = table(3);
        table.acquire("used", 0);
        Tracked empty = table.acquire("empty", 0);
        empty.bucket.take(0, 0);
        table.release(empty);
        table.release(table.acquire("full", 0));

        Tracked fourth = table.acquire("fourth", 0);

        assertThat(fourth.overflow()).isFalse();
        assertThat(table.size()).isEqualTo(3);
        assertThat(table.acquire("fifth", 0).overflow()).isTrue();
        assertThat(table.acquire("fifth", SECOND).overflow()).isFalse();
        assertThat(table.acquire("empty", SECOND).overflow()).isTrue();
    }

    @Test
    void whoFindsNoPlaceSharesOneBucket() {
        BucketTable table = table(1);
        table.acquire("a", 0);

        Tracked b = table.acquire("b", 0);
        Tracked c = table.acquire("c", 0);
        table.release(b);

        assertThat(c).isSameAs(b);
        assertThat(b.bucket.take(0, 0)).isZero();
        assertThat(c.bucket.take(0, 0)).isZero();
        assertThat(table.acquire("d", 0).bucket.take(0, 0)).isEqualTo(TokenBucket.REFUSED);
        assertThat(table.size()).isEqualTo(1);
    }

    @Test
    void namesOfAnyLengthTakeNoMemory() {
        BucketTable table = table(10);

        assertThat(table.acquire("x".repeat(BucketTable.MAX_KEY + 1), 0).overflow())
                .isTrue();
        assertThat(table.size()).isZero();
    }

    @Test
    void oneBucketThatIsNotFullDoesNotHideTheOthers() {
        BucketTable table = table(20);
        for (int i = 0; i < 20; i++) {
            Tracked tracked = table.acquire("k" + i, 0);
            if (i < 10) {
                tracked.bucket.take(0, 0);
            }
            table.release(tracked);
        }

        // The first try looks at some that are not full, the second one goes on behind them.
        assertThat(table.acquire("x", 0).overflow()).isTrue();
        assertThat(table.acquire("x", 0).overflow()).isFalse();
    }

    @Test
    void staysWithinItsPlacesWhateverThreadsDo() throws Exception {
        BucketTable table = table(50);
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            List<Callable<Integer>> loops = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                int thread = t;
                loops.add(() -> {
                    int most = 0;
                    for (int i = 0; i < 20_000; i++) {
                        Tracked tracked = table.acquire("k" + (i * 7 + thread) % 200, i);
                        most = Math.max(most, table.size());
                        table.release(tracked);
                    }
                    return most;
                });
            }
            for (Future<Integer> loop : pool.invokeAll(loops)) {
                assertThat(loop.get()).isLessThanOrEqualTo(50);
            }
            for (int i = 0; i < 50; i++) {
                assertThat(table.acquire("new" + i, 20_000).overflow()).isFalse();
            }
        } finally {
            pool.shutdownNow();
        }
    }
}
