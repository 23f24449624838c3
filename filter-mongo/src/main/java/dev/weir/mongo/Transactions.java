package dev.weir.mongo;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Open transactions, by session and number: their statements may come on any connection. Of all loops of a listener,
 * without a lock, like {@link Cursors}.
 */
final class Transactions {
    private static final int SIZE = 4_096;
    private static final int PROBES = 4;
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    /** One that is open. */
    static final class Open {
        private static final AtomicIntegerFieldUpdater<Open> STATEMENTS =
                AtomicIntegerFieldUpdater.newUpdater(Open.class, "statements");

        final long id;
        /** When its first statement was seen. */
        final long began;

        private volatile int statements = 1;

        Open(long id, long began) {
            this.id = id;
            this.began = began;
        }

        int statements() {
            return statements;
        }

        void statement() {
            STATEMENTS.incrementAndGet(this);
        }
    }

    private final AtomicReferenceArray<@Nullable Open> places = new AtomicReferenceArray<>(SIZE);

    private static int place(long id) {
        return (int) (id * SPREAD >>> 32) & SIZE - 1;
    }

    /** One number for session and number of a transaction. */
    static long id(long high, long low, long number) {
        long id = (high * SPREAD ^ low) * SPREAD ^ number;
        return (id ^ id >>> 29) * SPREAD;
    }

    void begin(long id, long now) {
        int first = place(id);
        int chosen = first + (int) (id & PROBES - 1) & SIZE - 1;
        for (int i = 0; i < PROBES; i++) {
            Open there = places.getAcquire(first + i & SIZE - 1);
            if (there == null || there.id == id) {
                chosen = first + i & SIZE - 1;
                break;
            }
        }
        places.setRelease(chosen, new Open(id, now));
    }

    @Nullable
    Open find(long id) {
        int first = place(id);
        for (int i = 0; i < PROBES; i++) {
            Open open = places.getAcquire(first + i & SIZE - 1);
            if (open != null && open.id == id) {
                return open;
            }
        }
        return null;
    }

    void end(Open open) {
        int first = place(open.id);
        for (int i = 0; i < PROBES; i++) {
            places.compareAndSet(first + i & SIZE - 1, open, null);
        }
    }
}
