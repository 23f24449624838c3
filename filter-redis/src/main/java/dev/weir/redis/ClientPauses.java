package dev.weir.redis;

import dev.weir.core.filter.TerminalContext;

/** Why nothing is read from a client, if so. */
final class ClientPauses {
    /** It does not take more: its channel is not writable. */
    static final int OUTPUT = 1;
    /** Too many of its commands wait, or too much for it. */
    static final int PENDING = 2;
    /** A shard's channel is not writable. */
    static final int SHARD = 4;
    /** What comes next depends on an answer that has not come yet. */
    static final int BARRIER = 8;
    /** What comes next goes another way than what has not been answered yet. */
    static final int LANE = 16;

    private final TerminalContext context;
    private int reasons;

    ClientPauses(TerminalContext context) {
        this.context = context;
    }

    boolean none() {
        return reasons == 0;
    }

    void hold(int reason) {
        if (reasons == 0) {
            context.pauseReading();
        }
        reasons |= reason;
    }

    /** Whether that was the last one. */
    boolean release(int reason) {
        boolean held = (reasons & reason) != 0;
        reasons &= ~reason;
        return held && reasons == 0;
    }
}
