package dev.weir.core.protocol;

import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.protocol.CommandPolicy.Decision;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the next command of a gate waits for: a delay to pass, or somebody else's decision. */
final class GateWait {
    private boolean active;
    private Decision.@Nullable Later asked;
    private boolean over;
    private long overAt;
    private boolean closed;

    /** Whether something is waited for. */
    boolean active() {
        return active;
    }

    /** When this moment is, as far as policies are concerned: bursts tell, and who waited looked at the clock. */
    long nanos(FilterContext context) {
        long burst = context.burstNanos();
        return over && overAt - burst > 0 ? overAt : burst;
    }

    void delay(FilterContext context, Duration time, Runnable then) {
        active = true;
        context.connection()
                .loop()
                .schedule(
                        () -> {
                            if (!closed) {
                                then.run();
                                end(context);
                            }
                        },
                        time.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    /** Lets somebody else decide; false if that takes time. What is decided is told before anything goes on. */
    boolean ask(FilterContext context, Decision.Later later, Consumer<Decision> decided) {
        active = true;
        asked = later;
        boolean[] during = {true};
        later.start(decision -> {
            if (asked != later) {
                return; // closed meanwhile, or told twice
            }
            if (decision instanceof Decision.Later) {
                throw new IllegalArgumentException("a decision that is put off twice: " + decision);
            }
            asked = null;
            decided.accept(decision);
            if (during[0]) {
                active = false;
            } else {
                end(context);
            }
        });
        during[0] = false;
        return !active;
    }

    private void end(FilterContext context) {
        active = false;
        over = true;
        overAt = context.clock().nanoTime();
        context.resume(Direction.TO_UPSTREAM);
    }

    /** The connection has closed. */
    void close() {
        closed = true;
        Decision.Later open = asked;
        asked = null;
        if (open != null) {
            open.cancel();
        }
    }
}
