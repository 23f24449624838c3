package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
