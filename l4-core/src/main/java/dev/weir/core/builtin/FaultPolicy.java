package dev.weir.core.builtin;

import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.PolicyContext;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Makes faults of the commands of one connection: the first rule that matches and whose dice hit. */
final class FaultPolicy implements CommandPolicy {
    private final CommandRules rules;
    private final FaultRule[] faults;
    private final ActiveFaults active;
    private final SplittableRandom random;
    private CommandRules.@Nullable Matcher matcher;
    private boolean delaying;

    FaultPolicy(CommandRules rules, FaultRule[] faults, ActiveFaults active, SplittableRandom random) {
        this.rules = rules;
        this.faults = faults;
        this.active = active;
        this.random = random;
    }

    @Override
    public void onOpen(PolicyContext context) {
        matcher = rules.matcher(context.connection());
    }

    @Override
    public boolean asksSession() {
        return rules.askSession();
    }

    @Override
    public Decision decide(Command command, long nanos) {
        long matching = matcher == null ? 0 : matcher.of(command);
        for (; matching != 0; matching &= matching - 1) {
            FaultRule fault = faults[Long.numberOfTrailingZeros(matching)];
            if (fault.hits(random) && begins(fault)) {
                fault.injected().increment();
                return fault.decision();
            }
        }
        return Decision.ALLOW;
    }

    private boolean begins(FaultRule fault) {
        if (fault.delay().isZero()) {
            return true;
        }
        delaying = active.enter();
        return delaying;
    }

    @Override
    public void onDelayed() {
        if (delaying) {
            delaying = false;
            active.leave();
        }
    }

    @Override
    public void onClose() {
        onDelayed();
    }
}
