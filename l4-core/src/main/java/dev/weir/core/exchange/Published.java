package dev.weir.core.exchange;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;

/**
 * The number of exchanges of one event loop, written after all that the default sinks have noted of each: who
 * reads it sees those notes, too. So the notes themselves are plain stores, which the compiler may
 * combine and reorder.
 */
final class Published {
    private static final VarHandle COUNT;

    static {
        try {
            COUNT = MethodHandles.lookup().findVarHandle(Published.class, "count", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private long count;

    /** On the loop, after each exchange. */
    void publish() {
        COUNT.setRelease(this, count + 1);
    }

    /** What the loop has published. From any thread, before it reads anything else. */
    long acquire() {
        return (long) COUNT.getAcquire(this);
    }

    /** The same for all loops: the number of their exchanges. */
    static long acquire(List<Published> loops) {
        long sum = 0;
        for (Published loop : loops) {
            sum += loop.acquire();
        }
        return sum;
    }
}
