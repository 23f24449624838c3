package dev.weir.tls;

import dev.weir.core.filter.WireClock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is stapled to one certificate: from its file, or as its responder says it, asked anew when half of its time is over. A failure is told and counted, and
 * what was good before goes on until its end.
 */
final class Staple implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Staple.class);
    /** A check of a configuration has ended by then, and asks nobody. */
    private static final long FIRST_MILLIS = 300;

    private static final Duration SHORTEST = Duration.ofMinutes(1);
    private static final Duration LONGEST = Duration.ofDays(1);
    /** Of an answer that does not say until when it is true. */
    private static final Duration ENDLESS = Duration.ofHours(1);

    private static final int MOST_DOUBLED = 6;

    /** Holds the thread apart until it is needed. One for all: it waits for responders. */
    private static final class Shared {
        static final ScheduledExecutorService THREAD = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "weir-tls-staples");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Hears how each question went. */
    interface Results {
        void stapled(boolean success);
    }

    private final Credential credential;
    private final Results results;
    private volatile byte @Nullable [] der;
    private volatile @Nullable Instant until;
    /** Only on the thread. */
    private int failures;

    private volatile @Nullable Future<?> next;
    private volatile boolean closed;

    /** One that asks, from soon on, if the certificate is to. */
    Staple(Credential credential, Results results) {
        this.credential = credential;
        this.results = results;
        this.der = credential.ocsp();
        if (credential.fetches()) {
            again(FIRST_MILLIS);
        }
    }

    /** For which certificate, with the same chain. */
    boolean isOf(Credential other) {
        return credential.fetches() && other.fetches() && credential.chain().equals(other.chain());
    }

    /** What is to be stapled now; null for nothing. On any thread. */
    byte @Nullable [] now() {
        Instant end = until;
        return end != null && end.isBefore(time()) ? null : der;
    }

    private static Instant time() {
        return Instant.ofEpochMilli(WireClock.system().epochMicros(System.nanoTime()) / 1_000);
    }

    private void again(long millis) {
        if (!closed) {
            next = Shared.THREAD.schedule(this::ask, millis, TimeUnit.MILLISECONDS);
        }
    }

    private void ask() {
        if (closed) {
            return;
        }
        Duration wait = SHORTEST.multipliedBy(1L << Math.min(failures, MOST_DOUBLED));
        try {
            Instant now = time();
            OcspQuestion.Answer answer = OcspQuestion.about(credential).ask(now);
            der = answer.der();
            until = answer.until();
            failures = 0;
            wait = half(answer, now);
            results.stapled(true);
        } catch (OcspQuestion.Failed e) {
            failures++;
            results.stapled(false);
            LOG.warn(
                    "no OCSP answer to staple certificate=\"{}\": {}",
                    CertificateNames.of(credential.chain().get(0)).subject(),
                    e.getMessage());
        } finally {
            again(wait.toMillis());
        }
    }

    private static Duration half(OcspQuestion.Answer answer, Instant now) {
        Instant end = answer.until();
        if (end == null) {
            return ENDLESS;
        }
        Duration left = Duration.between(now, end).dividedBy(2);
        return left.compareTo(SHORTEST) < 0 ? SHORTEST : left.compareTo(LONGEST) > 0 ? LONGEST : left;
    }

    @Override
    public void close() {
        closed = true;
        Future<?> waiting = next;
        if (waiting != null) {
            waiting.cancel(false);
        }
    }
}
