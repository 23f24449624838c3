package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What the documentation says of each command is what happens to it. */
final class PlanTableTest {
    private static final CommandTable TABLE = CommandTable.load();
    private static final PlanTable PLANS = new PlanTable(TABLE);

    /** Plans that one row describes. */
    private static final Map<Plan, String> ROWS = new HashMap<>();

    static {
        for (Plan plan : List.of(
                Plan.PING,
                Plan.ECHO,
                Plan.QUIT,
                Plan.AUTH,
                Plan.HELLO,
                Plan.SELECT,
                Plan.RESET,
                Plan.TIME,
                Plan.CLIENT)) {
            ROWS.put(plan, "LOCAL");
        }
    }

    @Test
    void theDocumentationNamesEveryCommandOfEveryPlan() throws Exception {
        Map<String, Set<String>> expected = new TreeMap<>();
        for (CommandInfo info : TABLE.all()) {
            Plan plan = PLANS.of(info);
            if (plan != Plan.KEYED && plan != Plan.REFUSED && plan != Plan.UNKNOWN) {
                String name = info.operation.name();
                if (plan != Plan.CLIENT || ClientCommands.answers(name)) {
                    expected.computeIfAbsent(ROWS.getOrDefault(plan, plan.name()), row -> new TreeSet<>())
                            .add(name);
                }
            }
        }
        assertThat(documented()).containsExactlyInAnyOrderElementsOf(expected.values());
    }

    private static List<Set<String>> documented() throws Exception {
        Path page = Path.of("..", "docs", "filters", "redis.md");
        List<String> lines = Files.readAllLines(page);
        int from = lines.indexOf("<!-- PlanTable; a test compares -->") + 4;
        return lines.subList(from, lines.size()).stream()
                .takeWhile(line -> line.startsWith("|"))
                .map(line -> line.split("\\|", -1)[2].strip())
                .filter(commands -> !commands.startsWith("all "))
                .map(commands -> (Set<String>) new TreeSet<>(List.of(commands.split(", ", -1))))
                .toList();
    }

    @Test
    void whatIsSupportedIsToldByNameAlsoOfSubCommands() {
        for (String name : List.of("get", "CONFIG|SET", "config", "client", "client|list", "pubsub", "xinfo|stream")) {
            assertThat(PLANS.supports(name)).as(name).isTrue();
        }
        for (String name : List.of("monitor", "cluster", "acl|setuser", "client|pause", "debug", "nosuch", "")) {
            assertThat(PLANS.supports(name)).as(name).isFalse();
        }
    }

    @Test
    void whatBelongsToOneServerIsRefused() {
        for (String name : List.of(
                "SHUTDOWN",
                "REPLICAOF",
                "DEBUG",
                "CLUSTER SLOTS",
                "MONITOR",
                "WAIT",
                "MIGRATE",
                "PSYNC",
                "MODULE LOAD",
                "ACL SETUSER",
                "CLIENT TRACKING",
                "SAVE",
                "SWAPDB",
                "FAILOVER",
                "MOVE")) {
            CommandInfo info = TABLE.find(name);
            assertThat(info).as(name).isNotNull();
            assertThat(PLANS.of(info)).as(name).isEqualTo(Plan.REFUSED);
            assertThat(PLANS.reason(info)).as(name).isNotEmpty();
        }
    }
}
