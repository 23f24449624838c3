package dev.weir.http;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;

/** Counts what clients of one listener did against the protocol. On any thread. */
final class ProtocolErrors {
    /** What it was. The set is closed: labels are metric labels. */
    enum Reason {
        /** A head that is not well-formed. */
        MALFORMED,
        /** A head or trailers that are too long, or too many. */
        HEADER_LIMIT,
        /** A head that did not come to its end in time. */
        HEADERS_TIMEOUT,
        /** HTTP/2: a frame that is not allowed where it is, or not what it should be. */
        FRAME,
        /** HTTP/2: more bytes than a window had room for, or a window beyond all bounds. */
        FLOW_CONTROL,
        /** HTTP/2: a block of headers that cannot be decompressed. */
        COMPRESSION,
        /** HTTP/2: more requests at once than are allowed. */
        STREAMS,
        /** HTTP/2: requests that were reset before they were answered, by the client. */
        RESETS,
        /** HTTP/2: the same, by this side, for errors of the client. */
        PROVOKED_RESETS,
        /** HTTP/2: too many {@code CONTINUATION}. */
        CONTINUATIONS,
        /** HTTP/2: too many frames with nothing in them. */
        EMPTY_FRAMES,
        /** HTTP/2: bodies in too many frames of next to nothing. */
        SMALL_FRAMES,
        /** HTTP/2: too many {@code SETTINGS}. */
        SETTINGS,
        /** HTTP/2: too many {@code PING}. */
        PINGS,
        /** HTTP/2: too many {@code PRIORITY}, or frames of unknown types. */
        PRIORITIES,
        /** HTTP/2: too many {@code WINDOW_UPDATE}. */
        WINDOW_UPDATES,
        /** HTTP/2: it does not take the answers to its frames. */
        UNREAD;

        private final String label = name().toLowerCase(Locale.ROOT);

        /** As in metrics. */
        String label() {
            return label;
        }
    }

    private final Counter[] counters = new Counter[Reason.values().length];

    ProtocolErrors(MeterRegistry registry, String listener) {
        for (Reason reason : Reason.values()) {
            counters[reason.ordinal()] = Counter.builder("weir.http.protocol.errors")
                    .description("What HTTP clients did against the protocol")
                    .tag("listener", listener)
                    .tag("reason", reason.label())
                    .register(registry);
        }
    }

    void count(Reason reason) {
        counters[reason.ordinal()].increment();
    }
}
