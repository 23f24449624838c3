package dev.weir.core.exchange;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The counters of one combination of client, user, app and database on one event loop. Plain fields: the loop
 * writes, readers come by {@link Published}.
 */
final class TopCell {
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
    final LatencyHistogram latency = new LatencyHistogram();
    long calls;
    long errors;
    long requestBytes;
    long responseBytes;
    long nanos;
    long maxMicros;

    /** What client and server said last of themselves. */
    @Nullable
    String library;

    @Nullable
    String server;

    /** Start of the newest exchange; the loop's alone. */
    long usedNanos;
    /** No longer in the table; the loop's alone. */
    boolean removed;

    TopCell(Key key) {
        this.key = key;
    }

    void count(Exchange e) {
        usedNanos = e.startNanos;
        calls++;
        // What is unknown is -1.
        requestBytes += Math.max(0, e.requestBytes);
        responseBytes += Math.max(0, e.responseBytes);
        if (e.status == Exchange.Status.ERROR) {
            errors++;
        }
        if (e.introduces) {
            library = e.library;
            server = e.server;
        }
    }

    void time(long duration, long micros) {
        nanos += duration;
        if (micros > maxMicros) {
            maxMicros = micros;
        }
        latency.record(micros);
    }

    /** Adds all but the latencies to {@code sum}. From any thread. */
    void addTo(TopCell sum) {
        sum.calls += calls;
        sum.errors += errors;
        sum.requestBytes += requestBytes;
        sum.responseBytes += responseBytes;
        sum.nanos += nanos;
        sum.maxMicros = Math.max(sum.maxMicros, maxMicros);
    }
}
