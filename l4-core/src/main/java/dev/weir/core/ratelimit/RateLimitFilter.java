package dev.weir.core.ratelimit;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.ratelimit.RateLimitService.Client;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The limits of one connection: asks for the connection when it opens, then leaves its commands to a gate. */
final class RateLimitFilter implements NetworkFilter {
    private static final Duration HOLD = Duration.ofSeconds(20);

    private final RateLimitPlan plan;
    private final @Nullable Client client;
    private final @Nullable NetworkFilter gate;
    private @Nullable GlobalQuestion question;
    /** The client has ended its stream while the service was asked. */
    private boolean endMissed;

    RateLimitFilter(RateLimitPlan plan, @Nullable Client client, @Nullable NetworkFilter gate) {
        this.plan = plan;
        this.client = client;
        this.gate = gate;
    }

    @Override
    public Opening onOpen(FilterContext context) {
        if (gate != null) {
            gate.onOpen(context);
        }
        if (!takeTokens(context)) {
            context.close(CloseReason.RATE_LIMITED);
            return Opening.PROCEED;
        }
        return ask(context) ? Opening.WAIT : Opening.PROCEED;
    }

    private boolean takeTokens(FilterContext context) {
        LocalLimit[] limits = plan.connections.local();
        if (limits.length == 0) {
            return true;
        }
        long nanos = context.clock().nanoTime();
        ConnectionBuckets own =
                new ConnectionBuckets(limits, context.connection().clientHost(), nanos);
        int i = 0;
        while (i < limits.length && (limits[i].take(own.of(i), nanos) != TokenBucket.REFUSED || limits[i].shadow)) {
            i++;
        }
        boolean allowed = i == limits.length;
        for (int j = 0; !allowed && j < i; j++) {
            if (!limits[j].shadow) {
                own.of(j).giveBack();
            }
        }
        // What was taken stays with the bucket, which stays until it is full again.
        own.release();
        return allowed;
    }

    /** Asks the service; true if the answer is still to come. */
    private boolean ask(FilterContext context) {
        GlobalQuestion asked = plan.connections.global().isEmpty() ? null : plan.question(client);
        if (asked == null) {
            return false;
        }
        plan.connections.global().forEach(limit -> asked.add(limit, context.connection(), null));
        if (asked.empty()) {
            return false;
        }
        question = asked;
        context.holdDeadline("undecided", HOLD);
        asked.start(decision -> {
            question = null;
            if (decision == Decision.ALLOW) {
                if (endMissed && gate != null) {
                    gate.onEndOfStream(context, Direction.TO_UPSTREAM);
                }
                context.resume(Direction.TO_UPSTREAM);
            } else {
                context.close(CloseReason.RATE_LIMITED);
            }
        });
        return question != null;
    }

    @Override
    public int onData(FilterContext context, Direction direction, ByteBuf data) {
        if (question != null) {
            return 0;
        }
        return gate == null ? data.readableBytes() : gate.onData(context, direction, data);
    }

    @Override
    public void onReadComplete(FilterContext context, Direction direction) {
        if (gate != null) {
            gate.onReadComplete(context, direction);
        }
    }

    @Override
    public void onEndOfStream(FilterContext context, Direction direction) {
        if (question != null && direction == Direction.TO_UPSTREAM) {
            endMissed = true; // It would end the waiting.
        } else if (gate != null) {
            gate.onEndOfStream(context, direction);
        }
    }

    @Override
    public Boundary boundary() {
        if (question != null) {
            return Boundary.BUSY;
        }
        return gate == null ? Boundary.UNKNOWN : gate.boundary();
    }

    @Override
    public void onClose(CloseReason reason) {
        GlobalQuestion asked = question;
        question = null;
        if (asked != null) {
            asked.cancel();
        }
        if (gate != null) {
            gate.onClose(reason);
        }
    }
}
