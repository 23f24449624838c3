package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Glob;
import dev.weir.core.filter.Connection;
import dev.weir.core.protocol.Command.Kind;
import dev.weir.core.protocol.CommandChoice;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.KnownCommands;
import dev.weir.core.protocol.ServiceChoice;
import dev.weir.core.protocol.ServiceOperation;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which commands a rule is about: all conditions that it has must hold. Resolved against the protocol's set of commands; immutable.
 *
 * @param names commands, or null for all
 * @param kinds beside {@code names}: kinds of commands, or null for all
 * @param services operations of services, beside {@code names}
 * @param statements keywords, or null for all commands, also those without a statement
 * @param namespaces databases, or null for all
 * @param users users, or null for all
 * @param client which clients
 */
record CommandScope(
        @Nullable Set<String> names,
        @Nullable Set<Kind> kinds,
        List<ServiceChoice> services,
        @Nullable Set<String> statements,
        @Nullable List<Glob> namespaces,
        @Nullable List<Glob> users,
        ClientScope client) {
    /**
     * Reads the conditions of a rule.
     *
     * @param cautious whether what is not known counts as matching
     */
    static CommandScope read(ConfigNode rule, KnownCommands commands, boolean cautious) {
        CommandSet known = commands.set();
        String protocol = commands.protocol();
        Set<String> names = null;
        Set<Kind> kinds = null;
        List<ServiceChoice> services = List.of();
        if (rule.has("commands")) {
            CommandChoice choice = CommandChoice.read(rule, "commands", commands);
            names = choice.names();
            kinds = choice.kinds();
            services = choice.services();
        }
        if (rule.has("users") && !known.tellsUsers()) {
            rule.error("users", "the filter cannot tell the users of " + protocol + " (expected: a rule without)");
        }
        if (rule.has("namespaces") && !commands.noNamespaces().isEmpty()) {
            rule.error("namespaces", commands.noNamespaces());
        }
        return new CommandScope(
                names,
                kinds,
                services,
                statements(rule, known, protocol, cautious),
                // Where a server does not mind the case, a rule that denies must not be evaded by it.
                ClientScope.globs(rule, "namespaces", cautious),
                ClientScope.globs(rule, "users", false),
                ClientScope.read(rule, cautious));
    }

    private static @Nullable Set<String> statements(
            ConfigNode rule, CommandSet known, String protocol, boolean cautious) {
        if (!rule.has("statements")) {
            return null;
        }
        if (known.statements().isEmpty()) {
            rule.error("statements", "commands of " + protocol + " carry none (expected: a rule without)");
            return null;
        }
        Set<String> found = new HashSet<>();
        for (ConfigNode node : rule.list("statements")) {
            String text = node.text();
            Glob glob = new Glob(text, true);
            int before = found.size();
            known.statements().stream().filter(glob::matches).forEach(found::add);
            if (found.size() == before && known.statements().stream().noneMatch(glob::matches)) {
                node.error("\"" + text + "\" begins no statement of " + protocol
                        + CommandChoice.nearest(text, known.statements(), "a keyword such as SELECT, or a pattern"));
            }
        }
        if (rule.list("statements").isEmpty()) {
            rule.error("statements", "empty (expected: at least one)");
        }
        if (cautious) {
            // _OTHER, and whatever else says that it may be any statement.
            found.add(CommandSet.OTHER);
            known.statements().stream().filter(name -> name.startsWith("_")).forEach(found::add);
        }
        return found;
    }

    boolean about(String name) {
        return names == null || names.contains(name);
    }

    boolean about(Kind kind) {
        return kinds == null || kinds.contains(kind);
    }

    /** Of a rule with {@code commands}: whether it names any of them. */
    boolean namesCommands() {
        return names != null && !names.isEmpty();
    }

    boolean namesService(String service) {
        return services.stream().anyMatch(choice -> choice.service().equals(service));
    }

    boolean about(ServiceOperation operation) {
        for (int i = 0; i < services.size(); i++) {
            if (services.get(i).contains(operation, client.cautious())) {
                return true;
            }
        }
        return names == null;
    }

    boolean aboutStatement(@Nullable String statement) {
        return statements == null || statement != null && statements.contains(statement);
    }

    boolean aboutNamespace(@Nullable String namespace) {
        return ClientScope.matches(namespaces, namespace, client.cautious());
    }

    /** Rules that deny are about a command if they are about any of its databases, those that allow if they are about all. */
    boolean aboutNamespaces(List<String> several) {
        boolean cautious = client.cautious();
        return cautious
                // What a pattern stands for nobody knows here.
                ? several.stream().anyMatch(one -> one.indexOf('*') >= 0 || aboutNamespace(one))
                : several.stream().allMatch(this::aboutNamespace);
    }

    boolean aboutUser(@Nullable String user) {
        return ClientScope.matches(users, user, client.cautious());
    }

    boolean about(Connection connection) {
        return client.holds(connection);
    }
}
