package dev.weir.core.net;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * The log of what fails on connections. A peer may be able to cause a failure on every connection it makes, so only the
 * first of a kind is logged with its stack trace; after it at most a line each ten seconds says how many were left out.
 * Counting them exactly is the business of meters. From any thread.
 */
final class FailureLog {
    static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** Both from the configuration, so they bound the map. */
    private record Kind(Level level, String listener, String at) {}

    /** When the next line may be written, and how many were not. */
    private static final class Since {
        final AtomicLong due;
        final AtomicLong suppressed = new AtomicLong();

        Since(long due) {
            this.due = new AtomicLong(due);
        }
    }

    private final Logger log;
    private final LongSupplier nanoTime;
    private final Map<Kind, Since> kinds = new ConcurrentHashMap<>();

    FailureLog(Logger log, LongSupplier nanoTime) {
        this.log = log;
        this.nanoTime = nanoTime;
    }

    /**
     * Reports one failure.
     *
     * @param what what it means, a constant
     * @param at filter type or protocol
     */
    void report(Level level, String what, String listener, String at, Throwable cause) {
        Kind kind = new Kind(level, listener, at);
        long now = nanoTime.getAsLong();
        Since since = kinds.get(kind);
        if (since == null) {
            since = kinds.putIfAbsent(kind, new Since(now + QUIET_NANOS));
            if (since == null) {
                log.atLevel(level).setCause(cause).log("{} listener={} at={}", what, listener, at);
                return;
            }
        }
        long due = since.due.get();
        if (now - due >= 0 && since.due.compareAndSet(due, now + QUIET_NANOS)) {
            // Not the message: it may hold bytes of a peer.
            String error = cause.getClass().getName();
            long suppressed = since.suppressed.getAndSet(0);
            log.atLevel(level)
                    .log("{} listener={} at={} error={} suppressed={}", what, listener, at, error, suppressed);
        } else {
            since.suppressed.incrementAndGet();
        }
    }
}
