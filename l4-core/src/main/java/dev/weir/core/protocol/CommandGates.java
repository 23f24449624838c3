package dev.weir.core.protocol;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Names;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.CommandPolicy.Decision;
import io.micrometer.core.instrument.Counter;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What all filters of single commands have in common: the keys {@code protocol} and {@code on_undecodable}, the error codes, and the
 * gate of each connection. Read once by a factory; immutable.
 *
 * <pre>
 *   CommandGates gates = CommandGates.read(config, environment, "rate_limit", Undecodable.PASS);
 *   if (gates == null) return …;                          // a problem was reported
 *   Decision refused = gates.refusal(Refusal.RATE_LIMITED, "rate limited");   // made once, no allocation per command
 *   return loop -&gt; connection -&gt; gates.gate(loop, connection, new MyPolicy(refused));
 * </pre>
 *
 * <p>Names in a configuration are to be checked against {@link #commands}, users only be decided by where it
 * {@linkplain CommandSet#tellsUsers tells} them. Policies that decide by user or namespace say so by
 * {@link CommandPolicy#asksSession}.
 */
public final class CommandGates {
    /** What becomes of a connection whose bytes cannot be cut into commands, or not any more. */
    public enum Undecodable {
        /** It is closed: for filters that protect. */
        CLOSE,
        /** Everything passes without being asked about: for filters that a connection can do without. */
        PASS
    }

    private final Protocol protocol;
    private final KnownCommands known;
    private final Undecodable undecodable;
    private final Counter undecoded;

    private CommandGates(Protocol protocol, CommandSet commands, Undecodable undecodable, Counter undecoded) {
        this.protocol = protocol;
        this.known = KnownCommands.of(protocol, commands);
        this.undecodable = undecodable;
        this.undecoded = undecoded;
    }

    /**
     * Reads {@code protocol}, which has to be there, and {@code on_undecodable}.
     *
     * @param filter the type of the filter, for the metric
     * @param absent what {@code on_undecodable} is if the configuration does not say
     * @return null if a problem was reported
     */
    public static @Nullable CommandGates read(
            ConfigNode config, FilterEnvironment environment, String filter, Undecodable absent) {
        String action = config.oneOf("on_undecodable", label(absent), List.of("close", "pass"));
        String name = config.string("protocol");
        if (name.isEmpty()) {
            return null;
        }
        Protocol protocol = find(environment.protocols(), name);
        CommandSet commands = protocol == null ? null : protocol.commands();
        if (protocol == null || commands == null) {
            List<String> valid = environment.protocols().stream()
                    .filter(each -> each.commands() != null)
                    .map(Protocol::name)
                    .sorted()
                    .toList();
            String problem = protocol == null
                    ? "\"" + name + "\"" + Names.suggest(name, valid)
                    : "\"" + name + "\" cannot be cut into single commands (expected: " + String.join(", ", valid)
                            + ")";
            config.error("protocol", problem);
            return null;
        }
        Counter undecoded = Counter.builder("weir_gate_undecodable")
                .description("Connections that could not be cut into single commands, or not any more")
                .tag("listener", environment.listener())
                .tag("filter", filter)
                .tag("action", action)
                .register(environment.meters());
        return new CommandGates(
                protocol, commands, action.equals("close") ? Undecodable.CLOSE : Undecodable.PASS, undecoded);
    }

    private static String label(Undecodable undecodable) {
        return undecodable == Undecodable.CLOSE ? "close" : "pass";
    }

    private static @Nullable Protocol find(Collection<Protocol> protocols, String name) {
        for (Protocol protocol : protocols) {
            if (protocol.name().equals(name) || protocol.aliases().contains(name)) {
                return protocol;
            }
        }
        return null;
    }

    /** The protocol. */
    public Protocol protocol() {
        return protocol;
    }

    /** What there is to know about its commands. */
    public CommandSet commands() {
        return known.set();
    }

    /** The same, for those who read rules about commands. */
    public KnownCommands known() {
        return known;
    }

    /**
     * A refusal with the protocol's error code for {@code refusal}.
     *
     * @param message shown to clients: it should say nothing that they are not to know
     */
    public Decision.Deny refusal(Refusal refusal, String message) {
        return known.refusal(refusal, message);
    }

    /** The gate of one connection; to be made on its loop, once. */
    public NetworkFilter gate(LoopEnvironment loop, Connection connection, CommandPolicy policy) {
        CommandFramer framer = protocol.framer(connection, loop.inflaters());
        if (framer == null) {
            throw new IllegalStateException(protocol.name() + " has commands, but no framer");
        }
        return new CommandGate(framer, policy, undecodable == Undecodable.PASS, undecoded::increment);
    }
}
