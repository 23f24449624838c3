package dev.weir.core.protocol;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What can be said about single commands of a protocol whose streams can be cut into them: filters of commands check their
 * configuration against it and resolve everything by it before the first connection. Immutable.
 *
 * @param names all that {@link Command#name()} may answer, {@code _OTHER} among them
 * @param statements all that {@link Command#statement()} may answer, {@code _OTHER} among them; empty if commands carry none. Those
 *     that begin with {@code _} tell that it may be any statement
 * @param tellsUsers whether {@link Command#user()} is known of who has logged in
 * @param codes the protocol's error code for each kind of refusal
 * @param attributes what {@link Command#attribute} may be asked for; those that end with {@code :} take a name behind it
 */
public record CommandSet(
        Set<String> names,
        Set<String> statements,
        boolean tellsUsers,
        Map<Refusal, String> codes,
        Set<String> attributes) {
    /** What stands for every name or keyword that is in no set. */
    public static final String OTHER = "_OTHER";

    /** Copies what it is given. */
    public CommandSet {
        names = Set.copyOf(names);
        statements = Set.copyOf(statements);
        codes = Map.copyOf(codes);
        attributes = Set.copyOf(attributes);
    }

    /** Without attributes. */
    public CommandSet(Set<String> names, Set<String> statements, boolean tellsUsers, Map<Refusal, String> codes) {
        this(names, statements, tellsUsers, codes, Set.of());
    }

    /** The error code for {@code refusal}, or null for the protocol's usual one. */
    public @Nullable String code(Refusal refusal) {
        return codes.get(refusal);
    }
}
