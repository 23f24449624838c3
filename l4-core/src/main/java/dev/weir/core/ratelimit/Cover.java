package dev.weir.core.ratelimit;

import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.Command.Kind;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which commands a limit counts. What clients need to log in, and to find out how their server is, is counted only by name:
 * refusing it does more harm than it saves.
 *
 * @param names their names; empty for all
 * @param kind only those of this kind; null for all
 */
record Cover(Set<String> names, @Nullable Kind kind) {
    boolean covers(Command command) {
        if (!names.isEmpty() && !names.contains(command.name())) {
            return false;
        }
        Kind its = command.kind();
        return kind == null ? !names.isEmpty() || its != Kind.LOGIN : its == kind;
    }
}
