package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Limits on connections, with a real process, sockets and Redis. */
class OverloadIT {
    private static final String PING = "PING\r\n";
    private static final String PONG = "+PONG\r\n";

    @TempDir
    Path folder;

    private WeirProcess start(int loops, String overload, String upstream, String filters) throws IOException {
        Path file = Files.writeString(folder.resolve("weir.yaml"), """
                event_loops: %d
                admin: { address: "127.0.0.1:0" }
                takeover: { socket: "off" }
                overload: { %s }
                listeners: [ { name: a, address: "127.0.0.1:0", filters: [ %s ] } ]
                clusters: [ { name: c, endpoints: [ "%s" ] } ]
                """.formatted(loops, overload, filters, upstream));
        return WeirProcess.start("run", file.toString());
    }

    private static Socket open(Address address) throws IOException {
        Socket socket = new Socket(address.host(), address.port());
        socket.setSoTimeout(60_000);
        return socket;
    }

    private static void send(Socket socket) throws IOException {
        socket.getOutputStream().write(PING.getBytes(StandardCharsets.US_ASCII));
    }

    private static void answers(Socket socket, String expected) throws IOException {
        byte[] answer = socket.getInputStream().readNBytes(expected.length());
        assertThat(new String(answer, StandardCharsets.US_ASCII)).isEqualTo(expected);
    }

    private static String admin(WeirProcess weir, String path) {
        try {
            return new AdminClient(weir.address("admin")).send("GET", path).body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaitStep(WeirProcess weir, String step) throws InterruptedException {
        WeirProcess.await(() -> admin(weir, "/listeners").contains("\"step\":\"" + step + "\""));
    }

    @Test
    void connectionsWaitUntilThereIsRoom() throws Exception {
        // With several loops the sockets of the others stop a moment after the step is shown, and one more may come.
        try (WeirProcess weir = start(
                1, "max_connections: 2, close_idle_after: 1h, refuse_after: 1h", "127.0.0.1:1", "{ type: echo }")) {
            Address address = weir.address("a");
            try (Socket one = open(address);
                    Socket two = open(address)) {
                send(one);
                answers(one, PING);
                send(two);
                answers(two, PING);
                awaitStep(weir, "stop_accepting");
                try (Socket waiting = open(address)) {
                    send(waiting);
                    assertThat(admin(weir, "/metrics"))
                            .contains("weir_overload_step 1.0", "weir_connections_total{listener=\"a\"} 2.0");

                    one.shutdownOutput();

                    answers(waiting, PING);
                }
            }
            awaitStep(weir, "none");
            weir.awaitErr("overload: 2 connections (limit: 2); accepts no connections for now");
            weir.awaitErr("0 idle connections closed, 0 refused");
        }
    }

    @Test
    void theOneThatIsIdleLongestMakesRoomAndABusyOneStays() throws Exception {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                WeirProcess weir = start(
                        2,
                        "max_connections: 3, close_idle_after: 2s, refuse_after: 1h",
                        redis.address().toString(),
                        "{ type: redis_stats }, { type: tcp_proxy, cluster: c }")) {
            Address address = weir.address("a");
            try (Socket idlest = open(address);
                    Socket blocked = open(address)) {
                blocked.getOutputStream().write("BLPOP nothing 0\r\n".getBytes(StandardCharsets.US_ASCII));
                send(idlest);
                answers(idlest, PONG);
                try (Socket idle = open(address);
                        Socket waiting = open(address)) {
                    send(idle);
                    answers(idle, PONG);
                    send(waiting);

                    assertThat(idlest.getInputStream().read()).isEqualTo(-1);
                    answers(waiting, PONG);
                    waiting.getOutputStream().write("LPUSH nothing x\r\n".getBytes(StandardCharsets.US_ASCII));
                    answers(waiting, ":1\r\n");
                    answers(blocked, "*2\r\n$7\r\nnothing\r\n$1\r\nx\r\n"); // a busy one is never closed
                    assertThat(admin(weir, "/metrics")).contains("weir_overload_changes_total{step=\"close_idle\"}");
                }
            }
        }
    }

    @Test
    void refusesWhereNothingElseHelps() throws Exception {
        try (WeirProcess weir = start(
                2, "max_connections: 1, close_idle_after: 10ms, refuse_after: 20ms", "127.0.0.1:1", "{ type: echo }")) {
            Address address = weir.address("a");
            try (Socket busy = open(address)) {
                send(busy);
                answers(busy, PING);
                awaitStep(weir, "refuse");

                try (Socket refused = open(address)) {
                    assertThat(refused.getInputStream().read()).isEqualTo(-1);
                }

                send(busy);
                answers(busy, PING);
                assertThat(admin(weir, "/metrics"))
                        .contains(
                                "weir_overload_refused_connections_total 1.0",
                                "weir_connections_refused_total{listener=\"a\",reason=\"limit\"} 1.0");
            }
            awaitStep(weir, "none");
            try (Socket next = open(address)) {
                send(next);
                answers(next, PING);
            }
        }
    }

    @Test
    void refusesWhileBuffersTakeTooMuchMemory() throws Exception {
        Path file = Files.writeString(folder.resolve("weir.yaml"), """
                event_loops: 2
                admin: { address: "127.0.0.1:0" }
                takeover: { socket: "off" }
                memory: { buffers: 64MiB }
                overload: { close_idle_after: 10ms, refuse_after: 20ms }
                listeners: [ { name: a, address: "127.0.0.1:0", buffer: 1MiB, filters: [ { type: echo } ] } ]
                """);
        List<SocketChannel> hoarders = new ArrayList<>();
        try (WeirProcess weir = WeirProcess.start("run", file.toString())) {
            Address address = weir.address("a");
            try (Socket busy = open(address)) {
                WeirProcess.await(() -> hoard(hoarders, address)
                        && admin(weir, "/listeners").contains("\"step\":\"refuse\",\"cause\":\"memory\""));

                try (Socket refused = open(address)) {
                    assertThat(refused.getInputStream().read()).isEqualTo(-1);
                }
                send(busy);
                answers(busy, PING);
                assertThat(admin(weir, "/metrics"))
                        .contains(
                                "weir_connections_refused_total{listener=\"a\",reason=\"memory\"}",
                                "weir_overload_changes_total{step=\"stop_accepting\"} 1.0");
                weir.awaitErr(" bytes of buffers (limit: 60397978); accepts no connections for now");
            } finally {
                for (SocketChannel hoarder : hoarders) {
                    hoarder.close();
                }
            }
            awaitStep(weir, "none");
            try (Socket again = open(address)) {
                send(again);
                answers(again, PING);
            }
        }
    }

    /** One more client that does not read what comes back; all of them send what goes. */
    private static boolean hoard(List<SocketChannel> hoarders, Address address) {
        try {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress(address.host(), address.port()));
            channel.configureBlocking(false);
            hoarders.add(channel);
            ByteBuffer bytes = ByteBuffer.allocate(256 << 10);
            for (SocketChannel hoarder : hoarders) {
                while (hoarder.write(bytes.clear()) > 0) {}
            }
        } catch (IOException refused) {
            // It is the last one, then.
        }
        return true;
    }

    @Test
    void waitsForDescriptorsThatConnectionsGiveBack() throws Exception {
        Deque<Socket> served = new ArrayDeque<>();
        Deque<Socket> waiting = new ArrayDeque<>();
        String never = "close_idle_after: 1h, refuse_after: 1h";
        try (WeirProcess weir = start(2, "max_connections: 1, " + never, "127.0.0.1:1", "{ type: echo }")) {
            Address address = weir.address("a");
            // Once before: the classes of a test come from folders, where loading one takes a descriptor, unlike in a
            // jar.
            try (Socket one = open(address)) {
                send(one);
                answers(one, PING);
                awaitStep(weir, "stop_accepting");
            }
            awaitStep(weir, "none");
            Path file = folder.resolve("weir.yaml");
            Files.writeString(file, Files.readString(file).replace("max_connections: 1,", ""));
            assertThat(new AdminClient(weir.address("admin"))
                            .send("POST", "/reload")
                            .status())
                    .isEqualTo(200);
            for (int i = 0; i < 25; i++) {
                served.add(open(address));
                send(served.getLast());
                answers(served.getLast(), PING);
            }
            limitDescriptors(weir, 5);

            for (int i = 0; i < 20; i++) {
                waiting.add(open(address));
                send(waiting.getLast());
            }

            weir.awaitErr("overload: too many open files with ");
            send(served.getLast());
            answers(served.getLast(), PING);
            for (Socket one : served) {
                one.close();
            }
            for (Socket one : waiting) {
                answers(one, PING);
            }
            awaitStep(weir, "none");
            weir.awaitErr("overload is over");
            assertThat(weir.err()).noneMatch(line -> line.contains("cannot accept") || line.contains(" ERROR "));
            assertThat(admin(weir, "/metrics"))
                    .contains("weir_overload_changes_total{step=\"stop_accepting\"} 2.0", "weir_overload_step 0.0");
        } finally {
            for (Socket one : waiting) {
                one.close();
            }
        }
    }

    /** Leaves {@code free} descriptors to a process. */
    private static void limitDescriptors(WeirProcess weir, int free) throws Exception {
        String[] open =
                Path.of("/proc", Long.toString(weir.pid()), "fd").toFile().list();
        Process limit = new ProcessBuilder(
                        "prlimit", "--pid", Long.toString(weir.pid()), "--nofile=" + (open.length + free))
                .inheritIO()
                .start();
        assertThat(limit.waitFor()).isZero();
    }
}
