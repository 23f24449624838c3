package dev.weir.core.protocol;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandPolicy.Decision;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the policies of one connection of a terminal about its commands, in their order: the first that does not let a command go on
 * decides. Any number of commands may wait at the same time, and are decided in any order. A policy is asked about one command at a time
 * as ever: what waits keeps a set of policies for itself, and another set is made for those that come meanwhile. On the connection's event
 * loop only.
 *
 * <pre>
 *   stream 1 ── access ── rate_limit ··· 200 ms ··· fault ──▶ goes on       set 1
 *   stream 3 ── access ── rate_limit ── fault ──▶ goes on                   set 2, spare from then on
 *   stream 5 ── access ✕ denied                                             set 2
 * </pre>
 */
public final class PolicyGate {
    private static final Logger LOG = LoggerFactory.getLogger(PolicyGate.class);
    /** Sets that are kept while nobody uses them. */
    private static final int MAX_SPARE = 8;
    /** What becomes of a command about which a policy failed. */
    private static final Decision FAILED =
            new Decision.Close(CloseReason.INTERNAL_ERROR, new Decision.Deny(null, "internal error"));

    private final List<PerLoop.PerConnection<CommandPolicy>> makers;
    private final PolicyContext context;
    private final ArrayDeque<CommandPolicy[]> spare = new ArrayDeque<>(2);
    private final Set<Waiting> waiting = new HashSet<>();
    private boolean closed;

    PolicyGate(List<PerLoop.PerConnection<CommandPolicy>> makers, PolicyContext context) {
        this.makers = makers;
        this.context = context;
    }

    /**
     * Decides about a command.
     *
     * @param command to stay as it is until the decision is told
     * @param nanos when the read burst began
     * @param then told once, during this call or later: {@link Decision.Allow}, {@link Decision.Deny}, {@link Decision.Abort}, {@link
     *     Decision.Close} or {@link Decision.Answer}. Not told after {@link PolicyWait#cancel} or {@link #close}
     * @return what waits, or null if it was told during this call
     */
    public @Nullable PolicyWait decide(Command command, long nanos, Consumer<Decision> then) {
        CommandPolicy[] policies = take();
        if (policies == null) {
            tell(then, FAILED);
            return null;
        }
        for (int at = 0; at < policies.length; at++) {
            Decision decision = ask(policies[at], command, nanos);
            if (decision instanceof Decision.Delay || decision instanceof Decision.Later) {
                Waiting begun = new Waiting(policies, command, then, at);
                waiting.add(begun);
                begun.carryOut(decision, nanos);
                return begun.over ? null : begun;
            }
            if (!(decision instanceof Decision.Allow)) {
                release(policies, true);
                tell(then, decision);
                return null;
            }
        }
        release(policies, true);
        tell(then, Decision.ALLOW);
        return null;
    }

    private void tell(Consumer<Decision> then, Decision decision) {
        if (closed) {
            return;
        }
        if (decision instanceof Decision.Rewrite) {
            LOG.error("A policy wants to rewrite an answer of a terminal, which shows none");
            then.accept(FAILED);
        } else {
            then.accept(decision);
        }
    }

    private static Decision ask(CommandPolicy policy, Command command, long nanos) {
        try {
            return policy.decide(command, nanos);
        } catch (RuntimeException | Error e) {
            LOG.error("A policy failed", e);
            return FAILED;
        }
    }

    // ---- sets of policies

    /** Null if one of them failed. */
    private CommandPolicy @Nullable [] take() {
        CommandPolicy[] free = spare.poll();
        if (free != null) {
            return free;
        }
        CommandPolicy[] made = new CommandPolicy[makers.size()];
        int opened = 0;
        try {
            for (; opened < made.length; opened++) {
                made[opened] = makers.get(opened).create(context.connection());
                made[opened].onOpen(context);
            }
            return made;
        } catch (RuntimeException | Error e) {
            LOG.error("A policy cannot be made", e);
            release(Arrays.copyOf(made, opened), false);
            return null;
        }
    }

    /** {@code usable} tells whether it can be asked again: not in the middle of a command. */
    private void release(CommandPolicy[] policies, boolean usable) {
        if (usable && !closed && spare.size() < MAX_SPARE) {
            spare.push(policies);
            return;
        }
        for (CommandPolicy policy : policies) {
            policy.onClose();
        }
    }

    /** The connection has ended: nothing that waits is told. The last call; further ones have no effect. */
    public void close() {
        closed = true;
        for (Waiting one : List.copyOf(waiting)) {
            one.cancel();
        }
        for (CommandPolicy[] free = spare.poll(); free != null; free = spare.poll()) {
            release(free, false);
        }
    }

    // ---- what takes time

    /** A command that one of its policies put off. */
    private final class Waiting implements PolicyWait {
        private final CommandPolicy[] policies;
        private final Command command;
        private final Consumer<Decision> then;
        /** The policy that decides now. */
        private int at;

        private boolean over;
        private @Nullable Future<?> timer;
        private Decision.@Nullable Later asked;

        Waiting(CommandPolicy[] policies, Command command, Consumer<Decision> then, int at) {
            this.policies = policies;
            this.command = command;
            this.then = then;
            this.at = at;
        }

        /** Does what the policy at {@link #at} wants. */
        void carryOut(Decision wanted, long nanos) {
            Decision decision = wanted;
            while (!over) {
                if (decision instanceof Decision.Delay delay) {
                    timer = context.connection()
                            .loop()
                            .schedule(() -> delayed(delay.then()), delay.time().toNanos(), TimeUnit.NANOSECONDS);
                    return;
                }
                if (decision instanceof Decision.Later later) {
                    start(later, nanos);
                    return;
                }
                if (!(decision instanceof Decision.Allow) || ++at == policies.length) {
                    end(decision);
                    return;
                }
                decision = ask(policies[at], command, nanos);
            }
        }

        private void delayed(Decision decision) {
            timer = null;
            Decision next = decision;
            try {
                policies[at].onDelayed();
            } catch (RuntimeException | Error e) {
                LOG.error("A policy failed", e);
                next = FAILED;
            }
            carryOut(next, context.clock().nanoTime());
        }

        private void start(Decision.Later later, long nanos) {
            asked = later;
            boolean[] during = {true};
            try {
                later.start(decision -> {
                    if (asked != later) {
                        return; // cancelled meanwhile, or told twice
                    }
                    asked = null;
                    carryOut(
                            decision instanceof Decision.Later ? twice(decision) : decision,
                            during[0] ? nanos : context.clock().nanoTime());
                });
            } catch (RuntimeException | Error e) {
                LOG.error("A policy failed", e);
                asked = null;
                carryOut(FAILED, nanos);
            }
            during[0] = false;
        }

        private static Decision twice(Decision decision) {
            LOG.error("A policy puts a decision off twice: {}", decision);
            return FAILED;
        }

        private void end(Decision decision) {
            over = true;
            waiting.remove(this);
            release(policies, true);
            tell(then, decision);
        }

        @Override
        public void cancel() {
            if (over) {
                return;
            }
            over = true;
            waiting.remove(this);
            Future<?> running = timer;
            if (running != null) {
                running.cancel(false);
            }
            Decision.Later open = asked;
            asked = null;
            if (open != null) {
                open.cancel();
            }
            release(policies, false);
        }
    }
}
