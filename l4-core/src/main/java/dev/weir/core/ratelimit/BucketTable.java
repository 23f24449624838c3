package dev.weir.core.ratelimit;

import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The buckets of one limit by client or user, at most so many: whatever clients do, it does not grow. A bucket stays while a
 * connection uses it, and until it is full again. When all places are taken by such, the others share one bucket.
 *
 * <p>Connections look up here when they open, close or change their user, under a lock; not for each command.
 */
final class BucketTable {
    /** Longest key that gets a bucket of its own. */
    static final int MAX_KEY = 256;

    private static final int LOOKS = 8;

    /** A bucket, and how many connections use it. */
    static final class Tracked {
        final TokenBucket bucket;
        private final @Nullable String key;
        private int users;

        private Tracked(@Nullable String key, TokenBucket bucket) {
            this.key = key;
            this.bucket = bucket;
        }

        /** Whether it is the one that is shared by those for whom there was no place. */
        boolean overflow() {
            return key == null;
        }
    }

    private final BucketShape shape;
    private final int places;
    private final Tracked overflow;
    private final Map<String, Tracked> all = new HashMap<>();
    /** Those that nobody uses, in the order in which they were last looked at. */
    private final LinkedHashMap<String, Tracked> unused = new LinkedHashMap<>();

    BucketTable(BucketShape shape, int places, long nanos) {
        this.shape = shape;
        this.places = places;
        this.overflow = new Tracked(null, new TokenBucket(shape, nanos));
    }

    /** The bucket of {@code key}, to be given back with {@link #release}. */
    synchronized Tracked acquire(String key, long nanos) {
        Tracked tracked = all.get(key);
        if (tracked == null) {
            if (key.length() > MAX_KEY || all.size() >= places && !makePlace(nanos)) {
                return overflow;
            }
            tracked = new Tracked(key, new TokenBucket(shape, nanos));
            all.put(key, tracked);
        } else if (tracked.users == 0) {
            unused.remove(key);
        }
        tracked.users++;
        return tracked;
    }

    synchronized void release(Tracked tracked) {
        if (tracked.key != null && --tracked.users == 0) {
            unused.put(tracked.key, tracked);
        }
    }

    /** Buckets there are now, without the shared one. */
    synchronized int size() {
        return all.size();
    }

    /** Forgets a bucket that is as good as a new one. Looks at a few only; what is not full goes to the end of the line. */
    private boolean makePlace(long nanos) {
        for (int looks = Math.min(LOOKS, unused.size()); looks > 0; looks--) {
            Iterator<Map.Entry<String, Tracked>> first = unused.entrySet().iterator();
            Map.Entry<String, Tracked> entry = first.next();
            String key = entry.getKey();
            Tracked tracked = entry.getValue();
            first.remove();
            if (tracked.bucket.full(nanos)) {
                all.remove(key);
                return true;
            }
            unused.put(key, tracked);
        }
        return false;
    }
}
