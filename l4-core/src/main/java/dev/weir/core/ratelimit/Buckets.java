package dev.weir.core.ratelimit;

import org.jspecify.annotations.Nullable;

/** The buckets of one local limit, shared by all event loops: one, or a table of them. */
final class Buckets {
    /** Of a limit per listener. */
    final @Nullable TokenBucket single;
    /** Of the others. */
    final @Nullable BucketTable table;

    Buckets(Scope scope, BucketShape shape, int places, long nanos) {
        single = scope == Scope.LISTENER ? new TokenBucket(shape, nanos) : null;
        table = scope == Scope.LISTENER ? null : new BucketTable(shape, places, nanos);
    }
}
