package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** redis-py, redis-cli and redis-benchmark as people start them, through {@code redis_proxy} to three shards. */
final class RedisProxyToolsIT {
    private static final Path CLI = Path.of("/usr/bin/redis-cli");
    private static final Path BENCHMARK = Path.of("/usr/bin/redis-benchmark");
    private static final long PATIENCE_SECONDS = 240;

    @TempDir
    private Path folder;

    static List<String> servers() {
        return there(CLI) ? TestServer.available() : List.of();
    }

    static Stream<Arguments> pythonSessions() {
        return there(python())
                ? TestServer.available().stream()
                        .flatMap(name -> Stream.of("default", "2").map(version -> Arguments.of(name, version)))
                : Stream.empty();
    }

    /** Of {@code testbeds/install-servers.sh}. */
    private static Path python() {
        return TestServer.tools().resolve("redis-py/bin/python");
    }

    private static boolean there(Path program) {
        if (!Files.isExecutable(program)) {
            System.out.println("SKIPPED-NEEDS: " + program);
            return false;
        }
        return true;
    }

    private static ShardedBed bed(String name) throws Exception {
        return ShardedBed.of(List.of(name, name, name), Map.of());
    }

    /** Both outputs in one, as somebody at a terminal sees them. */
    private record Ended(int code, String out) {
        List<String> lines() {
            return out.lines().toList();
        }
    }

    private Ended run(String input, List<String> command) throws IOException, InterruptedException {
        Path in = Files.writeString(folder.resolve("in"), input, StandardCharsets.ISO_8859_1);
        Path out = folder.resolve("out");
        Process process = new ProcessBuilder(command)
                .redirectInput(in.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        try {
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("%s ends; it said %s", command, Files.readString(out, StandardCharsets.ISO_8859_1))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Ended(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8));
    }

    private Ended cli(ShardedBed bed, String input, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(CLI.toString(), "-p", String.valueOf(bed.port())));
        command.addAll(List.of(arguments));
        return run(input, command);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("pythonSessions")
    void redisPyWithItsDefaults(String name, String version) throws Exception {
        try (ShardedBed bed = bed(name)) {
            Ended ended = run(
                    "",
                    List.of(
                            python().toString(),
                            "src/test/scripts/redis-py-session.py",
                            String.valueOf(bed.port()),
                            version));

            assertThat(ended.code()).as(ended.out()).isZero();
            assertThat(ended.lines())
                    .containsExactly(
                            "start",
                            "types",
                            "several_keys",
                            "pipelines",
                            "optimistic",
                            "subscriptions",
                            "queues",
                            "locks",
                            "scans",
                            "administration",
                            "many_threads",
                            "asynchronous");
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void redisCliAsOneShotAndAsASession(String name) throws Exception {
        try (ShardedBed bed = bed(name)) {
            for (String version : List.of("-2", "-3")) {
                assertThat(cli(bed, "", version, "SET", "a", "1").out()).isEqualTo("OK\n");
                assertThat(cli(bed, "", version, "HSET", "h" + version, "f", "v")
                                .out())
                        .isEqualTo("1\n");
                assertThat(cli(bed, "", version, "HGETALL", "h" + version).out())
                        .isEqualTo(version.equals("-3") ? "f v\n" : "f\nv\n");
                assertThat(cli(bed, "", version, "-n", "3", "GET", "a").out()).isEqualTo("\n");
                assertThat(cli(bed, "", version, "MGET", "a", "none").out()).isEqualTo("1\n\n");
                assertThat(cli(bed, "SET {t}n 1\nMULTI\nINCR {t}n\nGET {t}n\nEXEC\nGET {t}n\n", version)
                                .out())
                        .isEqualTo("OK\nOK\nQUEUED\nQUEUED\n2\n2\n2\n");
            }
            assertThat(cli(bed, "", "-r", "3", "INCR", "n").out()).isEqualTo("1\n2\n3\n");
            assertThat(cli(bed, "x".repeat(100_000), "-x", "SET", "big").out()).isEqualTo("OK\n");
            assertThat(cli(bed, "", "STRLEN", "big").out()).isEqualTo("100000\n");
            Path script = Files.writeString(folder.resolve("s.lua"), "return {KEYS[1], ARGV[1]}");
            assertThat(cli(bed, "", "--eval", script.toString(), "a", ",", "x").out())
                    .isEqualTo("a\nx\n");
            assertThat(cli(bed, "", "--no-raw", "MONITOR").out())
                    .startsWith("(error) ERR MONITOR is not supported by redis_proxy");
            // The connection lives on after an error.
            assertThat(cli(bed, "NOSUCH k\nPING\n").lines()).endsWith("PONG");
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void redisCliInsertsMuchAndFindsIt(String name) throws Exception {
        int keys = 5_000;
        String inserts = IntStream.range(0, keys)
                .mapToObj(i -> RawClient.encode("SET", "key:" + i, "v".repeat(1 + i % 50)))
                .collect(Collectors.joining());
        List<String> all = IntStream.range(0, keys).mapToObj(i -> "key:" + i).toList();
        try (ShardedBed bed = bed(name)) {
            Ended piped = cli(bed, inserts + RawClient.encode("RPUSH", "list", "x", "y"), "--pipe");
            assertThat(piped.lines()).as(piped.out()).contains("errors: 0, replies: " + (keys + 1));
            assertThat(piped.code()).isZero();

            List<String> scanned = cli(bed, "", "--scan", "--pattern", "key:*").lines();
            assertThat(scanned).containsExactlyInAnyOrderElementsOf(all);
            String biggest = cli(bed, "", "--bigkeys").out();
            assertThat(biggest)
                    .contains("Sampled " + (keys + 1) + " keys in the keyspace!")
                    .contains("has 2 items")
                    .contains("has 50 bytes");
            assertThat(cli(bed, "", "--memkeys").out()).contains("Sampled " + (keys + 1) + " keys in the keyspace!");
            assertThat(cli(bed, "", "DBSIZE").out()).isEqualTo((keys + 1) + "\n");
            assertThat(cli(bed, "", "FLUSHALL").out()).isEqualTo("OK\n");
            assertThat(cli(bed, "", "--scan").out()).isEmpty();
        }
    }

    @Test
    void redisBenchmarkRunsToItsEnd() throws Exception {
        if (!there(BENCHMARK)) {
            return;
        }
        try (ShardedBed bed = bed("embedded")) {
            for (List<String> options : List.of(
                    List.of("-P", "16", "-c", "50", "-n", "1600"),
                    List.of(
                            "-P",
                            "16",
                            "-c",
                            "50",
                            "-n",
                            "10000",
                            "-r",
                            "5000",
                            "-d",
                            "1024",
                            "-t",
                            "set,get,mset",
                            "-3"),
                    List.of("-c", "50", "-n", "5000", "-r", "5000", "--threads", "2", "-t", "set,get"))) {
                List<String> command =
                        new ArrayList<>(List.of(BENCHMARK.toString(), "-p", String.valueOf(bed.port()), "--csv"));
                command.addAll(options);

                Ended ended = run("", command);

                assertThat(ended.code()).as(ended.out()).isZero();
                assertThat(ended.lines()).as(ended.out()).hasSizeGreaterThan(2);
                // A line that is no measurement is an error, or a warning.
                assertThat(ended.lines()).allMatch(line -> line.matches("\"[A-Za-z0-9_ ()]+\"(,\"[^\"]+\"){7}"));
                assertThat(ended.lines().stream().skip(1)).noneMatch(line -> line.contains("\"0.00\",\"0.000\""));
            }
        }
    }
}
