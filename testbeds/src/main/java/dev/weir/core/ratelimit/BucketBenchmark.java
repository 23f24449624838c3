package dev.weir.core.ratelimit;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** A token from a bucket: by one event loop alone, by two that share it, and where there is none. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class BucketBenchmark {
    private static final Rate FAST = Rate.parse("100000000/s");
    private static final Rate SLOW = Rate.parse("1/d");

    private final TokenBucket full = new TokenBucket(new BucketShape(FAST, 1_000_000_000), 0);
    private final TokenBucket empty = new TokenBucket(new BucketShape(SLOW, 1), 0);

    /** The time of a loop, which goes on by as much as a token takes. */
    @State(Scope.Thread)
    public static class Loop {
        private long nanos;
    }

    /** One loop. */
    @Benchmark
    public long taken(Loop loop) {
        return full.take(loop.nanos += 20, 0);
    }

    /** Two loops at once, which do nothing else: the worst that can be. */
    @Benchmark
    @Threads(2)
    public long takenByTwo(Loop loop) {
        return full.take(loop.nanos += 20, 0);
    }

    /** Two loops that are refused. */
    @Benchmark
    @Threads(2)
    public long refusedToTwo(Loop loop) {
        return empty.take(1, 0);
    }
}
