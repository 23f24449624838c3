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

/**
 * Commands as configurations name them, resolved against a protocol's set: by name in any case, where a name stands for its
 * sub-commands, too; by patterns; by kind, as in {@code @read}.
 *
 * @param names those named
 * @param kinds all commands of these kinds, beside {@code names}
 */
public record CommandChoice(Set<String> names, Set<Kind> kinds) {
    private static final Map<String, Kind> KINDS =
            Map.of("@login", Kind.LOGIN, "@session", Kind.SESSION, "@read", Kind.READ, "@write", Kind.WRITE);
    private static final String KINDS_TEXT = "@read, @write, @session, @login";

    /** Copies what it is given. */
    public CommandChoice {
        names = Set.copyOf(names);
        kinds = Set.copyOf(kinds);
    }

    /** Reads the list at {@code key}, which has at least one element, and reports problems. */
    public static CommandChoice read(ConfigNode rule, String key, KnownCommands known) {
        return read(rule, key, known.protocol(), known.set().names());
    }

    /** The same for a terminal, which knows by itself the names of the {@code known} commands of its protocol. */
    public static CommandChoice read(ConfigNode rule, String key, String protocol, Set<String> known) {
        Set<String> names = new HashSet<>();
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        List<ConfigNode> wanted = rule.list(key);
        for (ConfigNode node : wanted) {
            String text = node.text();
            if (!text.startsWith("@")) {
                names.addAll(named(node, text, protocol, known));
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
        return new CommandChoice(names, kinds);
    }

    private static List<String> named(ConfigNode node, String text, String protocol, Set<String> known) {
        Glob glob = new Glob(text.replace('|', ' '), true);
        Glob asWritten = new Glob(text, true);
        List<String> found = new ArrayList<>();
        for (String name : known) {
            int space = name.indexOf(' ');
            if (glob.matches(name) || asWritten.matches(name) || space > 0 && glob.matches(name.substring(0, space))) {
                found.add(name);
            }
        }
        if (found.isEmpty()) {
            node.error("\"" + text + "\" is no command of " + protocol
                    + nearest(text, known, "a command, a pattern such as GET*, or one of " + KINDS_TEXT));
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

    /** Whether {@code command} is one of them. */
    public boolean contains(Command command) {
        return contains(command.name(), command.kind());
    }

    /** Whether a command of this name and kind is one of them. */
    public boolean contains(String name, Kind kind) {
        return names.contains(name) || kinds.contains(kind);
    }
}
