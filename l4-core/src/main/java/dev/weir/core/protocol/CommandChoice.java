package dev.weir.core.protocol;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Glob;
import dev.weir.core.config.Names;
import dev.weir.core.protocol.Command.Kind;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Commands as configurations name them, resolved against a protocol's set: by name in any case, where a name stands for its
 * sub-commands, too; by patterns; by kind, as in {@code @read}; by what a service that the protocol carries calls them.
 *
 * @param names those named
 * @param kinds all commands of these kinds, beside {@code names}
 * @param services operations of services, beside {@code names}
 */
public record CommandChoice(Set<String> names, Set<Kind> kinds, List<ServiceChoice> services) {
    private static final Map<String, Kind> KINDS =
            Map.of("@login", Kind.LOGIN, "@session", Kind.SESSION, "@read", Kind.READ, "@write", Kind.WRITE);
    private static final String KINDS_TEXT = "@read, @write, @session, @login";

    /** Copies what it is given. */
    public CommandChoice {
        names = Set.copyOf(names);
        kinds = Set.copyOf(kinds);
        services = List.copyOf(services);
    }

    /** Reads the list at {@code key}, which has at least one element, and reports problems. */
    public static CommandChoice read(ConfigNode rule, String key, KnownCommands known) {
        return read(rule, key, known.protocol(), known.set().names(), new ServiceNames(known.services()));
    }

    /** The same for a terminal, which knows by itself the names of the {@code known} commands of its protocol. */
    public static CommandChoice read(ConfigNode rule, String key, String protocol, Set<String> known) {
        return read(rule, key, protocol, known, new ServiceNames(List.of()));
    }

    private static CommandChoice read(
            ConfigNode rule, String key, String protocol, Set<String> known, ServiceNames services) {
        Set<String> names = new HashSet<>();
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        List<ConfigNode> wanted = rule.list(key);
        for (ConfigNode node : wanted) {
            String text = node.text();
            if (!text.startsWith("@")) {
                List<String> found = named(node, text, known, services);
                if (found == null) {
                    node.error("\"" + text + "\" is no command of " + protocol
                            + nearest(
                                    text,
                                    services.with(known),
                                    "a command, a pattern such as GET*, or one of " + KINDS_TEXT));
                } else {
                    names.addAll(found);
                }
                continue;
            }
            Kind kind = KINDS.get(text.toLowerCase(Locale.ROOT));
            if (kind == null) {
                node.error("\"" + text + "\" (expected: " + KINDS_TEXT + ")");
            } else {
                kinds.add(kind);
            }
        }
        if (wanted.isEmpty()) {
            rule.error(key, "empty (expected: at least one)");
        }
        return new CommandChoice(names, kinds, services.chosen());
    }

    /** The commands that {@code text} names, perhaps none where it names a service's; null if it names nothing. As it is written counts before any case. */
    private static @Nullable List<String> named(
            ConfigNode node, String text, Set<String> known, ServiceNames services) {
        List<String> anyCase = matching(text, known, true);
        if (!services.isEmpty()) {
            if (text.equals("*")) {
                services.takeAll();
            } else if (services.qualified(node, text)
                    || matching(text, known, false).isEmpty()
                            && (services.take(text, false)
                                    || services.takeOpen(text)
                                    || anyCase.isEmpty() && services.take(text, true))) {
                return List.of();
            }
        }
        return anyCase.isEmpty() ? null : anyCase;
    }

    private static List<String> matching(String text, Set<String> known, boolean ignoreCase) {
        Glob glob = new Glob(text.replace('|', ' '), ignoreCase);
        Glob asWritten = new Glob(text, ignoreCase);
        List<String> found = new ArrayList<>();
        for (String name : known) {
            int space = name.indexOf(' ');
            if (glob.matches(name) || asWritten.matches(name) || space > 0 && glob.matches(name.substring(0, space))) {
                found.add(name);
            }
        }
        return found;
    }

    /** {@code (did you mean "x"?)} by any case of letters, or what is expected where nothing is near. */
    public static String nearest(String given, Set<String> valid, String expected) {
        Map<String, String> lower = new TreeMap<>();
        valid.forEach(name -> lower.put(name.toLowerCase(Locale.ROOT), name));
        String nearest = Names.nearest(given, lower.keySet());
        return nearest == null ? " (expected: " + expected + ")" : " (did you mean \"" + lower.get(nearest) + "\"?)";
    }

    /** Whether {@code command} is one of them; also one of which it cannot be told. */
    public boolean contains(Command command) {
        if (contains(command.name(), command.kind())) {
            return true;
        }
        for (int i = 0; i < services.size(); i++) {
            for (ServiceOperation asked : command.serviceOperations()) {
                if (services.get(i).contains(asked, true)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether a command of this name and kind is one of them. */
    public boolean contains(String name, Kind kind) {
        return names.contains(name) || kinds.contains(kind);
    }
}
