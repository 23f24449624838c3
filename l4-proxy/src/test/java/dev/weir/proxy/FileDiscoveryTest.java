package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A cluster whose endpoints stand in a file that is changed in every way that files are changed. */
class FileDiscoveryTest {
    private static final String A = "127.0.0.1:7001";
    private static final String B = "127.0.0.1:7002";

    @TempDir
    Path folder;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private Proxy proxy;

    private void start(Path file, Map<String, ?> discovery, Map<String, ?> more) {
        Map<String, Object> all = new HashMap<>(Map.of("type", "file", "path", file.toString(), "refresh", "10ms"));
        all.putAll(discovery);
        Map<String, Object> cluster = new HashMap<>(Map.of("name", "c", "discovery", all));
        cluster.putAll(more);
        proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "l",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(Map.of("type", "tcp_proxy", "cluster", "c")))),
                        "clusters",
                        List.of(cluster))));
    }

    private void start(Path file) {
        start(file, Map.of(), Map.of());
    }

    @AfterEach
    void stop() {
        if (proxy != null) {
            proxy.close();
        }
    }

    private List<EndpointStatus> endpoints() {
        return proxy.clusters().get(0).endpoints();
    }

    private boolean becomes(String... addresses) {
        return eventually(
                () -> endpoints().stream().map(EndpointStatus::address).toList().equals(List.of(addresses)));
    }

    private double count(String result) {
        return meters.get("weir_cluster_discoveries")
                .tag("result", result)
                .counter()
                .count();
    }

    private boolean failsAgain() {
        double before = count("failed");
        return eventually(() -> count("failed") > before);
    }

    private static boolean eventually(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            LockSupport.parkNanos(1_000_000);
        }
        return true;
    }

    /** As editors and tools do it: beside, then renamed. */
    private static void replace(Path file, String text) throws IOException {
        Path beside = Files.writeString(file.resolveSibling(".new"), text);
        Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static String list(String... addresses) {
        return "endpoints: [ \"" + String.join("\", \"", addresses) + "\" ]\n";
    }

    @Test
    void followsAFileThatIsWrittenAnew() throws Exception {
        Path file = Files.writeString(folder.resolve("e.yaml"), list(A));
        start(file);
        assertThat(becomes(A)).isTrue();

        Files.writeString(file, list(A, B));
        assertThat(becomes(A, B)).isTrue();
        Files.writeString(file, list(B));

        assertThat(becomes(B)).isTrue();
    }

    @Test
    void followsAFileThatIsReplacedByOneOfTheSameSize() throws Exception {
        Path file = Files.writeString(folder.resolve("e.yaml"), list(A));
        start(file);
        assertThat(becomes(A)).isTrue();

        for (int round = 0; round < 5; round++) {
            replace(file, list(B));
            assertThat(becomes(B)).isTrue();
            replace(file, list(A));
            assertThat(becomes(A)).isTrue();
        }
    }

    @Test
    void followsTheLinksOfKubernetes() throws Exception {
        // endpoints.yaml -> ..data/endpoints.yaml, ..data -> ..N; a change swaps ..data and removes the folder before.
        swap(1, list(A));
        Path file = Files.createSymbolicLink(folder.resolve("e.yaml"), Path.of("..data", "e.yaml"));
        start(file);
        assertThat(becomes(A)).isTrue();

        for (int round = 1; round < 5; round++) {
            String next = round % 2 == 1 ? B : A;
            swap(round + 1, list(next));
            Files.delete(folder.resolve(".." + round).resolve("e.yaml"));
            assertThat(becomes(next)).isTrue();
        }
        assertThat(count("failed")).isZero();
    }

    private void swap(int number, String text) throws IOException {
        Path data = Files.createDirectory(folder.resolve(".." + number));
        Files.writeString(data.resolve("e.yaml"), text);
        Path link = Files.createSymbolicLink(folder.resolve("..tmp"), data.getFileName());
        Files.move(link, folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "endpoints: [ \"127.0.0.1:7003\", \"127.0.",
                "endpoints: []",
                "endpoints: [ \"127.0.0.1\" ]",
                "listeners: []",
                "\u0000",
                "missing",
                "folder",
                "large"
            })
    void keepsWhatWasGood(String text) throws Exception {
        Path file = Files.writeString(folder.resolve("e.yaml"), list(A));
        start(file);
        assertThat(becomes(A)).isTrue();

        switch (text) {
            case "missing" -> Files.delete(file);
            case "folder" -> {
                Files.delete(file);
                Files.createDirectory(file);
            }
            case "large" -> replace(file, list(B) + "#".repeat(TextFile.MAX_BYTES));
            default -> replace(file, text);
        }

        assertThat(failsAgain()).isTrue();
        assertThat(failsAgain()).isTrue();
        assertThat(endpoints()).extracting(EndpointStatus::address).containsExactly(A);
        if (text.equals("folder")) {
            Files.delete(file);
        }
        replace(file, list(B));
        assertThat(becomes(B)).isTrue();
    }

    @Test
    void findsEndpointsAsSoonAsTheFileAppears() throws Exception {
        Path file = folder.resolve("later").resolve("e.yaml");
        start(file);
        assertThat(failsAgain()).isTrue();

        Files.createDirectory(file.getParent());
        replace(file, list(A));

        assertThat(becomes(A)).isTrue();
    }

    @Test
    void takesNamesWeightsAndMetadataAndTheirChanges() throws Exception {
        Path file = folder.resolve("e.yaml");
        Files.writeString(file, "[ { address: \"" + A + "\", name: n, weight: 2, metadata: { zone: a } } ]");
        start(file);
        assertThat(becomes(A)).isTrue();
        EndpointStatus before = endpoints().get(0);

        replace(file, "[ { address: \"" + A + "\", name: m, weight: 3, metadata: { zone: b } } ]");
        assertThat(eventually(() -> endpoints().get(0).weight() == 3)).isTrue();

        assertThat(List.of(before.name(), before.weight(), before.metadata()))
                .isEqualTo(List.of("n", 2, Map.of("zone", "a")));
        assertThat(endpoints().get(0).name()).isEqualTo("m");
        assertThat(endpoints().get(0).metadata()).isEqualTo(Map.of("zone", "b"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoIsNotNamedButAnswersStaysUnlessTheFileIsAuthoritative(boolean authoritative) throws Exception {
        try (ServerSocket one = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
                ServerSocket two = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress())) {
            String a = "127.0.0.1:" + one.getLocalPort();
            String b = "127.0.0.1:" + two.getLocalPort();
            Path file = Files.writeString(folder.resolve("e.yaml"), list(a, b));
            Map<String, ?> check = Map.of("type", "tcp", "interval", "1h");
            start(file, Map.of("authoritative", authoritative), Map.of("health_check", check));
            assertThat(eventually(() -> meters.get("weir_cluster_health_checks")
                                    .tag("result", "healthy")
                                    .counter()
                                    .count()
                            == 2))
                    .isTrue();

            replace(file, list(b));

            if (authoritative) {
                assertThat(becomes(b)).isTrue();
            } else {
                assertThat(becomes(b, a)).isTrue();
                assertThat(endpoints().get(1).reason()).isEqualTo("not named by discovery");
                replace(file, "[ " + b + ", { address: \"" + a + "\", weight: 2 } ]");
                assertThat(eventually(() -> endpoints().get(1).weight() == 2)).isTrue();
                assertThat(endpoints().get(1).reason()).isEmpty();
            }
        }
    }

    @Test
    void looksBeforeItsTimeWhenAnEndpointFails() throws Exception {
        Path file = folder.resolve("e.yaml");
        Map<String, ?> check = Map.of("type", "tcp", "interval", "10ms", "jitter", 0);
        try (ServerSocket one = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress())) {
            String a = "127.0.0.1:" + one.getLocalPort();
            Files.writeString(file, list(a));
            start(file, Map.of("refresh", "1h"), Map.of("health_check", check));
            assertThat(becomes(a)).isTrue();
            replace(file, list(B));
        }

        // The server has gone, its check fails.
        assertThat(becomes(B)).isTrue();
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of(Map.of(), "path: missing"),
                Arguments.of(Map.of("path", ""), "path: empty (expected: a text)"),
                Arguments.of(Map.of("path", "a\u0000"), "path: \"a\u0000\" (expected: the path of a file)"),
                Arguments.of(Map.of("path", "a", "refresh", "9ms"), "refresh: 9ms (expected: 10ms..1h)"),
                Arguments.of(Map.of("path", "a", "refresh", "2h"), "refresh: 2h (expected: 10ms..1h)"),
                Arguments.of(
                        Map.of("path", "a", "authoritative", "yes"),
                        "authoritative: \"yes\" (expected: true or false)"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void reportsWrongSettings(Map<String, ?> settings, String problem) {
        ConfigErrors errors = new ConfigErrors();

        new FileDiscovery().configure(ConfigNode.of(settings, errors));

        assertThat(errors.problems()).extracting(ConfigErrors.Problem::toString).containsExactly(problem);
    }

    @Test
    void theFileNeedNotBeThereForACheck() {
        String text = """
            listeners:
              - { name: l, address: "127.0.0.1:0", filters: [ { type: tcp_proxy, cluster: c } ] }
            clusters:
              - { name: c, discovery: { type: file, path: /nowhere/at/all.yaml } }
            """;

        assertThat(ConfigFile.parse("f", text, getClass().getClassLoader())
                        .errors()
                        .isEmpty())
                .isTrue();
    }
}
