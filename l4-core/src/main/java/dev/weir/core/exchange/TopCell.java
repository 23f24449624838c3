package dev.weir.core.exchange;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The counters of one combination of client, user, app and database on one event loop. */
final class TopCell {
    static final int CALLS = 0;
    static final int ERRORS = 1;
    static final int REQUEST_BYTES = 2;
    static final int RESPONSE_BYTES = 3;
    static final int NANOS = 4;
    static final int MAX_MICROS = 5;
    static final int COUNTERS = 6;

    /** The combination. Not immutable: the table looks up with one object that it fills anew each time. */
    static final class Key {
        String listener = "";

        @Nullable
        String client;

        @Nullable
        String user;

        @Nullable
        String app;

        @Nullable
        String namespace;

        Key set(
                String listener,
                @Nullable String client,
                @Nullable String user,
                @Nullable String app,
                @Nullable String namespace) {
            this.listener = listener;
            this.client = client;
            this.user = user;
            this.app = app;
            this.namespace = namespace;
            return this;
        }

        Key copy() {
            return new Key().set(listener, client, user, app, namespace);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key k
                    && listener.equals(k.listener)
                    && Objects.equals(client, k.client)
                    && Objects.equals(user, k.user)
                    && Objects.equals(app, k.app)
                    && Objects.equals(namespace, k.namespace);
        }

        @Override
        public int hashCode() {
            int hash = listener.hashCode();
            hash = 31 * hash + Objects.hashCode(client);
            hash = 31 * hash + Objects.hashCode(user);
            hash = 31 * hash + Objects.hashCode(app);
            return 31 * hash + Objects.hashCode(namespace);
        }
    }

    final Key key;
    final long[] counters = new long[COUNTERS];
    final LatencyHistogram latency = new LatencyHistogram();

    /** Start of the newest exchange; the loop's alone. */
    long usedNanos;
    /** No longer in the table; the loop's alone. */
    boolean removed;

    TopCell(Key key) {
        this.key = key;
    }

    void count(Exchange e) {
        long[] c = counters;
        usedNanos = e.startNanos;
        Cells.add(c, CALLS, 1);
        if (e.status == Exchange.Status.ERROR) {
            Cells.add(c, ERRORS, 1);
        }
        if (e.requestBytes > 0) {
            Cells.add(c, REQUEST_BYTES, e.requestBytes);
        }
        if (e.responseBytes > 0) {
            Cells.add(c, RESPONSE_BYTES, e.responseBytes);
        }
    }

    void time(long nanos, long micros) {
        long[] c = counters;
        Cells.add(c, NANOS, nanos);
        if (micros > c[MAX_MICROS]) {
            Cells.set(c, MAX_MICROS, micros);
        }
        latency.record(micros);
    }

    /** Takes over the numbers of a cell that leaves the table. */
    void add(TopCell other) {
        for (int i = 0; i < MAX_MICROS; i++) {
            Cells.add(counters, i, other.counters[i]);
        }
        Cells.set(counters, MAX_MICROS, Math.max(counters[MAX_MICROS], other.counters[MAX_MICROS]));
        latency.add(other.latency);
    }
}
