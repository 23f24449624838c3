package dev.weir.core.ratelimit;

import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.PolicyContext;
import dev.weir.core.ratelimit.RateLimitService.Client;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Decides about the commands of one connection: all local limits first, then one question about all global ones. */
final class RateLimitPolicy implements CommandPolicy {
    private final RateLimitPlan plan;
    private final @Nullable Client client;
    private @Nullable ConnectionBuckets buckets;
    private @Nullable PolicyContext context;

    RateLimitPolicy(RateLimitPlan plan, @Nullable Client client) {
        this.plan = plan;
        this.client = client;
    }

    @Override
    public void onOpen(PolicyContext opened) {
        context = opened;
        buckets = new ConnectionBuckets(
                plan.commands.local(),
                opened.connection().clientHost(),
                opened.clock().nanoTime());
    }

    @Override
    public boolean asksSession() {
        return plan.asksSession;
    }

    @Override
    public Decision decide(Command command, long nanos) {
        ConnectionBuckets own = buckets;
        if (own == null) {
            throw new IllegalStateException("not opened");
        }
        if (plan.perUser && command.kind() != Command.Kind.LOGIN) {
            own.user(command.user(), nanos);
        }
        LocalLimit[] limits = plan.commands.local();
        long taken = 0;
        long wait = 0;
        for (int i = 0; i < limits.length; i++) {
            LocalLimit limit = limits[i];
            if (!limit.cover.covers(command)) {
                continue;
            }
            long its = limit.take(own.of(i), nanos);
            if (its != TokenBucket.REFUSED) {
                taken |= 1L << i;
                wait = limit.shadow ? wait : Math.max(wait, its);
            } else if (!limit.shadow) {
                giveBack(own, taken);
                return limit.refusal(own.of(i), nanos);
            }
        }
        Decision local = wait == 0 ? Decision.ALLOW : new Decision.Delay(Duration.ofNanos(wait));
        return plan.commands.global().isEmpty() ? local : ask(command, local, own, taken);
    }

    private Decision ask(Command command, Decision local, ConnectionBuckets own, long taken) {
        GlobalQuestion question = plan.question(client);
        PolicyContext opened = context;
        if (question == null || opened == null) {
            return local;
        }
        for (GlobalLimit limit : plan.commands.global()) {
            if (limit.cover().covers(command)) {
                question.add(limit, opened.connection(), command);
            }
        }
        if (question.empty()) {
            return local;
        }
        question.otherwise(local, () -> giveBack(own, taken));
        return question;
    }

    /** A command that does not go on costs nothing. */
    private static void giveBack(ConnectionBuckets own, long taken) {
        for (long left = taken; left != 0; left &= left - 1) {
            own.of(Long.numberOfTrailingZeros(left)).giveBack();
        }
    }

    @Override
    public void onClose() {
        if (buckets != null) {
            buckets.release();
        }
    }
}
