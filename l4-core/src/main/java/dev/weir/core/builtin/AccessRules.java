package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.Refusal;
import io.micrometer.core.instrument.Counter;
import java.util.ArrayList;
import java.util.List;

/**
 * The rules of {@code access} for single commands, each with its counters. A rule that denies wins; where there is one that allows,
 * all but log-ins that none allows is refused. Rules in shadow are judged along, and only counted. Immutable.
 */
final class AccessRules {
    /** The label of what no rule decided. */
    static final String NONE = "_none";

    private static final String MESSAGE = "this command is not allowed here";

    /** What became of commands by one rule. */
    record Counters(Counter allowed, Counter denied, Counter shadowDenied) {
        static Counters of(FilterEnvironment environment, String rule) {
            return new Counters(
                    counter(environment, rule, "allowed"),
                    counter(environment, rule, "denied"),
                    counter(environment, rule, "shadow_denied"));
        }

        private static Counter counter(FilterEnvironment environment, String rule, String action) {
            return Counter.builder("weir_access_commands")
                    .description("Commands that the access filter judged, by the rule that decided")
                    .tag("listener", environment.listener())
                    .tag("rule", rule)
                    .tag("action", action)
                    .register(environment.meters());
        }
    }

    final CommandRules rules;
    final Decision refused;
    final long deny;
    final long allow;
    final long shadowDeny;
    final long shadowAllow;
    private final Counters[] counters;
    private final Counters none;

    private AccessRules(
            KnownCommands known, List<CommandScope> scopes, Counters[] counters, Counters none, long[] masks) {
        this.rules = new CommandRules(scopes, known);
        this.refused = known.refusal(Refusal.DENIED, MESSAGE);
        this.counters = counters;
        this.none = none;
        this.deny = masks[0];
        this.allow = masks[1];
        this.shadowDeny = masks[2];
        this.shadowAllow = masks[3];
    }

    /** Reads {@code rules}. */
    static AccessRules read(ConfigNode config, KnownCommands known, FilterEnvironment environment, boolean shadow) {
        List<ConfigNode> nodes = RuleNames.rules(config, "rules");
        if (nodes.isEmpty()) {
            config.error("rules", "empty (expected: at least one rule)");
        }
        List<CommandScope> scopes = new ArrayList<>();
        Counters[] counters = new Counters[nodes.size()];
        long[] masks = new long[4];
        RuleNames names = new RuleNames();
        for (ConfigNode node : nodes) {
            int number = scopes.size();
            String name = names.next(node);
            if (!node.has("action")) {
                node.error("action", "missing (expected: allow, deny)");
            }
            boolean denies =
                    !node.oneOf("action", "deny", List.of("allow", "deny")).equals("allow");
            boolean shadowed = node.bool("shadow", false) || shadow;
            scopes.add(CommandScope.read(node, known, denies));
            node.rejectUnknown();
            counters[number] = Counters.of(environment, name);
            masks[(shadowed ? 2 : 0) + (denies ? 0 : 1)] |= 1L << number;
        }
        return new AccessRules(known, scopes, counters, Counters.of(environment, NONE), masks);
    }

    /** The counters of the first rule of {@code mask}, or those of no rule. */
    Counters counters(long mask) {
        return mask == 0 ? none : counters[Long.numberOfTrailingZeros(mask)];
    }
}
