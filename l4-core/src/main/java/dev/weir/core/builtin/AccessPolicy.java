package dev.weir.core.builtin;

import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.PolicyContext;
import org.jspecify.annotations.Nullable;

/** Judges the commands of one connection by the {@link AccessRules}, after its client by the {@link AccessClients}. */
final class AccessPolicy implements CommandPolicy {
    private final @Nullable AccessClients clients;
    private final AccessRules rules;
    private CommandRules.@Nullable Matcher matcher;

    /** {@code clients} is null where connections are not judged. */
    AccessPolicy(@Nullable AccessClients clients, AccessRules rules) {
        this.clients = clients;
        this.rules = rules;
    }

    @Override
    public void onOpen(PolicyContext context) {
        if (clients != null) {
            clients.judge(context);
        }
        matcher = rules.rules.matcher(context.connection());
    }

    @Override
    public boolean asksSession() {
        return rules.rules.askSession();
    }

    @Override
    public Decision decide(Command command, long nanos) {
        CommandRules.Matcher own = matcher;
        if (own == null) {
            return rules.refused;
        }
        long matching = own.of(command);
        boolean login = command.kind() == Command.Kind.LOGIN;
        long denying = matching & rules.deny;
        long allowing = own.ofAll(command, matching, rules.allow);
        if (denying != 0 || unlisted(rules.allow, allowing, login)) {
            rules.counters(denying).denied().increment();
            return rules.refused;
        }
        long shadowed = matching & rules.shadowDeny;
        long anyAllow = rules.shadowAllow == 0 ? 0 : rules.allow | rules.shadowAllow;
        if (shadowed != 0 || unlisted(anyAllow, own.ofAll(command, matching, anyAllow), login)) {
            rules.counters(shadowed).shadowDenied().increment();
        } else {
            rules.counters(allowing).allowed().increment();
        }
        return Decision.ALLOW;
    }

    /** Whether there are rules that allow, and none does. */
    private static boolean unlisted(long rules, long allowing, boolean login) {
        return rules != 0 && allowing == 0 && !login;
    }
}
