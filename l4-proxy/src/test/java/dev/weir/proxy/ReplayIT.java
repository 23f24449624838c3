package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.core.config.Address;
import dev.weir.proxy.replay.CaptureWriter;
import dev.weir.proxy.replay.Talk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.Socket;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Transaction;
import redis.clients.jedis.exceptions.JedisDataException;

/** Captures that real programs made, and what real programs make of ours. */
class ReplayIT {
    /** What a capture has to tell as the proxy does; times are those of other places. */
    private static final List<String> FIELDS = List.of(
            "command", "status", "error", "namespace", "target", "request_bytes", "response_bytes", "rows", "batch");

    @TempDir
    Path folder;

    static void needTcpdump() {
        boolean there = installed("tcpdump");
        if (!there) {
            System.out.println("SKIPPED-NEEDS: tcpdump");
        }
        assumeTrue(there, "tcpdump is not installed");
    }

    private static boolean installed(String program) {
        return Stream.of("/usr/bin", "/usr/sbin", "/bin", "/sbin")
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /** A program that captures. */
    static final class Dump implements AutoCloseable {
        private final Process process;
        private final Path log;

        Dump(Path log, boolean piped, List<String> command) throws Exception {
            this.log = log;
            ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
            if (!piped) {
                builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
            }
            process = builder.start();
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!said().contains("listening on") && !said().contains("Capturing on")) {
                if (!process.isAlive() && said().contains("ermission")) {
                    System.out.println("SKIPPED-NEEDS: tcpdump as root");
                    assumeTrue(false, said());
                }
                assertThat(process.isAlive()).as(said()).isTrue();
                assertThat(System.nanoTime()).as(said()).isLessThan(until);
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }

        private String said() throws IOException {
            return Files.readString(log);
        }

        void end() throws Exception {
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid()))
                    .start()
                    .waitFor();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(said()).doesNotContainPattern("[1-9]\\d* packets? dropped by kernel");
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    private static void session(Address address, int number) {
        try (Jedis jedis = new Jedis(address.host(), address.port())) {
            String key = "key-" + number;
            jedis.set(key, "v".repeat(300_000));
            jedis.get(key);
            jedis.select(3);
            for (int i = 0; i < 50; i++) {
                jedis.set(key + i, "x".repeat(i * 37));
                jedis.get(key + i);
                jedis.get("nothing");
            }
            try {
                jedis.lpush(key + 1, "x");
            } catch (JedisDataException wrongType) {
                // As it should be.
            }
            Pipeline pipeline = jedis.pipelined();
            for (int i = 0; i < 500; i++) {
                pipeline.rpush("list-" + number, "element" + i);
            }
            pipeline.sync();
            jedis.lrange("list-" + number, 0, -1);
            Transaction transaction = jedis.multi();
            transaction.incr("counter-" + number);
            transaction.get(key + 5);
            transaction.exec();
            jedis.scriptLoad("return 1");
        }
    }

    /** What goes wrong on purpose: a connection that leaves in the middle. */
    private static void leave(Address address) throws IOException {
        try (Socket socket = new Socket(address.host(), address.port())) {
            socket.getOutputStream()
                    .write("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(socket.getInputStream().readNBytes(7))
                    .isEqualTo("+PONG\r\n".getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static void sessions(Address address) throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int number = i;
            Thread thread = new Thread(() -> session(address, number));
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join(120_000);
            assertThat(thread.isAlive()).isFalse();
        }
        leave(address);
    }

    /** By client, in order: what there is of {@link #FIELDS}. */
    private static Map<String, List<String>> byClient(List<String> lines) throws Exception {
        Map<String, List<String>> all = new TreeMap<>();
        for (String line : lines) {
            Map<?, ?> exchange = (Map<?, ?>) Json.read(line);
            Map<String, Object> shown = new LinkedHashMap<>();
            FIELDS.forEach(field -> shown.put(field, String.valueOf(exchange.get(field))));
            all.computeIfAbsent(String.valueOf(exchange.get("client")), client -> new ArrayList<>())
                    .add(shown.toString());
        }
        return all;
    }

    private static List<String> replay(Path file, String... more) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        List<String> args =
                new ArrayList<>(List.of("replay", file.toString(), "--protocol", "redis", "--json", "--keys"));
        args.addAll(List.of(more));
        int code = new Main(new Terminal(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        exit -> {}))
                .run(args.toArray(new String[0]));
        String said = err.toString(StandardCharsets.UTF_8);
        assertThat(code).as(said).isZero();
        assertThat(said).doesNotContain("gap", "gave_up", "warning");
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** Waits until nothing more comes, for so long that a busy machine cannot be the reason. */
    static void awaitStill(List<Path> files) throws Exception {
        long before = -1;
        int still = 0;
        while (still < 6) {
            TimeUnit.MILLISECONDS.sleep(500);
            long now = 0;
            for (Path file : files) {
                now += Files.size(file);
            }
            still = before == now ? still + 1 : 0;
            before = now;
        }
    }

    @Test
    void findsInCapturesWhatTheProxySaw() throws Exception {
        needTcpdump();
        Map<Path, Dump> dumps = new LinkedHashMap<>();
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                WeirProcess weir = WeirProcess.start(
                        "sniff",
                        "redis",
                        "--listen",
                        "127.0.0.1:0",
                        "--upstream",
                        redis.address().toString(),
                        "--json",
                        "--keys",
                        "--admin",
                        "off")) {
            Address address = weir.address("redis");
            String filter = "tcp port " + address.port();
            // Not --immediate-mode: then each packet takes a place of the longest one's size, and 32 MiB are 128
            // packets.
            List<String> tcpdump = List.of("tcpdump", "-n", "-s", "0", "-U", "-B", "65536");
            Map<String, List<String>> ways = new LinkedHashMap<>();
            ways.put("ethernet", List.of("-i", "lo"));
            ways.put("nanos", List.of("-i", "lo", "--time-stamp-precision=nano"));
            ways.put("cooked1", List.of("-i", "any", "-y", "LINUX_SLL"));
            ways.put("cooked2", List.of("-i", "any", "-y", "LINUX_SLL2"));
            for (Map.Entry<String, List<String>> way : ways.entrySet()) {
                Path file = folder.resolve(way.getKey() + ".pcap");
                List<String> command = new ArrayList<>(tcpdump);
                command.addAll(way.getValue());
                command.addAll(List.of("-w", file.toString(), filter));
                dumps.put(file, new Dump(folder.resolve(way.getKey() + ".log"), false, command));
            }
            if (installed("dumpcap")) {
                Path file = folder.resolve("dumpcap.pcapng");
                List<String> command =
                        List.of("dumpcap", "-n", "-B", "32", "-i", "lo", "-f", filter, "-w", file.toString());
                dumps.put(file, new Dump(folder.resolve("dumpcap.log"), false, command));
            }

            sessions(address);
            awaitStill(List.copyOf(dumps.keySet()));
            weir.signal("INT");
            assertThat(weir.exitCode()).isZero();
            for (Dump dump : dumps.values()) {
                dump.end();
            }

            Map<String, List<String>> live = byClient(weir.out());
            assertThat(live).hasSize(5);
            assertThat(weir.out()).hasSizeGreaterThan(4 * 650);
            for (Path file : dumps.keySet()) {
                // Found by its begin, and by its port.
                assertThat(byClient(replay(file))).as("%s", file).isEqualTo(live);
                assertThat(byClient(replay(file, "--port", Integer.toString(address.port()))))
                        .as("%s", file)
                        .isEqualTo(live);
            }
        } finally {
            dumps.values().forEach(Dump::close);
        }
    }

    @Test
    void followsACaptureThatRuns() throws Exception {
        needTcpdump();
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                WeirProcess replay = WeirProcess.start("replay", "-", "--protocol", "redis", "--json", "--keys");
                Dump dump = new Dump(
                        folder.resolve("log"),
                        true,
                        List.of(
                                "tcpdump",
                                "-n",
                                "-U",
                                // Each packet takes a place of the longest one's size: of 262144 bytes, 8 fit.
                                "--immediate-mode",
                                "-s",
                                "2048",
                                "-B",
                                "16384",
                                "-i",
                                "lo",
                                "-w",
                                "-",
                                "tcp port " + redis.address().port()))) {
            Thread pipe = new Thread(() -> {
                try (InputStream from = dump.process.getInputStream();
                        OutputStream to = replay.in()) {
                    byte[] some = new byte[8_192];
                    for (int n = from.read(some); n >= 0; n = from.read(some)) {
                        to.write(some, 0, n);
                        to.flush();
                    }
                } catch (IOException e) {
                    // One of them is gone, which the test will notice.
                }
            });
            pipe.start();
            try (Jedis jedis = new Jedis(redis.address().host(), redis.address().port())) {
                jedis.set("first", "1");
                replay.awaitOut("\"first\"");
                jedis.get("second");
                replay.awaitOut("\"second\"");
            }
            dump.end();
            pipe.join(60_000);

            assertThat(replay.exitCode()).isZero();
            assertThat(String.join("\n", replay.err()))
                    .containsPattern("(?m)^SET +1 ")
                    .doesNotContain("warning");
        }
    }

    /** The tests' own packets and files are what they should be. */
    @ParameterizedTest
    @ValueSource(ints = {1, 113, 276, 0, 108, 101})
    void tcpdumpReadsWhatOurTestsWrite(int linkType) throws Exception {
        needTcpdump();
        for (boolean v6 : new boolean[] {false, true}) {
            Talk talk = new Talk();
            talk.linkType = linkType;
            talk.v6 = v6;
            talk.open().ask(2).end();
            for (ByteOrder order : List.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
                assertReads(CaptureWriter.pcap(talk.packets, order, 0xa1b2c3d4, 65_535, linkType));
                assertReads(CaptureWriter.pcap(talk.packets, order, 0xa1b23c4d, 65_535, linkType));
                assertReads(CaptureWriter.pcapng(talk.packets, order, linkType));
            }
        }
    }

    private void assertReads(byte[] capture) throws Exception {
        Path file = Files.write(folder.resolve("written"), capture);
        Process process = new ProcessBuilder("tcpdump", "-nn", "-tttt", "-r", file.toString())
                .redirectError(folder.resolve("err").toFile())
                .start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor())
                .as(Files.readString(folder.resolve("err")))
                .isZero();
        assertThat(lines).hasSize(10);
        assertThat(lines.get(0)).contains("Flags [S]", "length 0");
        assertThat(lines.get(3))
                .containsPattern(":00\\.001000")
                .contains(".40000 > ", ".6379: Flags [.], seq 1:21, ack 1,", "length 20");
        assertThat(lines.get(4)).contains(".6379 > ", ".40000: Flags [.], seq 1:8, ack 21,", "length 7");
        assertThat(lines.get(7)).contains("Flags [F.]");
    }
}
