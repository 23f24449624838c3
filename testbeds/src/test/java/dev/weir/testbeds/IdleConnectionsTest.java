package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Thousands of connections that do nothing, through a proxy in a process of its own: alive, and cheap. */
class IdleConnectionsTest {
    private static final int WANTED = 4_000;
    private static final long BYTES_PER_CONNECTION = 8 << 10;

    /** Memory of the proxy's process, in bytes. */
    private record Memory(long heap, long direct, long resident, int connections) {
        static Memory of(Child proxy) throws Exception {
            proxy.say("memory");
            long[] words = Arrays.stream(proxy.await("memory").split(" ", -1))
                    .skip(1)
                    .mapToLong(Long::parseLong)
                    .toArray();
            return new Memory(words[0], words[1], words[2], (int) words[3]);
        }
    }

    /** The proxy needs two files per connection. */
    private static int possible() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/limits"), StandardCharsets.UTF_8)) {
            if (line.startsWith("Max open files")) {
                String hard = line.trim().split("\\s+", -1)[4];
                int files = hard.equals("unlimited") ? Integer.MAX_VALUE : Integer.parseInt(hard);
                return Math.min(WANTED, (files - 200) / 2);
            }
        }
        return WANTED;
    }

    private static Child child(String... arguments) throws IOException {
        List<String> flags = new ArrayList<>(
                List.of("-Xmx96m", "-XX:+UseSerialGC", "-Xss256k", "-Dio.netty.leakDetection.level=disabled"));
        return new Child(IdleMain.class, flags, arguments);
    }

    private static String port(Child child) throws InterruptedException {
        return child.await("port").substring("port ".length());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "redis_stats"})
    void holdsThousandsOfIdleConnections(String sniffer) throws Exception {
        int connections = possible();
        if (connections < WANTED) {
            System.out.println("only " + connections + " connections instead of " + WANTED + ": ulimit -Hn");
        }
        try (Child server = child("server")) {
            String upstream = "127.0.0.1:" + port(server);
            try (Child proxy = sniffer.isEmpty() ? child("proxy", upstream) : child("proxy", upstream, sniffer);
                    Child load = child("load", port(proxy))) {
                say(load, "open 500");
                say(load, "close");
                assertThat(Setup.eventually(() -> active(proxy) == 0)).isTrue();
                Memory before = Memory.of(proxy);
                say(load, "open " + connections);
                Memory holding = Memory.of(proxy);
                say(load, "ping");
                Memory used = Memory.of(proxy);
                say(load, "close");
                assertThat(Setup.eventually(() -> active(proxy) == 0)).isTrue();
                Memory after = Memory.of(proxy);

                System.out.printf(
                        "%d idle connections%s: bytes each: heap %d, direct %d, resident %d; afterwards: heap %d, direct %d%n",
                        connections,
                        sniffer.isEmpty() ? "" : " with " + sniffer,
                        (used.heap - before.heap) / connections,
                        (used.direct - before.direct) / connections,
                        (used.resident - before.resident) / connections,
                        after.heap - before.heap,
                        after.direct - before.direct);
                assertThat(holding.connections).isEqualTo(connections);
                assertThat((used.heap + used.direct - before.heap - before.direct) / connections)
                        .as("bytes of heap and buffers per connection")
                        .isLessThanOrEqualTo(BYTES_PER_CONNECTION);
                // Tables and compiled code of the first use stay; a session that is kept costs more than this each.
                assertThat((after.heap - before.heap) / connections)
                        .as("bytes of heap per connection that stay when they are closed")
                        .isLessThan(1_024);
            }
        }
    }

    private static int active(Child proxy) {
        try {
            return Memory.of(proxy).connections;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void say(Child child, String line) throws Exception {
        child.say(line);
        child.await("done " + line);
    }
}
