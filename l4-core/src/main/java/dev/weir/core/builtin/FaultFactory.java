package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandGates;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The filter {@code fault}: delays and errors on purpose, of single commands ({@code rules}) and of whole connections
 * ({@code connections}), for tests of what clients make of them.
 */
public final class FaultFactory implements FilterFactory {
    private static final NetworkFilter NOTHING = new NetworkFilter() {};

    /** For ServiceLoader. */
    public FaultFactory() {}

    /** What {@code rules} says. */
    private record Commands(CommandGates gates, CommandRules rules, FaultRule[] faults) {}

    @Override
    public String type() {
        return "fault";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        boolean enabled = config.bool("enabled", true);
        int most = (int) config.integer("max_active", Integer.MAX_VALUE, 1, Integer.MAX_VALUE);
        boolean seeded = config.has("seed");
        long seed = config.integer("seed", 0, Long.MIN_VALUE / 2, Long.MAX_VALUE / 2);
        if (!config.has("rules") && !config.has("connections")) {
            config.error("no fault given (expected: rules, connections, or both)");
        }
        RuleNames names = new RuleNames();
        boolean perCommand = config.has("rules") || config.has("protocol") || config.has("on_undecodable");
        Commands commands = perCommand ? commands(config, names, environment) : null;
        ConnectionFaults connections = ConnectionFaults.read(config, names, environment);
        if (!enabled) {
            return PerLoop.always(connection -> NOTHING);
        }
        ActiveFaults active = new ActiveFaults(most, environment);
        return loop -> {
            SplittableRandom random = seeded ? new SplittableRandom(seed + loop.index()) : new SplittableRandom();
            return connection -> {
                NetworkFilter inner = commands == null
                        ? NOTHING
                        : commands.gates.gate(
                                loop, connection, new FaultPolicy(commands.rules, commands.faults, active, random));
                return connections.isEmpty() ? inner : new FaultFilter(connections, active, random, inner);
            };
        };
    }

    private static @Nullable Commands commands(ConfigNode config, RuleNames names, FilterEnvironment environment) {
        CommandGates gates = CommandGates.read(config, environment, "fault", CommandGates.Undecodable.PASS);
        List<ConfigNode> nodes = RuleNames.rules(config, "rules");
        if (gates == null) {
            return null;
        }
        if (nodes.isEmpty()) {
            config.error("rules", "empty (expected: at least one rule)");
        }
        List<CommandScope> scopes = new ArrayList<>();
        List<FaultRule> faults = new ArrayList<>();
        for (ConfigNode node : nodes) {
            faults.add(FaultRule.read(node, names.next(node), gates, environment));
            scopes.add(CommandScope.read(node, gates, false));
            node.rejectUnknown();
        }
        return new Commands(gates, new CommandRules(scopes, gates.commands()), faults.toArray(new FaultRule[0]));
    }
}
