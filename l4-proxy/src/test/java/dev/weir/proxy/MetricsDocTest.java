package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code docs/metrics.md} and the code name the same metrics. */
class MetricsDocTest {
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z_0-9]+)` \\| ([a-z]+) \\|(.*)$");
    private static final Pattern TYPE = Pattern.compile("(?m)^# TYPE ([a-z_0-9]+) ([a-z]+)$");
    /** Literals by which meters are named in the code. */
    private static final Pattern LITERAL = Pattern.compile("\"(weir[._][a-z._]*[a-z])\"");

    @TempDir
    Path folder;

    private static Map<String, String> documented() throws IOException {
        Map<String, String> rows = new TreeMap<>();
        Matcher row = ROW.matcher(Files.readString(Repository.root().resolve("docs/metrics.md")));
        while (row.find()) {
            rows.put(row.group(1), row.group(2));
        }
        return rows;
    }

    private Map<String, String> scraped() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                Server server = start(redis.address())) {
            Pings.run(server.listeners().get(0).address());
            Address admin = server.adminAddress();
            assertThat(admin).isNotNull();
            String text = new AdminClient(admin).send("GET", "/metrics").body();
            Map<String, String> types = new TreeMap<>();
            Matcher type = TYPE.matcher(text);
            while (type.find()) {
                types.put(type.group(1), type.group(2));
            }
            return types;
        }
    }

    private Server start(Address redis) throws IOException {
        String text = """
                admin: { address: "127.0.0.1:0" }
                access_log: { path: %s }
                listeners:
                  - name: orders
                    address: 127.0.0.1:0
                    filters:
                      - { type: connection_limit, max_connections: 10 }
                      - { type: access, allow: [ "127.0.0.0/8" ] }
                      - { type: access, protocol: redis, on_undecodable: pass, rules: [ { action: deny, commands: FLUSHALL } ] }
                      - { type: fault, protocol: redis, rules: [ { percent: 0, delay: 1s } ] }
                      - { type: rate_limit, connections: [ { per: client, rate: 100/s } ] }
                      - { type: redis_stats, hot_keys: { sampling: 1 } }
                      - { type: tcp_proxy, cluster: orders }
                clusters: [ { name: orders, endpoints: [ "%s" ] } ]
                """.formatted(folder.resolve("exchanges.jsonl"), redis);
        ConfigFile file = ConfigFile.parse("weir.yaml", text, getClass().getClassLoader());
        return Server.start(file.config(), Map.of(), null, getClass().getClassLoader());
    }

    /** A command, and bytes at which the sniffer gives up. */
    private static final class Pings {
        static void run(Address listener) throws IOException {
            for (String request : new String[] {"PING\r\n", "*1\r\n$-7\r\n"}) {
                try (Socket socket = new Socket(listener.host(), listener.port())) {
                    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                    assertThat(socket.getInputStream().read()).isPositive();
                }
            }
        }
    }

    /** Names in the code, with dots and without the endings that depend on the kind of meter. */
    private static Set<String> inCode() throws IOException {
        Set<String> names = new TreeSet<>();
        for (Path file : Repository.files(
                ".java",
                "l4-core/src/main",
                "filter-redis/src/main",
                "filter-mysql/src/main",
                "filter-mongo/src/main",
                "filter-tls/src/main",
                "filter-http/src/main",
                "ratelimit-grpc/src/main",
                "l4-proxy/src/main")) {
            Matcher literal = LITERAL.matcher(Files.readString(file));
            while (literal.find()) {
                names.add(literal.group(1).replace('.', '_'));
            }
        }
        names.removeIf(name -> !name.startsWith("weir_"));
        names.remove("weir_admin"); // an option in files of stunnel
        return names;
    }

    private static boolean named(String metric, Set<String> code) {
        return code.stream()
                .anyMatch(
                        name -> metric.equals(name) || metric.matches(name + "(_total|_bytes|_seconds|_seconds_max)"));
    }

    @Test
    void everyMetricIsDocumentedWithItsType() throws Exception {
        Map<String, String> documented = documented();

        Map<String, String> scraped = scraped();

        assertThat(documented).containsAllEntriesOf(scraped);
        assertThat(scraped)
                .containsKeys(
                        "weir_sniffer_stops_total", "db_client_operation_duration_seconds", "jvm_memory_used_bytes");
    }

    @Test
    void everyDocumentedMetricIsInTheCode() throws Exception {
        Set<String> code = inCode();
        Set<String> own = documented().keySet().stream()
                .filter(name -> name.startsWith("weir_"))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(own).allMatch(name -> named(name, code));
        assertThat(code).allMatch(name -> own.stream().anyMatch(metric -> named(metric, Set.of(name))));
    }
}
