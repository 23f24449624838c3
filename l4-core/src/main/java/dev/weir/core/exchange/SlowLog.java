package dev.weir.core.exchange;

import java.util.List;

/** The newest exchanges that took long; a ring per event loop. Long polls and blocking commands stay out. */
public final class SlowLog {
    SlowLog() {}

    /** Copies of the newest slow exchanges of all loops, the newest first, at most {@code limit}. From any thread. */
    public List<Exchange> newest(int limit) {
        return List.of();
    }
}
