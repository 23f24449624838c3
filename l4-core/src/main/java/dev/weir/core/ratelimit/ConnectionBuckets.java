package dev.weir.core.ratelimit;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The buckets that one connection takes from, one for each of some limits. On its event loop. */
final class ConnectionBuckets {
    /** For connections whose user is not known. */
    private static final String NOBODY = "";

    private final LocalLimit[] limits;
    private final TokenBucket[] buckets;
    private final BucketTable.@Nullable Tracked[] tracked;
    private @Nullable String user;

    /** Finds the buckets; {@link #release} has to be called behind it. */
    ConnectionBuckets(LocalLimit[] limits, String client, long nanos) {
        this.limits = limits;
        this.buckets = new TokenBucket[limits.length];
        this.tracked = new BucketTable.Tracked[limits.length];
        for (int i = 0; i < limits.length; i++) {
            switch (limits[i].scope) {
                case LISTENER -> buckets[i] = limits[i].single();
                case CLIENT -> track(i, client, nanos);
                default -> track(i, NOBODY, nanos);
            }
        }
    }

    private void track(int i, String key, long nanos) {
        BucketTable.Tracked found = limits[i].acquire(key, nanos);
        tracked[i] = found;
        buckets[i] = found.bucket;
    }

    TokenBucket of(int limit) {
        return buckets[limit];
    }

    /** The user may be another one than before: its buckets are to be used from now on. */
    void user(@Nullable String now, long nanos) {
        if (Objects.equals(now, user)) {
            return;
        }
        user = now;
        for (int i = 0; i < limits.length; i++) {
            BucketTable.Tracked before = tracked[i];
            if (limits[i].scope == Scope.USER && before != null) {
                limits[i].release(before);
                track(i, now == null ? NOBODY : now, nanos);
            }
        }
    }

    void release() {
        for (int i = 0; i < limits.length; i++) {
            BucketTable.Tracked before = tracked[i];
            tracked[i] = null;
            if (before != null) {
                limits[i].release(before);
            }
        }
    }
}
