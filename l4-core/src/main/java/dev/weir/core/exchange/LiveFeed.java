package dev.weir.core.exchange;

import org.jspecify.annotations.Nullable;

/** Exchanges as they happen, sampled, for readers off the loops. Costs next to nothing while nobody reads. */
public final class LiveFeed {
    LiveFeed() {}

    /** A reader with its queue. */
    public static final class Subscription implements AutoCloseable {
        Subscription() {}

        /** The next exchange, a copy shared with other readers (do not change it), or null for none at the moment. */
        public @Nullable Exchange poll() {
            return null;
        }

        /** Waits for the next exchange; null after {@code millis} without one, or at the end. */
        public @Nullable Exchange poll(long millis) throws InterruptedException {
            return null;
        }

        /** False after {@link #close}, or once the queue was full: slow readers are dropped. */
        public boolean active() {
            return false;
        }

        /** True if it ended because the queue was full. */
        public boolean overrun() {
            return false;
        }

        @Override
        public void close() {}
    }

    /** Begins to read; {@code capacity} exchanges may wait. From any thread. */
    public Subscription subscribe(int capacity) {
        return new Subscription();
    }

    void close() {}
}
