package dev.weir.redis;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The {@link Plan} of each command. What has keys goes to their shard, if nothing else is said; what has none has to be said here. */
final class PlanTable {
    private static final Map<Plan, List<String>> PLANS = Map.ofEntries(
            Map.entry(Plan.MGET, List.of("MGET", "JSON.MGET")),
            Map.entry(Plan.MSET, List.of("MSET", "JSON.MSET")),
            Map.entry(Plan.SUM, List.of("DEL", "UNLINK", "TOUCH", "EXISTS")),
            Map.entry(
                    Plan.ALL_OK,
                    List.of(
                            "FLUSHALL",
                            "FLUSHDB",
                            "SCRIPT FLUSH",
                            "FUNCTION FLUSH",
                            "FUNCTION DELETE",
                            "FUNCTION RESTORE",
                            "CONFIG SET",
                            "CONFIG RESETSTAT",
                            "CONFIG REWRITE",
                            "SLOWLOG RESET",
                            "MEMORY PURGE")),
            Map.entry(Plan.ALL_SUM, List.of("DBSIZE", "SLOWLOG LEN", "LATENCY RESET")),
            Map.entry(Plan.ALL_ELEMENTS, List.of("KEYS", "LATENCY LATEST", "LATENCY HISTORY")),
            Map.entry(Plan.ALL_LATEST, List.of("SLOWLOG GET")),
            Map.entry(Plan.ALL_DISTINCT, List.of("PUBSUB CHANNELS", "PUBSUB SHARDCHANNELS")),
            Map.entry(Plan.ALL_PAIRS, List.of("PUBSUB NUMSUB", "PUBSUB SHARDNUMSUB")),
            Map.entry(Plan.ALL_MOST, List.of("PUBSUB NUMPAT")),
            Map.entry(Plan.INFO, List.of("INFO")),
            Map.entry(Plan.CONFIG_GET, List.of("CONFIG GET")),
            Map.entry(
                    Plan.COMMANDS, List.of("COMMAND", "COMMAND COUNT", "COMMAND DOCS", "COMMAND INFO", "COMMAND LIST")),
            Map.entry(Plan.ALL_SAME, List.of("SCRIPT LOAD", "FUNCTION LOAD")),
            Map.entry(Plan.ALL_LEAST, List.of("SCRIPT EXISTS")),
            Map.entry(Plan.SORT, List.of("SORT", "SORT_RO")),
            Map.entry(Plan.SCAN, List.of("SCAN")),
            Map.entry(Plan.RANDOMKEY, List.of("RANDOMKEY")),
            Map.entry(
                    Plan.ANY,
                    List.of(
                            "COMMAND GETKEYS",
                            "COMMAND GETKEYSANDFLAGS",
                            "COMMAND HELP",
                            "FUNCTION LIST",
                            "FUNCTION DUMP",
                            "FUNCTION STATS",
                            "LASTSAVE",
                            "LOLWUT",
                            "ROLE",
                            "ACL CAT",
                            "ACL GENPASS",
                            "OBJECT HELP",
                            "XINFO HELP",
                            "XGROUP HELP",
                            "MEMORY HELP",
                            "SCRIPT HELP",
                            "FUNCTION HELP",
                            "PUBSUB HELP",
                            "CONFIG HELP",
                            "ACL HELP")),
            Map.entry(Plan.PING, List.of("PING")),
            Map.entry(Plan.ECHO, List.of("ECHO")),
            Map.entry(Plan.QUIT, List.of("QUIT")),
            Map.entry(Plan.AUTH, List.of("AUTH")),
            Map.entry(Plan.HELLO, List.of("HELLO")),
            Map.entry(Plan.SELECT, List.of("SELECT")),
            Map.entry(Plan.RESET, List.of("RESET")),
            Map.entry(Plan.TIME, List.of("TIME")),
            Map.entry(Plan.CLIENT, List.of("ACL WHOAMI")),
            Map.entry(Plan.TRANSACTION, List.of("MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH")),
            Map.entry(
                    Plan.PUBSUB,
                    List.of("SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE")),
            Map.entry(Plan.PUBLISH, List.of("PUBLISH", "SPUBLISH")));

    private static final String SCRIPTS =
            "it would wait behind the script, on the connection that it shares: send it to the shard itself";

    private static final Map<String, String> REASONS = Map.of(
            "SCRIPT KILL", SCRIPTS,
            "FUNCTION KILL", SCRIPTS,
            "MONITOR", "it shows the commands of one server, not of its shards' clients",
            "WAIT",
                    "it counts the replicas of one connection's writes, and shards' connections are shared unless pin_upstream is true",
            "WAITAOF",
                    "it counts the replicas of one connection's writes, and shards' connections are shared unless pin_upstream is true",
            "CLIENT TRACKING", "invalidations belong to a connection, and shards' connections are shared",
            "CLIENT CACHING", "invalidations belong to a connection, and shards' connections are shared");

    private final CommandTable table;
    private final Plan[] plans;

    PlanTable(CommandTable table) {
        this(table, Map.of());
    }

    /** Those that wait for the replicas of a connection's writes, where that is the client's own. */
    static Map<String, Plan> pinned() {
        return Map.of("WAIT", Plan.WAIT, "WAITAOF", Plan.WAIT);
    }

    /** @param custom of commands that are not in the table of all, or that not every proxy has */
    PlanTable(CommandTable table, Map<String, Plan> custom) {
        this.table = table;
        Map<String, Plan> byName = new HashMap<>(custom);
        PLANS.forEach((plan, names) -> names.forEach(name -> byName.put(name, plan)));
        this.plans = new Plan[table.all().size()];
        for (CommandInfo info : table.all()) {
            plans[info.index] = byName.getOrDefault(info.operation.name(), ordinary(info));
        }
    }

    private static Plan ordinary(CommandInfo info) {
        String name = info.operation.name();
        if (info.index == 0) {
            return Plan.UNKNOWN;
        }
        if (name.startsWith("CLIENT ")) {
            return REASONS.containsKey(name) ? Plan.REFUSED : Plan.CLIENT;
        }
        if (!info.readsKeys()) {
            return Plan.REFUSED;
        }
        if (name.equals("MIGRATE") || name.equals("MOVE")) {
            return Plan.REFUSED;
        }
        boolean waits =
                info.blocking || info.kind == CommandInfo.Kind.XREAD || info.kind == CommandInfo.Kind.XREADGROUP;
        return waits ? Plan.OWN_CONNECTION : Plan.KEYED;
    }

    Plan of(CommandInfo info) {
        return plans[info.index];
    }

    /** Whether a command, by its name ({@code get}, {@code config|set}), is one that clients can use; of those with sub-commands, whether any is. */
    boolean supports(String name) {
        CommandInfo info = table.find(name.replace('|', ' '));
        if (info == null) {
            return false;
        }
        return info.container && info.parent == null && plans[info.index] == Plan.REFUSED
                ? table.all().stream().anyMatch(sub -> sub.parent == info && supports(sub))
                : supports(info);
    }

    private boolean supports(CommandInfo info) {
        Plan plan = plans[info.index];
        return plan != Plan.REFUSED
                && plan != Plan.UNKNOWN
                && (plan != Plan.CLIENT || ClientCommands.answers(info.operation.name()));
    }

    /** Why a command is refused. */
    String reason(CommandInfo info) {
        return REASONS.getOrDefault(info.operation.name(), "it concerns one server, not its data");
    }

    CommandTable table() {
        return table;
    }
}
