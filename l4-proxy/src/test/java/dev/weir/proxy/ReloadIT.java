package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reloads of a real process under load: a real Redis, and clients that forgive nothing. */
class ReloadIT {
    private static final int RELOADS = Integer.getInteger("weir.reloads", 100);

    /** A line of a histogram: number, instances, bytes, class. */
    private static final Pattern INSTANCES =
            Pattern.compile("^ *\\d+: +(\\d+) +\\d+ +dev\\.weir\\.core\\.net\\.(\\w+)(?: .*)?$");

    @TempDir
    Path folder;

    private Address unix() {
        return new Address(folder.resolve("weir.sock").toString(), -1);
    }

    /** One listener that stays as it is, one whose name, filters and backlog change, one that comes and goes, a cluster that changes. */
    private String config(int turn, Address redis) {
        String filters = turn % 3 == 0 ? "" : "{ type: redis_stats }, ";
        String more = turn % 2 == 0 ? "" : "  - { name: more, address: \"127.0.0.1:0\", filters: [ { type: echo } ] }";
        return """
                event_loops: 2
                drain_timeout: 20s
                admin: { address: "127.0.0.1:0" }
                listeners:
                  - { name: tcp, address: "127.0.0.1:0", filters: [ { type: redis_stats }, { type: tcp_proxy, cluster: stays } ] }
                  - name: local%d
                    address: "%s"
                    backlog: %d
                    filters: [ %s{ type: tcp_proxy, cluster: changes } ]
                %s
                clusters:
                  - { name: stays, endpoints: [ "%s" ] }
                  - { name: changes, connect_timeout: %ds, load_balancing: %s, endpoints: [ "%s" ] }
                """.formatted(
                        turn % 4,
                        unix(),
                        1_000 + turn % 5,
                        filters,
                        more,
                        redis,
                        1 + turn % 7,
                        turn % 2 == 0 ? "round_robin" : "maglev",
                        redis);
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("weir.yaml"), text);
    }

    @Test
    void losesNothing() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                RedisLoad load = new RedisLoad();
                WeirProcess weir = WeirProcess.start(
                        System.getProperty("java.class.path"),
                        Map.of("XDG_RUNTIME_DIR", folder.toString()),
                        "run",
                        write(config(0, redis.address())).toString())) {
            AdminClient admin = new AdminClient(weir.address("admin"));
            load.comeAndGo(weir.address("tcp"), 3).comeAndGo(unix(), 2).stay(weir.address("tcp"), 2);

            for (int i = 1; i <= RELOADS && load.failures().isEmpty(); i++) {
                if (i % 10 == 0) {
                    write(config(i, redis.address()).replace("tcp_proxy", "tcp_proxi"));
                    AdminClient.Answer refused = admin.send("POST", "/reload");
                    assertThat(refused.status()).as(refused.body()).isEqualTo(422);
                    assertThat(refused.body()).contains("did you mean");
                    assertThat(admin.send("GET", "/config").body()).contains("\"applied\":false");
                }
                write(config(i, redis.address()));
                AdminClient.Answer answer = admin.send("POST", "/reload");
                assertThat(answer.status()).as(answer.body()).isEqualTo(200);
                assertThat(admin.send("GET", "/listeners").body()).contains("\"local" + i % 4 + "\"");
                long before = load.shortConnections();
                WeirProcess.await(() -> load.shortConnections() > before + 20
                        || !load.failures().isEmpty());
            }

            load.end();
            System.out.println(RELOADS + " reloads: " + load.report());
            assertThat(load.failures()).isEmpty();
            // Each of the two ends once, at the end: no reload has touched them.
            assertThat(load.report()).endsWith("moved 2 times");
            awaitOnlyTheLastConfiguration(weir);
        }
    }

    /** Of all configurations that there were nothing is alive but the last one. */
    private static void awaitOnlyTheLastConfiguration(WeirProcess weir) throws Exception {
        int listeners = 2 + RELOADS % 2;
        Map<String, Integer> last =
                Map.of("Generation", 1, "LiveCluster", 2, "Listener", listeners, "ChainPlan", listeners);
        Map<String, Integer> alive = alive(weir, last.keySet());

        for (int i = 0; i < 30 && !alive.equals(last); i++) { // the last connections may still be closing
            alive = alive(weir, last.keySet());
        }

        assertThat(alive).isEqualTo(last);
    }

    /** How many objects of the core's classes {@code names} are alive behind a full garbage collection. */
    private static Map<String, Integer> alive(WeirProcess weir, Set<String> names) throws Exception {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        Process asked = new ProcessBuilder(jcmd.toString(), Long.toString(weir.pid()), "GC.class_histogram")
                .redirectErrorStream(true)
                .start();
        Map<String, Integer> alive = new HashMap<>();
        try (BufferedReader lines = asked.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher row = INSTANCES.matcher(line);
                if (row.find() && names.contains(row.group(2))) {
                    alive.put(row.group(2), Integer.valueOf(row.group(1)));
                }
            }
        }
        assertThat(asked.waitFor()).isZero();
        return alive;
    }
}
