package dev.weir.core.protocol;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.protocol.CommandPolicy.Decision;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What rules about commands are checked against and resolved by: the commands of a {@link Protocol}, or of a terminal that makes its
 * own set (the routes of {@code http}). Immutable.
 *
 * @param protocol its name, for messages
 * @param set the commands
 * @param errors what its error codes look like
 * @param inTerminal whether a terminal asks, one command by itself, so that there is no stream to be cut
 * @param services services that the protocol carries, whose operations rules may name as well
 * @param noNamespaces why rules cannot ask for {@link Command#namespace()}; empty if they can
 */
public record KnownCommands(
        String protocol,
        CommandSet set,
        ErrorCodes errors,
        boolean inTerminal,
        List<Service> services,
        String noNamespaces) {
    /**
     * A service that is carried.
     *
     * @param name its name, as in exchanges: {@code dynamodb}
     * @param operations its closed set, {@code _OTHER} among them
     * @param open whether there are others that nobody knows beforehand: {@code package.Service/Method}
     */
    public record Service(String name, Set<String> operations, boolean open) {
        /** Copies what it is given. */
        public Service {
            operations = Set.copyOf(operations);
        }
    }

    /** Copies what it is given. */
    public KnownCommands {
        services = List.copyOf(services);
    }

    /** Without services. */
    public KnownCommands(String protocol, CommandSet set, ErrorCodes errors, boolean inTerminal) {
        this(protocol, set, errors, inTerminal, List.of(), "");
    }

    /**
     * How error codes are written in a configuration.
     *
     * @param key the key: {@code code}, {@code status}
     * @param expected what is expected there, for messages
     * @param valid whether a text is such a code
     */
    public record ErrorCodes(String key, String expected, Predicate<String> valid) {
        /** Whatever the protocol's framer makes of it. */
        public static final ErrorCodes ANY = new ErrorCodes("code", "a code", text -> true);

        /** Reads the code in {@code error}, or {@code absent}. */
        public @Nullable String read(ConfigNode error, @Nullable String absent) {
            String code = error.string(key, absent);
            if (code != null && error.has(key) && !valid.test(code)) {
                error.error(key, "\"" + code + "\" (expected: " + expected + ")");
            }
            return code;
        }
    }

    /** The commands of a protocol whose streams are cut by its framer. */
    static KnownCommands of(Protocol protocol, CommandSet set) {
        return new KnownCommands(protocol.name(), set, ErrorCodes.ANY, false);
    }

    /**
     * A refusal with the protocol's error code for {@code refusal}.
     *
     * @param message shown to clients: it should say nothing that they are not to know
     */
    public Decision.Deny refusal(Refusal refusal, String message) {
        return new Decision.Deny(set.code(refusal), message);
    }

    /**
     * Reports keys that have no meaning in a terminal: those about connections, which are judged before it, and those that say how a
     * stream is to be cut.
     *
     * @param type the filter's type
     * @param ofConnections its keys about connections
     */
    public void rejectFilterKeys(ConfigNode config, String type, List<String> ofConnections) {
        for (String key : ofConnections) {
            if (config.has(key)) {
                config.error(
                        key,
                        "about connections (expected: in a filter \"" + type + "\" before the terminal of the chain)");
            }
        }
        for (String key : List.of("protocol", "on_undecodable")) {
            if (config.has(key)) {
                config.error(key, "the terminal decodes " + protocol + " by itself (expected: without)");
            }
        }
    }
}
