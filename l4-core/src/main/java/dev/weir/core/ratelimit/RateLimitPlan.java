package dev.weir.core.ratelimit;

import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.ratelimit.RateLimitService.Client;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One filter {@code rate_limit} as it was configured; shared by all event loops. */
final class RateLimitPlan {
    /**
     * Limits of connections, or of commands.
     *
     * @param local those that Weir counts
     * @param global those that a service counts
     */
    record Limits(LocalLimit[] local, List<GlobalLimit> global) {
        boolean none() {
            return local.length == 0 && global.isEmpty();
        }
    }

    final Limits connections;
    final Limits commands;
    /** The service, or null. */
    final @Nullable GlobalSettings global;
    /** Whether there are limits of commands per user. */
    final boolean perUser;
    /** Whether decisions need a user or namespace that is known for sure. */
    final boolean asksSession;

    private final Decision failed;

    /** {@code failed} is what becomes of a command where there is no answer and the failure mode is to deny. */
    RateLimitPlan(Limits connections, Limits commands, @Nullable GlobalSettings global, Decision failed) {
        this.connections = connections;
        this.commands = commands;
        this.global = global;
        this.failed = failed;
        this.perUser = Arrays.stream(commands.local).anyMatch(limit -> limit.scope == Scope.USER);
        this.asksSession = perUser
                || commands.global.stream()
                        .flatMap(limit -> limit.descriptors().stream())
                        .anyMatch(DescriptorPlan::ofSession);
    }

    /** A question without content; null if there is nobody to ask. */
    @Nullable
    GlobalQuestion question(@Nullable Client client) {
        return global == null || client == null ? null : new GlobalQuestion(global, client, failed);
    }
}
