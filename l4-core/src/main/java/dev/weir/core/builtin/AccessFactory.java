package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandGates;
import dev.weir.core.protocol.CommandPolicy;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.PolicyFactory;
import java.util.List;

/**
 * The filter {@code access}: who may connect, by address ({@code allow}, {@code deny}), and which commands they may send
 * ({@code rules}). With {@code shadow} it only counts.
 */
public final class AccessFactory implements FilterFactory, PolicyFactory {
    /** For ServiceLoader. */
    public AccessFactory() {}

    @Override
    public String type() {
        return "access";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        boolean shadow = config.bool("shadow", false);
        AccessClients clients = new AccessClients(config, environment, shadow);
        boolean commands = config.has("rules") || config.has("protocol") || config.has("on_undecodable");
        if (!config.has("allow") && !config.has("deny") && !commands) {
            config.error("no rule given (expected: allow, deny, rules, or several of them)");
        }
        CommandGates gates =
                commands ? CommandGates.read(config, environment, type(), CommandGates.Undecodable.CLOSE) : null;
        if (gates == null) {
            NetworkFilter filter = new ClientsOnly(clients);
            return PerLoop.always(connection -> filter);
        }
        AccessRules rules = AccessRules.read(config, gates.known(), environment, shadow);
        return loop -> connection -> gates.gate(loop, connection, new AccessPolicy(clients, rules));
    }

    @Override
    public PerLoop<CommandPolicy> policies(ConfigNode config, KnownCommands commands, FilterEnvironment environment) {
        commands.rejectFilterKeys(config, type(), List.of("allow", "deny"));
        boolean shadow = config.bool("shadow", false);
        AccessRules rules = AccessRules.read(config, commands, environment, shadow);
        return PerLoop.always(connection -> new AccessPolicy(null, rules));
    }

    /** Has no state per connection, so all share one. */
    private record ClientsOnly(AccessClients clients) implements NetworkFilter {
        @Override
        public Opening onOpen(FilterContext context) {
            clients.judge(context);
            return Opening.PROCEED;
        }
    }
}
