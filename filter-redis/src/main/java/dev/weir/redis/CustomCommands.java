package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Commands that no table has (of modules of one's own), as the configuration of a proxy describes them. Immutable.
 *
 * @param table the table with them
 * @param plans what becomes of those without keys
 */
record CustomCommands(CommandTable table, Map<String, Plan> plans) {
    private static final int MOST = 1024;
    private static final int MOST_ARGUMENTS = 1 << 20;

    /** Reads {@code custom_commands: [ { name, keys, keyless, write, arity } ]}; other users of the table are not concerned. */
    static CustomCommands read(ConfigNode config, CommandTable table) {
        List<ConfigNode> nodes = config.list("custom_commands");
        if (nodes.size() > MOST) {
            config.error("custom_commands", nodes.size() + " commands (expected: at most " + MOST + ")");
            return new CustomCommands(table, Map.of());
        }
        List<CommandInfo> added = new ArrayList<>();
        Map<String, Plan> plans = new HashMap<>();
        Set<String> names = new HashSet<>();
        for (ConfigNode node : nodes) {
            String name = name(node, table);
            if (!names.add(name)) {
                node.error("name", "\"" + name + "\" (expected: each command once)");
            }
            boolean write = node.bool("write", true);
            List<KeySpec> keys = keys(node, name, write, plans);
            int arity = (int) node.integer("arity", -1, -MOST_ARGUMENTS, MOST_ARGUMENTS);
            if (arity == 0) {
                node.error("arity", "0 (expected: the number of arguments with the name, or -N for N or more)");
            }
            node.rejectUnknown();
            int index = table.all().size() + added.size();
            added.add(new CommandInfo(
                    new Operation(name, index, !write), index, null, arity, write ? "w" : "r", keys, false));
        }
        return added.isEmpty()
                ? new CustomCommands(table, Map.of())
                : new CustomCommands(table.with(added), Map.copyOf(plans));
    }

    private static String name(ConfigNode node, CommandTable table) {
        String name = node.string("name").toUpperCase(Locale.ROOT);
        boolean fits = name.chars().allMatch(c -> c > ' ' && c <= '~') && name.length() <= CommandTable.LONGEST;
        if (!fits) {
            node.error(
                    "name",
                    "\"" + name + "\" (expected: at most " + CommandTable.LONGEST
                            + " characters of ASCII without blanks)");
        } else if (!name.isEmpty() && table.find(name) != null) {
            node.error("name", name + " (expected: a command that Weir does not know by itself)");
        }
        return fits ? name : "";
    }

    private static List<KeySpec> keys(ConfigNode node, String name, boolean write, Map<String, Plan> plans) {
        if (node.has("keys") == node.has("keyless")) {
            node.error("expected: either keys: { first, last, step }, or keyless: any or all");
        }
        if (node.has("keyless")) {
            String where = node.oneOf("keyless", "any", List.of("any", "all"));
            plans.put(name, where.equals("all") ? Plan.ALL_SAME : Plan.ANY);
            return List.of();
        }
        ConfigNode keys = node.section("keys");
        int first = (int) keys.integer("first", 1, 1, MOST_ARGUMENTS);
        int last = (int) keys.integer("last", first, -MOST_ARGUMENTS, MOST_ARGUMENTS);
        int step = (int) keys.integer("step", 1, 1, MOST_ARGUMENTS);
        if (last >= 0 && last < first) {
            keys.error(
                    "last",
                    last + " (expected: first or behind it, or -1 for the last argument, -2 for the one before)");
        }
        keys.rejectUnknown();
        return List.of(new KeySpec(
                first, null, 0, false, last < 0 ? last : last - first, 0, step, 0, write ? "RW" : "RO", true));
    }
}
