package dev.weir.core.ratelimit;

import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.Command.Kind;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Where the value of an entry of a descriptor comes from. */
enum Source {
    /** The client's address without its port. */
    REMOTE_ADDRESS(false),
    /** The name of the listener. */
    LISTENER(false),
    /** What the client calls itself, if a sniffer before this filter has seen it. */
    APP(false),
    /** The server name the client asked for by TLS. */
    SNI(false),
    /** The user. */
    USER(true),
    /** The current database. */
    NAMESPACE(true),
    /** The command. */
    COMMAND(true),
    /** {@code read}, {@code write}, {@code session} or {@code login}. */
    KIND(true),
    /** The first keyword of a command's statement. */
    STATEMENT(true),
    /** What else a command has, by name. */
    ATTRIBUTE(true);

    private static final String[] KINDS = Arrays.stream(Kind.values())
            .map(k -> k.name().toLowerCase(Locale.ROOT))
            .toArray(String[]::new);

    private final boolean ofCommand;

    Source(boolean ofCommand) {
        this.ofCommand = ofCommand;
    }

    /** Whether only commands have it. */
    boolean ofCommand() {
        return ofCommand;
    }

    /** Whether it may change with answers that are still to come. */
    boolean ofSession() {
        return this == USER || this == NAMESPACE;
    }

    /** As in settings; also the key of the entry. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    static List<String> labels(boolean commands) {
        return Arrays.stream(values())
                .filter(source -> source != ATTRIBUTE && (commands || !source.ofCommand))
                .map(Source::label)
                .toList();
    }

    /**
     * The value, or null if there is none.
     *
     * @param command null for a connection
     * @param name of an {@link #ATTRIBUTE}
     */
    @Nullable
    String value(Connection connection, @Nullable Command command, String name) {
        switch (this) {
            case REMOTE_ADDRESS:
                return connection.clientHost();
            case LISTENER:
                return connection.listener();
            case APP:
                return connection.get(ConnectionAttribute.APP);
            case SNI:
                return connection.get(ConnectionAttribute.SNI);
            default:
                return command == null ? null : ofCommand(command, name);
        }
    }

    private @Nullable String ofCommand(Command command, String name) {
        return switch (this) {
            case USER -> command.kind() == Kind.LOGIN ? null : command.user();
            case NAMESPACE -> command.namespace();
            case COMMAND -> command.name();
            case KIND -> KINDS[command.kind().ordinal()];
            case STATEMENT -> command.statement();
            default -> command.attribute(name);
        };
    }
}
