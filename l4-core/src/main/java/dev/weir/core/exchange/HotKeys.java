package dev.weir.core.exchange;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tables of the most used keys, one per listener: bounded sketches (Space-Saving, with the error bound of each
 * count) per event loop, merged when asked. What they hold may be personal data: they exist only where opted in.
 */
public interface HotKeys {
    /** By what keys are ranked. */
    enum Rank {
        /** Number of commands. */
        CALLS,
        /** Request bytes. */
        BYTES_IN,
        /** Answer bytes. */
        BYTES_OUT,
        /** Time from last request byte to last answer byte. */
        TIME
    }

    /**
     * A row of a table. All values are scaled up by the sampling.
     *
     * @param listener listener name
     * @param namespace current database, or null
     * @param key the key, as text; bytes that are not printable ASCII or UTF-8 are written {@code \xHH}
     * @param value calls, bytes, or microseconds
     * @param error the value is too high by at most this
     */
    record Row(String listener, @Nullable String namespace, String key, long value, long error) {}

    /**
     * Opens the table of a listener for one loop.
     *
     * @param size keys kept per rank, 1…10,000
     * @param sampling share of commands that are counted, above 0 and at most 1
     */
    Recorder recorder(String listener, int loop, int size, double sampling);

    /** The highest rows by {@code rank}, best first, at most {@code limit}. From any thread. */
    List<Row> top(Rank rank, int limit);

    /** Whether any table is open. */
    boolean enabled();

    /** Records keys on one event loop. */
    interface Recorder {
        /** Whether the next command is in the sample. Cheap; asked before a key is even looked for. */
        boolean sample();

        /** Longest prefix of a key that is kept, in bytes. */
        int maxKeyBytes();

        /**
         * Counts one command on a key.
         *
         * @param key holds the key from {@code offset}; only read during the call
         */
        void record(
                @Nullable String namespace,
                byte[] key,
                int offset,
                int length,
                long bytesIn,
                long bytesOut,
                long nanos);
    }
}
