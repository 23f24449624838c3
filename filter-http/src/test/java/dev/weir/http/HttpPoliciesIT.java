package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** curl, nghttp and h2load, HTTP/2 with many streams on a connection, a terminal that asks its policies. */
class HttpPoliciesIT {
    private static final Pattern SENT = Pattern.compile("send HEADERS frame .* stream_id=(\\d+)>");
    private static final Pattern STATUS = Pattern.compile("recv \\(stream_id=(\\d+)\\).* :status: .*?(\\d{3})");

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private Proxy proxy;

    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    private void start(Map<String, ?>... policies) {
        proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        2,
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "web",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(Map.of("type", "policies_test", "policies", List.of(policies))))))));
    }

    @AfterEach
    void stop() {
        if (proxy != null) {
            proxy.close();
        }
    }

    private String url(String path) {
        return "http://127.0.0.1:" + proxy.address("web").port() + path;
    }

    /** What a program says, and its exit code in a line of its own at the end. */
    private static List<String> run(String program, List<String> arguments) throws Exception {
        boolean there = Files.isExecutable(Path.of("/usr/bin", program));
        if (!there) {
            System.out.println("SKIPPED-NEEDS: " + program);
        }
        assumeTrue(there);
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        List<String> lines = new ArrayList<>(read(process));
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        lines.add("exit " + process.exitValue());
        return lines;
    }

    private static List<String> read(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    private List<String> curl(String... arguments) throws Exception {
        List<String> all = new ArrayList<>(
                List.of("-sS", "--http2-prior-knowledge", "-o", "/dev/null", "-w", "%{http_code} %{url}\\n"));
        all.addAll(List.of(arguments));
        return run("curl", all);
    }

    private int count(String meter, String tag, String value) {
        return (int) meters.find(meter).tag(tag, value).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private static void await(BooleanSupplier done) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(end);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static final Map<String, ?> SLOW =
            Map.of("name", "slow", "percent", 100, "delay", "1s", "commands", "GET /slow");

    @Test
    void streamsThatWaitHoldNobodyUp() throws Exception {
        start(Map.of("type", "fault", "rules", List.of(SLOW)));
        List<String> all = new ArrayList<>(List.of("-nv"));
        for (int i = 0; i < 20; i++) {
            for (String path : List.of("/slow?", "/fast?", "/other?")) {
                all.add(url(path + i));
            }
        }

        List<String> lines = run("nghttp", all);

        assertThat(lines).endsWith("exit 0");
        List<String> answered = answered(lines);
        assertThat(answered).hasSize(60).allMatch(line -> line.endsWith(" 200"));
        assertThat(answered.subList(0, 40)).as("first those that do not wait").noneMatch(l -> l.startsWith("/slow"));
        assertThat(count("weir_fault_injected", "rule", "slow")).isEqualTo(20);
        assertThat(proxy.listeners().get(0).connectionsTotal()).isEqualTo(1);
    }

    /** Path and status of each answer that nghttp tells of, in the order in which they came. */
    private static List<String> answered(List<String> lines) {
        Map<String, String> paths = new HashMap<>();
        List<String> answered = new ArrayList<>();
        String stream = "";
        for (String line : lines) {
            Matcher sent = SENT.matcher(line);
            Matcher status = STATUS.matcher(line);
            if (sent.find()) {
                stream = sent.group(1);
            } else if (line.contains(":path: ")) {
                paths.put(stream, line.substring(line.indexOf(":path: ") + ":path: ".length()));
            } else if (status.find()) {
                answered.add(paths.get(status.group(1)) + " " + status.group(2));
            }
        }
        return answered;
    }

    @Test
    void countsOverAllStreamsConnectionsAndLoops() throws Exception {
        start(
                Map.of("type", "access", "rules", List.of(Map.of("action", "allow", "commands", "GET"))),
                Map.of(
                        "type",
                        "rate_limit",
                        "commands",
                        List.of(Map.of("per", "client", "rate", "1/h", "burst", 100))));

        List<String> lines = run("h2load", List.of("-n", "2000", "-c", "4", "-m", "50", url("/fast")));

        assertThat(lines).anyMatch(line -> line.startsWith("status codes: 100 2xx, 0 3xx, 1900 4xx, 0 5xx"));
        assertThat(count("weir_rate_limit_decisions", "result", "allowed")).isEqualTo(100);
        assertThat(count("weir_rate_limit_decisions", "result", "denied")).isEqualTo(1_900);
        assertThat(count("weir_access_commands", "action", "allowed")).isEqualTo(2_000);
    }

    @Test
    void refusesAbortsAndCloses() throws Exception {
        start(
                Map.of(
                        "type",
                        "access",
                        "rules",
                        List.of(Map.of("action", "deny", "commands", "POST *", "users", "bob"))),
                Map.of(
                        "type",
                        "fault",
                        "rules",
                        List.of(
                                Map.of("percent", 100, "abort", true, "commands", "GET /gone"),
                                Map.of("percent", 100, "error", Map.of("status", 418), "commands", "_OTHER"))),
                Map.of(
                        "type",
                        "rate_limit",
                        "commands",
                        List.of(
                                Map.of("per", "user", "rate", "1/h", "commands", "GET /fast"),
                                Map.of("per", "listener", "rate", "1/h", "commands", "GET /slow", "action", "close"))));

        assertThat(curl("-X", "POST", "-H", "x-user: bob", url("/fast")))
                .first()
                .asString()
                .startsWith("403 ");
        assertThat(curl("-X", "POST", "-H", "x-user: ann", url("/fast")))
                .first()
                .asString()
                .startsWith("200 ");
        assertThat(curl(url("/teapot"))).first().asString().startsWith("418 ");
        assertThat(curl(url("/gone"))).as("a stream error").endsWith("exit 92");
        assertThat(curl("-H", "x-user: ann", url("/fast"))).first().asString().startsWith("200 ");
        assertThat(curl("-H", "x-user: bob", url("/fast"))).first().asString().startsWith("200 ");
        assertThat(curl("-D", "-", "-H", "x-user: ann", url("/fast")))
                .anyMatch(line -> line.startsWith("429 "))
                .anyMatch(Pattern.compile("retry-after: 3[56]\\d\\d").asMatchPredicate());
        assertThat(curl(url("/slow"))).first().asString().startsWith("200 ");
        assertThat(curl(url("/slow"))).first().asString().startsWith("429 ");
        await(() -> meters.get("weir.connections.closed").tag("reason", "rate_limited").functionCounters().stream()
                        .mapToDouble(FunctionCounter::count)
                        .sum()
                == 1);
    }

    @Test
    void whoLeavesWhileItWaitsGivesItsPlaceBack() throws Exception {
        start(Map.of(
                "type",
                "fault",
                "max_active",
                1,
                "rules",
                List.of(Map.of("name", "long", "percent", 100, "delay", "1m", "commands", "GET /slow"))));
        assertThat(curl("--max-time", "0.3", url("/slow"))).endsWith("exit 28");
        await(() -> proxy.listeners().get(0).connectionsActive() == 0);

        assertThat(curl("--max-time", "0.3", url("/slow"))).endsWith("exit 28");

        assertThat(count("weir_fault_injected", "rule", "long")).isEqualTo(2);
        assertThat(count("weir_fault_skipped", "listener", "web")).isZero();
    }
}
