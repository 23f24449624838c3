package dev.weir.redis;

import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What clients did to keys that one client each writes, and what they were told; says what cannot be. Values name their key and count:
 * {@code key=7}. A write that failed may have been carried out, or not; it cannot be carried out later, as the server was killed.
 */
final class ShardHistory {
    private final Map<String, Register> registers = new ConcurrentHashMap<>();
    private final Map<String, Counter> counters = new ConcurrentHashMap<>();
    private final Queue<String> violations = new ConcurrentLinkedQueue<>();

    /** A key that is set. */
    private static final class Register {
        /** The newest write that was begun; the newest that is known to have been carried out. */
        final AtomicLong begun = new AtomicLong();

        final AtomicLong known = new AtomicLong();
    }

    /** A key that is counted up by one; guarded by itself. */
    private static final class Counter {
        long known;
        /** Increments that failed since: they may have been carried out. */
        long uncertain;
    }

    List<String> violations() {
        return List.copyOf(violations);
    }

    private void violation(String text) {
        if (violations.size() < 20) {
            violations.add(text);
        }
    }

    private Register register(String key) {
        return registers.computeIfAbsent(key, unknown -> new Register());
    }

    private Counter counter(String key) {
        return counters.computeIfAbsent(key, unknown -> new Counter());
    }

    static String value(String key, long number) {
        return key + "=" + number;
    }

    // ---- keys that are set

    /** A write is about to be sent; returns its number. */
    long write(String key) {
        return register(key).begun.incrementAndGet();
    }

    /** The server said that the write was carried out. */
    void acknowledged(String key, long number) {
        register(key).known.accumulateAndGet(number, Math::max);
    }

    /** The oldest value that whoever asks from now on may be answered. */
    long oldest(String key) {
        return register(key).known.get();
    }

    /** The newest value that may be there at this moment. */
    long newest(String key) {
        return register(key).begun.get();
    }

    /**
     * A value was read.
     *
     * @param oldest the oldest that may be answered; 0: it may be absent
     * @param newest the newest
     * @param answer the value, null if it was absent
     * @return the number of the write that it comes from; {@code oldest} if it is none
     */
    long read(String who, String key, long oldest, long newest, @Nullable String answer) {
        long number = 0;
        if (answer != null) {
            number = answer.startsWith(key + "=") ? number(answer.substring(key.length() + 1)) : -1;
            if (number <= 0) {
                violation(who + " read " + answer + " of " + key + ": not a value of this key");
                return oldest;
            }
        }
        if (number < oldest) {
            violation(who + " read " + number + " of " + key + " after " + oldest + " was acknowledged or read");
        } else if (number > newest) {
            violation(who + " read " + number + " of " + key + ", but at most " + newest + " was written");
        } else {
            acknowledged(key, number);
        }
        return Math.max(number, oldest);
    }

    private static long number(String text) {
        return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : -1;
    }

    // ---- keys that are counted

    /** An increment was answered with {@code result}. */
    void counted(String who, String key, long result) {
        Counter counter = counter(key);
        synchronized (counter) {
            if (result <= counter.known) {
                violation(who + " counted " + key + " to " + result + " after " + counter.known);
            } else if (result > counter.known + 1 + counter.uncertain) {
                violation(who + " counted " + key + " to " + result + " after " + counter.known + " and "
                        + counter.uncertain + " uncertain increments: one was carried out twice");
            }
            counter.known = result;
            counter.uncertain = 0;
        }
    }

    /** An increment failed. */
    void uncertain(String key) {
        Counter counter = counter(key);
        synchronized (counter) {
            counter.uncertain++;
        }
    }

    /** The value at the end, when nothing is under way. */
    void countedAtLast(String key, long value) {
        Counter counter = counter(key);
        synchronized (counter) {
            if (value < counter.known || value > counter.known + counter.uncertain) {
                violation(key + " is " + value + " at last, after " + counter.known + " and " + counter.uncertain
                        + " uncertain increments");
            }
        }
    }

    // ---- answers as such

    /** An answer has to be this one. */
    void answered(String who, Object expected, @Nullable Object answer) {
        if (!expected.equals(answer)) {
            violation(who + " was answered " + answer + " instead of " + expected);
        }
    }

    /**
     * A command failed.
     *
     * @param shard where its key is, {@code host:port}
     */
    void failed(String who, String shard, String error) {
        if (!error.contains("shard " + shard + " of cluster ") && !error.startsWith("LOADING ")) {
            violation(who + " failed for a key on " + shard + " with: " + error);
        }
    }
}
