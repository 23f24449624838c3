package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.CommandPolicies;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.PolicyGate;
import dev.weir.core.protocol.Refusal;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The key {@code policies} of the terminal {@code http}: {@code access}, {@code rate_limit}, {@code fault} and what else there is for
 * single commands, asked about each exchange. Immutable; {@link ConnectionPolicies} is what a connection has of it.
 */
final class HttpPolicies {
    private static final int LOWEST_STATUS = 200;
    private static final int HIGHEST_STATUS = 599;

    private final PerLoop<PolicyGate> gates;
    private final CarriedNames names;

    private HttpPolicies(PerLoop<PolicyGate> gates, CarriedNames names) {
        this.gates = gates;
        this.names = names;
    }

    /**
     * Reads {@code policies}, and reports problems.
     *
     * @param operations all names that exchanges may have, as {@code GET /users/{id}}; {@code _OTHER} is added
     * @param services whose operations rules may name besides
     * @return null if there are none
     */
    static @Nullable HttpPolicies read(
            ConfigNode terminal, FilterEnvironment environment, Set<String> operations, CarriedNames services) {
        PerLoop<PolicyGate> gates =
                CommandPolicies.read(terminal, "policies", known(operations, services), environment);
        return gates == null ? null : new HttpPolicies(gates, services);
    }

    private static KnownCommands known(Set<String> operations, CarriedNames services) {
        Set<String> names = new HashSet<>(operations);
        names.add(CommandSet.OTHER);
        CommandSet set = new CommandSet(
                names,
                Set.of(),
                true,
                Map.of(Refusal.DENIED, "403", Refusal.RATE_LIMITED, "429", Refusal.FAULT, "503"),
                HttpCommand.ATTRIBUTES);
        KnownCommands.ErrorCodes statuses = new KnownCommands.ErrorCodes(
                "status", "a status, " + LOWEST_STATUS + ".." + HIGHEST_STATUS, text -> status(text) > 0);
        return new KnownCommands("http", set, statuses, true, services.known(), services.noNamespaces());
    }

    /** The status that a code of a policy is, or 0. */
    static int status(@Nullable String code) {
        if (code == null || code.length() != 3) {
            return 0;
        }
        int status = 0;
        for (int i = 0; i < code.length(); i++) {
            char digit = code.charAt(i);
            if (digit < '0' || digit > '9') {
                return 0;
            }
            status = status * 10 + digit - '0';
        }
        return status >= LOWEST_STATUS && status <= HIGHEST_STATUS ? status : 0;
    }

    /** What the connections of a loop get; the attributes of a connection have to be set when its policies are made. */
    PerLoop.PerConnection<ConnectionPolicies> onLoop(LoopEnvironment loop) {
        PerLoop.PerConnection<PolicyGate> made = gates.onLoop(loop);
        return connection -> new ConnectionPolicies(made.create(connection), names);
    }
}
