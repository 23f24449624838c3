package dev.weir.mongo;

import io.micrometer.core.instrument.Counter;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What answers to hello tell of the servers behind a listener. Any thread. */
final class Topology {
    private static final Logger LOG = LoggerFactory.getLogger(Topology.class);
    private static final int SETS = 16;
    private static final long QUIET = TimeUnit.SECONDS.toNanos(5);

    private static final int HOSTS = 1_024;
    /** A client that ends closes its connections one after the other. */
    private static final long LEAVING = TimeUnit.SECONDS.toNanos(5);

    private final AtomicIntegerArray engaged = new AtomicIntegerArray(HOSTS);
    private final AtomicLongArray ends = new AtomicLongArray(HOSTS);
    private final String listener;
    private final Counter primaryChanges;
    private final Counter bypasses;
    private final ConcurrentHashMap<String, String> primaries = new ConcurrentHashMap<>();
    private final AtomicLong said = new AtomicLong(Long.MIN_VALUE);

    Topology(String listener, Counter primaryChanges, Counter bypasses) {
        this.listener = listener;
        this.primaryChanges = primaryChanges;
        this.bypasses = bypasses;
    }

    /** An answer names the primary of a replica set. */
    void primary(String set, String primary, long now) {
        String before = primaries.get(set);
        if (primary.equals(before) || before == null && primaries.size() >= SETS) {
            return;
        }
        String replaced = primaries.put(set, primary);
        if (replaced == null || replaced.equals(primary)) {
            return;
        }
        primaryChanges.increment();
        long last = said.get();
        if ((last == Long.MIN_VALUE || now - last >= QUIET) && said.compareAndSet(last, now)) {
            LOG.info(
                    "listener {}: the primary of {} is now {} (was {})",
                    listener,
                    printable(set),
                    printable(primary),
                    printable(replaced));
        }
    }

    /** What a server sent is data, not lines of a log. */
    private static String printable(String text) {
        return text.codePoints()
                .map(c -> c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 ? '?' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    // ---- clients that go elsewhere

    private static int slot(String host) {
        int hash = host.hashCode();
        return (hash ^ hash >>> 16) & HOSTS - 1;
    }

    /** A connection of the client is used for commands, or to watch the server. */
    void engaged(String host) {
        engaged.incrementAndGet(slot(host));
    }

    /** Such a connection has ended. */
    void disengaged(String host, long now) {
        int slot = slot(host);
        ends.set(slot, now);
        engaged.decrementAndGet(slot);
    }

    /**
     * A client has greeted, was told the names of a replica set's members and left without another word: it has gone there, but if it has
     * or has just had other connections here, of which this was one to measure the way.
     */
    void left(String host, long now) {
        int slot = slot(host);
        long last = ends.get(slot);
        if (engaged.get(slot) == 0 && (last == 0 || now - last > LEAVING)) {
            bypasses.increment();
        }
    }
}
