package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.Proxy;
import dev.weir.core.exchange.CommandStats.CommandRow;
import dev.weir.testbeds.RedisBed.Kind;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Real clients on real servers through the proxy: it counts what the server counts. */
class RedisCommandsIT {
    private static final Pattern STATS = Pattern.compile("cmdstat_([^:]+):calls=(\\d+),.*?rejected_calls=(\\d+)");

    @Test
    void countsWhatRedis62Counts() throws Exception {
        assertSameCounts(RedisBed.embedded());
    }

    @Test
    void countsWhatTheInstalledRedisCounts() throws Exception {
        Kind installed = RedisBed.installed();
        if (installed == null) {
            System.out.println("SKIPPED-NEEDS: redis-server");
        }
        assumeTrue(installed != null, "redis-server is not installed");
        assertSameCounts(installed);
    }

    @Test
    void countsWhatTheNewestServersCount() throws Exception {
        List<Kind> newest = RedisBed.newest();
        if (newest.size() < 2) {
            System.out.println("SKIPPED-NEEDS: redis-server and valkey-server of Debian sid");
        }
        assumeTrue(!newest.isEmpty(), "no newer servers (testbeds/install-servers.sh)");
        for (Kind kind : newest) {
            assertSameCounts(kind);
        }
    }

    private static void assertSameCounts(Kind kind) throws Exception {
        try (RedisBed redis = RedisBed.start(kind);
                Proxy proxy = Proxy.builder().start(Setup.config(2, redis.address(), List.of(Setup.redisStats())))) {
            assertThat(redis.ask("CONFIG RESETSTAT")).startsWith("+OK");
            Workload.run(proxy.address(Setup.LISTENER).port());
            assertThat(Setup.eventually(() -> proxy.listeners().get(0).connectionsActive() == 0))
                    .isTrue();

            Map<String, Long> counted = countedBy(redis);
            boolean containers = counted.keySet().stream().anyMatch(name -> name.contains(" "));
            Map<String, Long> seen = new TreeMap<>();
            Map<String, Long> failed = new TreeMap<>();
            for (CommandRow row : proxy.exchanges().commands().rows()) {
                String name = containers ? row.command() : row.command().split(" ", -1)[0];
                seen.merge(name, row.calls() - row.aborted(), Long::sum);
                failed.merge(name, row.errors(), Long::sum);
            }
            assertThat(seen.get("_OTHER")).as("unknown commands").isEqualTo(2);
            // Commands and sub-commands that this server does not know are rejected without being counted; QUIT was no
            // command before 7.2.
            seen.entrySet()
                    .removeIf(e -> !counted.containsKey(e.getKey())
                            && (e.getKey().equals("QUIT") || e.getValue().equals(failed.get(e.getKey()))));
            assertThat(differences(seen, counted)).as("calls, " + kind).isEmpty();
            assertThat(seen).as("different commands").hasSizeGreaterThan(100);
        }
    }

    private static Map<String, String> differences(Map<String, Long> seen, Map<String, Long> counted) {
        Map<String, String> all = new TreeMap<>();
        Set<String> names = new TreeSet<>(seen.keySet());
        names.addAll(counted.keySet());
        for (String name : names) {
            if (!Objects.equals(seen.get(name), counted.get(name))) {
                all.put(name, "seen by the proxy " + seen.get(name) + ", by the server " + counted.get(name));
            }
        }
        return all;
    }

    /** Calls per command, those rejected included, without what this test asked directly. */
    private static Map<String, Long> countedBy(RedisBed redis) throws IOException {
        String info = redis.ask("INFO commandstats");
        Map<String, Long> calls = new TreeMap<>();
        for (String line : info.split("\r\n", -1)) {
            Matcher stats = STATS.matcher(line);
            if (stats.find()) {
                String name = stats.group(1).toUpperCase(Locale.ROOT).replace('|', ' ');
                calls.put(name, Long.parseLong(stats.group(2)) + Long.parseLong(stats.group(3)));
            }
        }
        // Its own: CONFIG RESETSTAT, with the QUIT behind it.
        String own = calls.containsKey("CONFIG RESETSTAT") ? "CONFIG RESETSTAT" : "CONFIG";
        for (String name : List.of(own, "QUIT")) {
            calls.computeIfPresent(name, (n, count) -> count == 1 ? null : count - 1);
        }
        return calls;
    }
}
