package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;

/**
 * The filter {@code access}: who may connect, by address ({@code allow}, {@code deny}), and which commands they may send
 * ({@code rules}). With {@code shadow} it only counts.
 */
public final class AccessFactory implements FilterFactory {
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
        AccessRules rules = commands ? AccessRules.read(config, environment, shadow) : null;
        if (rules == null) {
            NetworkFilter filter = new ClientsOnly(clients);
            return PerLoop.always(connection -> filter);
        }
        return loop -> connection -> rules.gates.gate(loop, connection, new AccessPolicy(clients, rules));
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
