package dev.weir.core.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenBucketTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLI = 1_000_000L;

    private static TokenBucket bucket(String rate, long burst, long now) {
        return new TokenBucket(new BucketShape(Rate.parse(rate), burst), now);
    }

    private static int takeAll(TokenBucket bucket, long now) {
        int taken = 0;
        while (bucket.take(now, 0) == 0) {
            taken++;
        }
        return taken;
    }

    @Test
    void givesItsBurstAtOnceAndThenTheRate() {
        TokenBucket bucket = bucket("100/s", 20, 0);

        assertThat(takeAll(bucket, 0)).isEqualTo(20);
        assertThat(takeAll(bucket, 10 * MILLI - 1)).isZero();
        assertThat(takeAll(bucket, 10 * MILLI)).isEqualTo(1);
        assertThat(takeAll(bucket, 110 * MILLI)).isEqualTo(10);
        assertThat(takeAll(bucket, 3_600 * SECOND)).isEqualTo(20);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5 * SECOND, Long.MAX_VALUE - MILLI, Long.MIN_VALUE, (1L << 57) - MILLI})
    void doesNotMindWhereTheClockBegins(long origin) {
        TokenBucket bucket = bucket("100/s", 2, origin);

        assertThat(takeAll(bucket, origin)).isEqualTo(2);
        assertThat(takeAll(bucket, origin + 20 * MILLI)).isEqualTo(2);
        assertThat(takeAll(bucket, origin + 25 * MILLI)).isZero();
    }

    @Test
    void tellsHowLongToWaitAndReservesTheToken() {
        TokenBucket bucket = bucket("10/s", 1, 0);

        assertThat(bucket.take(0, 250 * MILLI)).isZero();
        assertThat(bucket.take(0, 250 * MILLI)).isBetween(100 * MILLI, 100 * MILLI + 1);
        assertThat(bucket.take(0, 250 * MILLI)).isBetween(200 * MILLI, 200 * MILLI + 1);
        assertThat(bucket.take(0, 250 * MILLI)).isEqualTo(TokenBucket.REFUSED);
        assertThat(bucket.take(60 * MILLI, 250 * MILLI)).isBetween(240 * MILLI, 240 * MILLI + 1);
    }

    @Test
    void whatIsGivenBackCanBeTakenAgain() {
        TokenBucket bucket = bucket("1/h", 2, 0);
        takeAll(bucket, 0);

        bucket.giveBack();

        assertThat(takeAll(bucket, 0)).isEqualTo(1);
    }

    @Test
    void isFullWhenAllTimeHasCome() {
        TokenBucket bucket = bucket("10/s", 5, 0);
        assertThat(bucket.full(0)).isTrue();
        takeAll(bucket, 0);

        assertThat(bucket.full(500 * MILLI - 1)).isFalse();
        assertThat(bucket.full(500 * MILLI)).isTrue();
    }

    /** Against the definition: a count of tokens that grows with time, up to the burst. In tenths of a millisecond. */
    @Test
    void agreesWithABucketOfTokensOverRandomCalls() {
        Random random = new Random(6);
        for (int run = 0; run < 300; run++) {
            int perSecond = new int[] {1, 2, 5, 10, 100, 1_000, 10_000}[random.nextInt(7)];
            int burst = 1 + random.nextInt(30);
            TokenBucket bucket = bucket(perSecond + "/s", burst, 0);
            long ticks = 0;
            long last = 0;
            // One token is worth 10,000 / perSecond ticks.
            long price = 10_000 / perSecond;
            long saved = burst * price;
            for (int i = 0; i < 300; i++) {
                ticks += random.nextInt(4) == 0 ? random.nextInt((int) (3 * price) + 1) : 0;
                saved = Math.min(burst * price, saved + ticks - last);
                last = ticks;
                boolean expected = saved >= price;
                saved -= expected ? price : 0;

                assertThat(bucket.has(ticks * 100_000))
                        .as("run %d, call %d", run, i)
                        .isEqualTo(expected);
                assertThat(bucket.take(ticks * 100_000, 0) == 0)
                        .as("run %d, call %d", run, i)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void ratesThatDoNotDivideASecondAreKept() {
        TokenBucket bucket = bucket("999983/s", 1, 0);
        long taken = 0;
        for (long now = 0; now <= SECOND; now += 200) {
            taken += bucket.take(now, 0) == 0 ? 1 : 0;
        }

        // Asked each 200 ns, a token that comes every 1000.017 ns is found within the next 200.
        assertThat(taken).isBetween(833_000L, 999_984L + 9);
    }

    /** Threads as event loops are: each with a time of its own that is a little late, all taking what they can. */
    @Test
    void threadsTogetherTakeExactlyBurstAndRate() throws Exception {
        int threads = 4;
        int burst = 1_000;
        long end = 2 * SECOND;
        TokenBucket bucket = bucket("100000/s", burst, 0);
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Callable<Long>> loops = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                Random random = new Random(i);
                loops.add(() -> {
                    start.await();
                    long taken = 0;
                    // In steps far below the time in which the bucket fills, so that nothing is lost to its rim.
                    for (long now = 0; now < end; now += random.nextInt(20_000)) {
                        taken += takeAll(bucket, now);
                    }
                    return taken + takeAll(bucket, end);
                });
            }
            long taken = 0;
            for (Future<Long> loop : pool.invokeAll(loops)) {
                taken += loop.get();
            }

            assertThat(taken).isEqualTo(200_000 + burst);
        } finally {
            pool.shutdownNow();
        }
    }
}
