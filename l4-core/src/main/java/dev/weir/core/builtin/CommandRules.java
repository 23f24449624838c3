package dev.weir.core.builtin;

import dev.weir.core.filter.Connection;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.ServiceOperation;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Up to {@value #MOST} rules, one bit each: which of them match a command is found by a few ANDs of masks that were made before the
 * first one. Immutable; {@link Matcher} is what a connection has of it.
 *
 * <p>Which rules match a command:
 *
 * <ul>
 *   <li>log-ins: not those with {@code users} or {@code namespaces}, as neither is known before;
 *   <li>commands of the session: whatever {@code namespaces} says of rules that allow, and not those that deny by it, as these commands
 *       run in none;
 *   <li>all others: those whose conditions all hold;
 *   <li>where a protocol carries services, a command has several names: a rule is about it if it is about any of them, and what is to be allowed has to be so
 *       under each that rules which allow speak of ({@link Matcher#ofAll}).
 * </ul>
 */
final class CommandRules {
    /** How many rules there may be. */
    static final int MOST = Long.SIZE;

    private final List<CommandScope> scopes;
    private final Map<String, Long> byName = new HashMap<>();
    private final long[] byKind = new long[Kind.values().length];
    private final Map<String, Long> byStatement = new HashMap<>();
    private final long other;
    private final long otherStatement;
    private final long noStatement;
    private final long withUsers;
    private final long withNamespaces;
    private final long cautious;
    /** Rules that name commands, or services' operations; by service. */
    private final long withNames;

    private final Map<String, Long> withServices = new HashMap<>();
    private final Map<ServiceOperation, Long> byOperation = new HashMap<>();

    CommandRules(List<CommandScope> scopes, KnownCommands known) {
        this.scopes = List.copyOf(scopes);
        for (String name : known.set().names()) {
            byName.put(name, mask(scope -> scope.about(name)));
        }
        for (Kind kind : Kind.values()) {
            byKind[kind.ordinal()] = mask(scope -> scope.about(kind));
        }
        for (String statement : known.set().statements()) {
            byStatement.put(statement, mask(scope -> scope.aboutStatement(statement)));
        }
        other = mask(scope -> scope.about(CommandSet.OTHER));
        otherStatement = mask(scope -> scope.aboutStatement(CommandSet.OTHER));
        noStatement = mask(scope -> scope.aboutStatement(null));
        withUsers = mask(scope -> scope.users() != null);
        withNamespaces = mask(scope -> scope.namespaces() != null);
        cautious = mask(scope -> scope.client().cautious());
        withNames = mask(CommandScope::namesCommands);
        for (KnownCommands.Service service : known.services()) {
            withServices.put(service.name(), mask(scope -> scope.namesService(service.name())));
            for (String operation : service.operations()) {
                ServiceOperation asked = new ServiceOperation(service.name(), operation);
                byOperation.put(asked, mask(scope -> scope.about(asked)));
            }
        }
    }

    private long mask(Predicate<CommandScope> matches) {
        long mask = 0;
        for (int i = 0; i < scopes.size(); i++) {
            if (matches.test(scopes.get(i))) {
                mask |= 1L << i;
            }
        }
        return mask;
    }

    /** Whether any rule asks for the user or the database. */
    boolean askSession() {
        return (withUsers | withNamespaces) != 0;
    }

    /** The rules for one connection; to be made when its attributes are set. */
    Matcher matcher(Connection connection) {
        return new Matcher(this, mask(scope -> scope.about(connection)));
    }

    /** Remembers what the last command had in common with the one before. On the connection's loop. */
    static final class Matcher {
        private final CommandRules rules;
        private final long connection;
        private @Nullable String name;
        private long nameMask;
        private @Nullable String user;
        private long userMask;
        private @Nullable String namespace;
        private long namespaceMask;

        Matcher(CommandRules rules, long connection) {
            this.rules = rules;
            this.connection = connection;
            this.userMask = rules.mask(scope -> scope.aboutUser(null));
            this.namespaceMask = rules.mask(scope -> scope.aboutNamespace(null));
        }

        /** The rules that match, by any of the command's names: bit 0 is the first one. */
        long of(Command command) {
            Kind kind = command.kind();
            long mask = connection & (named(command) | services(command)) & statement(command.statement());
            if (kind == Kind.LOGIN) {
                return mask & ~(rules.withUsers | rules.withNamespaces);
            }
            if ((mask & rules.withUsers) != 0) {
                mask &= user(command.user());
            }
            if ((mask & rules.withNamespaces) != 0) {
                mask &= kind == Kind.SESSION ? ~(rules.withNamespaces & rules.cautious) : namespaces(command);
            }
            return mask;
        }

        /**
         * Which rules of {@code matching} are about {@code command} under each of its names that {@code among} speaks of: 0 if one of these names is in none
         * of them.
         */
        long ofAll(Command command, long matching, long among) {
            List<ServiceOperation> asked = command.serviceOperations();
            long found = matching & among;
            if (found == 0 || asked.isEmpty()) {
                return found;
            }
            if ((among & rules.withNames) != 0 && (found & named(command)) == 0) {
                return 0;
            }
            for (int i = 0; i < asked.size(); i++) {
                Long speaking = rules.withServices.get(asked.get(i).service());
                if (speaking != null && (among & speaking) != 0 && (found & service(command, asked.get(i))) == 0) {
                    return 0;
                }
            }
            return found;
        }

        /** By the command's own name, and by its kind. */
        @SuppressWarnings("ReferenceEquality") // the same text in another object is only found again
        private long named(Command command) {
            String asked = command.name();
            if (asked != name) {
                name = asked;
                Long found = rules.byName.get(asked);
                nameMask = found == null ? rules.other : found;
            }
            return nameMask | rules.byKind[command.kind().ordinal()];
        }

        private long services(Command command) {
            List<ServiceOperation> asked = command.serviceOperations();
            long mask = 0;
            for (int i = 0; i < asked.size(); i++) {
                mask |= service(command, asked.get(i));
            }
            return mask;
        }

        private long service(Command command, ServiceOperation operation) {
            Long known = rules.byOperation.get(operation);
            long mask = known != null ? known : rules.mask(scope -> scope.about(operation));
            return mask | rules.byKind[command.kind().ordinal()];
        }

        private long namespaces(Command command) {
            List<String> several = command.namespaces();
            return several.isEmpty()
                    ? namespace(command.namespace())
                    : rules.mask(scope -> scope.aboutNamespaces(several));
        }

        private long statement(@Nullable String statement) {
            if (statement == null) {
                return rules.noStatement;
            }
            Long found = rules.byStatement.get(statement);
            return found == null ? rules.otherStatement : found;
        }

        @SuppressWarnings("ReferenceEquality")
        private long user(@Nullable String now) {
            if (now != user) {
                user = now;
                userMask = rules.mask(scope -> scope.aboutUser(now));
            }
            return userMask;
        }

        @SuppressWarnings("ReferenceEquality")
        private long namespace(@Nullable String now) {
            if (now != namespace) {
                namespace = now;
                namespaceMask = rules.mask(scope -> scope.aboutNamespace(now));
            }
            return namespaceMask;
        }
    }
}
