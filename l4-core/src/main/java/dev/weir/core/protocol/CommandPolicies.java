package dev.weir.core.protocol;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Names;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The list {@code policies} of a terminal that finds the commands itself.
 *
 * <pre>
 *   PerLoop&lt;PolicyGate&gt; policies = CommandPolicies.read(config, "policies", known, environment);   // null: none
 *   PolicyGate gate = policies.onLoop(loop).create(connection);
 *   PolicyWait wait = gate.decide(command, nanos, decision -&gt; …);                      // null: decided
 * </pre>
 */
public final class CommandPolicies {
    /** More would make each command dear. */
    private static final int MOST = 16;

    private CommandPolicies() {}

    /**
     * Reads the list at {@code key}, and reports problems.
     *
     * @return the gate of each connection, to be made when its attributes are set; null if there is no policy
     */
    public static @Nullable PerLoop<PolicyGate> read(
            ConfigNode config, String key, KnownCommands known, FilterEnvironment environment) {
        Map<String, PolicyFactory> factories = new TreeMap<>();
        environment.policies().forEach(factory -> factories.put(factory.type(), factory));
        List<PerLoop<CommandPolicy>> policies = new ArrayList<>();
        List<ConfigNode> nodes = config.list(key);
        if (nodes.size() > MOST) {
            config.error(key, nodes.size() + " policies (expected: at most " + MOST + ")");
        }
        for (ConfigNode node : nodes) {
            String type = node.string("type");
            PolicyFactory factory = factories.get(type);
            if (factory != null) {
                policies.add(factory.policies(node, known, environment));
                node.rejectUnknown();
            } else if (!type.isEmpty()) {
                node.error("type", "\"" + type + "\"" + Names.suggest(type, factories.keySet()));
            }
        }
        if (policies.isEmpty()) {
            return null;
        }
        return loop -> {
            List<PerLoop.PerConnection<CommandPolicy>> onLoop =
                    policies.stream().map(each -> each.onLoop(loop)).toList();
            return connection -> new PolicyGate(onLoop, PolicyContext.of(connection, loop.clock()));
        };
    }
}
