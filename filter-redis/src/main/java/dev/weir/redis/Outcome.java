package dev.weir.redis;

import dev.weir.core.exchange.Exchange;
import org.jspecify.annotations.Nullable;

/** How one command ended. Times are of the connection's clock; -1 is unknown. */
final class Outcome {
    Exchange.Status status = Exchange.Status.OK;

    @Nullable
    String error;

    boolean byWeir;
    long bytes;
    long rows;
    long batch;
    int hit;
    /** Whether it was answered on its own, so that its times mean something. */
    boolean timed;

    long first;
    long end;
    /** End of the answer before it. */
    long previousEnd;

    /** Begins anew, for a command that was answered on its own. */
    void answered(long size, long firstByte, boolean weir, long lastByte, long endBefore) {
        clear();
        byWeir = weir;
        timed = true;
        bytes = size;
        first = firstByte;
        end = lastByte;
        previousEnd = endBefore;
    }

    void clear() {
        status = Exchange.Status.OK;
        error = null;
        byWeir = false;
        bytes = -1;
        rows = -1;
        batch = -1;
        hit = -1;
        timed = false;
        first = 0;
        end = 0;
        previousEnd = 0;
    }
}
