package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandGates;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.PolicyFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The filter {@code fault}: delays and errors on purpose, of single commands ({@code rules}) and of whole connections
 * ({@code connections}), for tests of what clients make of them.
 */
public final class FaultFactory implements FilterFactory, PolicyFactory {
    private static final NetworkFilter NOTHING = new NetworkFilter() {};

    /** For ServiceLoader. */
    public FaultFactory() {}

    /** What {@code rules} says. */
    private record Commands(CommandRules rules, FaultRule[] faults) {
        FaultPolicy policy(ActiveFaults active, SplittableRandom random) {
            return new FaultPolicy(rules, faults, active, random);
        }
    }

    /** What holds for all faults of a filter. */
    private record Settings(
            boolean enabled, int most, @Nullable Long seed) {
        static Settings read(ConfigNode config) {
            boolean enabled = config.bool("enabled", true);
            int most = (int) config.integer("max_active", Integer.MAX_VALUE, 1, Integer.MAX_VALUE);
            long seed = config.integer("seed", 0, Long.MIN_VALUE / 2, Long.MAX_VALUE / 2);
            return new Settings(enabled, most, config.has("seed") ? seed : null);
        }

        SplittableRandom random(LoopEnvironment loop) {
            return seed == null ? new SplittableRandom() : new SplittableRandom(seed + loop.index());
        }
    }

    @Override
    public String type() {
        return "fault";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        Settings settings = Settings.read(config);
        if (!config.has("rules") && !config.has("connections")) {
            config.error("no fault given (expected: rules, connections, or both)");
        }
        RuleNames names = new RuleNames();
        boolean perCommand = config.has("rules") || config.has("protocol") || config.has("on_undecodable");
        CommandGates gates =
                perCommand ? CommandGates.read(config, environment, type(), CommandGates.Undecodable.PASS) : null;
        Commands commands = gates == null ? null : commands(config, names, gates.known(), environment);
        ConnectionFaults connections = ConnectionFaults.read(config, names, environment);
        if (!settings.enabled) {
            return PerLoop.always(connection -> NOTHING);
        }
        ActiveFaults active = new ActiveFaults(settings.most, environment);
        return loop -> {
            SplittableRandom random = settings.random(loop);
            return connection -> {
                NetworkFilter inner = commands == null || gates == null
                        ? NOTHING
                        : gates.gate(loop, connection, commands.policy(active, random));
                return connections.isEmpty() ? inner : new FaultFilter(connections, active, random, inner);
            };
        };
    }

    @Override
    public PerLoop<CommandPolicy> policies(ConfigNode config, KnownCommands commands, FilterEnvironment environment) {
        commands.rejectFilterKeys(config, type(), List.of("connections"));
        Settings settings = Settings.read(config);
        Commands read = commands(config, new RuleNames(), commands, environment);
        ActiveFaults active = new ActiveFaults(settings.most, environment);
        if (!settings.enabled) {
            return PerLoop.always(connection -> (command, nanos) -> Decision.ALLOW);
        }
        return loop -> {
            SplittableRandom random = settings.random(loop);
            return connection -> read.policy(active, random);
        };
    }

    private static Commands commands(
            ConfigNode config, RuleNames names, KnownCommands known, FilterEnvironment environment) {
        List<ConfigNode> nodes = RuleNames.rules(config, "rules");
        if (nodes.isEmpty()) {
            config.error("rules", "empty (expected: at least one rule)");
        }
        List<CommandScope> scopes = new ArrayList<>();
        List<FaultRule> faults = new ArrayList<>();
        for (ConfigNode node : nodes) {
            faults.add(FaultRule.read(node, names.next(node), known, environment));
            scopes.add(CommandScope.read(node, known, false));
            node.rejectUnknown();
        }
        return new Commands(new CommandRules(scopes, known), faults.toArray(new FaultRule[0]));
    }
}
