package dev.weir.core.exchange;

import static java.util.Comparator.comparingLong;

import dev.weir.core.config.ProxyConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** The newest exchanges that took long; a ring per event loop. Long polls and blocking commands stay out. */
public final class SlowLog {
    private final long thresholdNanos;
    private final List<Ring> rings = new ArrayList<>();

    SlowLog(int loops, ProxyConfig.SinkConfig config) {
        this.thresholdNanos = config.slowThreshold().toNanos();
        for (int i = 0; i < loops; i++) {
            rings.add(new Ring(config.slowSize()));
        }
    }

    /** Copies of the newest slow exchanges of all loops, the newest first, at most {@code limit}. From any thread. */
    public synchronized List<Exchange> newest(int limit) {
        List<Exchange> newest = new ArrayList<>();
        rings.forEach(ring -> ring.copyTo(newest));
        newest.sort(comparingLong(SlowLog::end).reversed());
        return limit < newest.size() ? new ArrayList<>(newest.subList(0, limit)) : newest;
    }

    private static long end(Exchange e) {
        return e.startNanos + Math.max(0, e.durationNanos);
    }

    /** What takes at least this long is slow. */
    long thresholdNanos() {
        return thresholdNanos;
    }

    /** Slow exchanges so far. */
    long exchanges() {
        return rings.stream().mapToLong(ring -> Cells.get(ring.written, 0)).sum();
    }

    Ring ring(int loop) {
        return rings.get(loop);
    }

    /**
     * The ring of one loop. Whoever uses a record, loop or reader, takes it out of its place first; a reader
     * puts it back only if the loop has not put another one there. So nobody waits.
     */
    static final class Ring {
        private final AtomicReferenceArray<Exchange> places;
        private final long[] written = new long[1];
        private int next;

        Ring(int size) {
            this.places = new AtomicReferenceArray<>(size);
        }

        void add(Exchange e) {
            Cells.addOpaque(written, 0, 1);
            if (places.length() == 0) {
                return;
            }
            Exchange copy = places.getAndSet(next, null);
            if (copy == null) {
                copy = new Exchange();
            }
            copy.copyFrom(e);
            places.set(next, copy);
            next = next + 1 == places.length() ? 0 : next + 1;
        }

        private void copyTo(List<Exchange> copies) {
            for (int i = 0; i < places.length(); i++) {
                Exchange e = places.getAndSet(i, null);
                if (e != null) {
                    Exchange copy = new Exchange();
                    copy.copyFrom(e);
                    copies.add(copy);
                    places.compareAndSet(i, null, e);
                }
            }
        }
    }
}
