package dev.weir.core.ratelimit;

import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.CommandChoice;
import org.jspecify.annotations.Nullable;

/**
 * Which commands a limit counts. What clients need to log in, and to find out how their server is, is counted only where it is
 * named: refusing it does more harm than it saves.
 *
 * @param choice those that are named; null for all
 */
record Cover(@Nullable CommandChoice choice) {
    static final Cover ALL = new Cover(null);

    boolean covers(Command command) {
        return choice == null ? command.kind() != Kind.LOGIN : choice.contains(command);
    }
}
