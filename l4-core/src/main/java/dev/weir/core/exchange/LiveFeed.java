package dev.weir.core.exchange;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Exchanges as they happen, sampled, for readers off the loops. Costs next to nothing while nobody reads. */
public final class LiveFeed {
    /** Most exchanges shown per second and event loop. */
    static final int PER_SECOND = 200;

    private static final long SECOND = 1_000_000_000L;
    private static final long STEP_MILLIS = 10;

    private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();
    private final AtomicLong dropped = new AtomicLong();
    private volatile boolean watched;
    private boolean closed;

    LiveFeed() {}

    /** A reader with its queue. */
    public static final class Subscription implements AutoCloseable {
        private final LiveFeed feed;
        private final int capacity;
        private final ConcurrentLinkedQueue<Exchange> queue = new ConcurrentLinkedQueue<>();
        private final AtomicInteger waiting = new AtomicInteger();
        private volatile boolean active = true;
        private volatile boolean overrun;

        Subscription(LiveFeed feed, int capacity) {
            this.feed = feed;
            this.capacity = capacity;
        }

        /** The next exchange, a copy shared with other readers (do not change it), or null for none at the moment. */
        public @Nullable Exchange poll() {
            Exchange e = queue.poll();
            if (e != null) {
                waiting.decrementAndGet();
            }
            return e;
        }

        /** Waits for the next exchange; null after {@code millis} without one, or at the end. */
        public @Nullable Exchange poll(long millis) throws InterruptedException {
            Exchange e = poll();
            // The loops wake nobody: that would cost them a system call per exchange.
            for (long waited = 0; e == null && active && waited < millis; waited += STEP_MILLIS) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(STEP_MILLIS));
                e = poll();
            }
            return e;
        }

        /** False after {@link #close}, or once the queue was full: slow readers are dropped. */
        public boolean active() {
            return active;
        }

        /** True if it ended because the queue was full. */
        public boolean overrun() {
            return overrun;
        }

        private boolean offer(Exchange e) {
            if (waiting.get() >= capacity) {
                return false;
            }
            waiting.incrementAndGet();
            queue.add(e);
            return true;
        }

        @Override
        public void close() {
            active = false;
            feed.remove(this);
        }
    }

    /** Begins to read; {@code capacity} exchanges may wait. From any thread. */
    public synchronized Subscription subscribe(int capacity) {
        Subscription subscription = new Subscription(this, Math.max(1, capacity));
        if (closed) {
            subscription.active = false;
        } else {
            subscriptions.add(subscription);
            watched = true;
        }
        return subscription;
    }

    private synchronized void remove(Subscription subscription) {
        subscriptions.remove(subscription);
        watched = !subscriptions.isEmpty();
    }

    boolean watched() {
        return watched;
    }

    int readers() {
        return subscriptions.size();
    }

    /** Readers that were too slow. */
    long dropped() {
        return dropped.get();
    }

    private void publish(Exchange copy) {
        for (Subscription subscription : subscriptions) {
            if (subscription.active && !subscription.offer(copy)) {
                subscription.overrun = true;
                subscription.close();
                dropped.incrementAndGet();
            }
        }
    }

    synchronized void close() {
        closed = true;
        List.copyOf(subscriptions).forEach(Subscription::close);
    }

    /** The way of one loop into the feed. */
    static final class Tap {
        private final LiveFeed feed;
        private long secondNanos;
        private int left = PER_SECOND;

        Tap(LiveFeed feed) {
            this.feed = feed;
        }

        /** Called only while somebody reads. */
        void show(Exchange e) {
            long now = e.startNanos + Math.max(0, e.durationNanos);
            if (Math.abs(now - secondNanos) >= SECOND) {
                secondNanos = now;
                left = PER_SECOND;
            }
            if (left > 0) {
                left--;
                Exchange copy = new Exchange();
                copy.copyFrom(e);
                feed.publish(copy);
            }
        }
    }
}
