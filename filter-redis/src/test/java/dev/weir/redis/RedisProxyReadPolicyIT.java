package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Who is asked by commands that only read, where one server is far away. */
final class RedisProxyReadPolicyIT {
    private static final int DELAY_MILLIS = 50;

    static Stream<Arguments> all() {
        return TestServer.available().stream()
                .flatMap(name -> Stream.of(Arguments.of(name, true), Arguments.of(name, false)));
    }

    /** It asks the other one, too, once in 128 reads, as its time is known only if it is asked. */
    @ParameterizedTest
    @MethodSource("all")
    void lowestLatencyAsksTheNearest(String name, boolean primaryIsFar) throws Exception {
        try (TestServer primary = TestServer.start(name, List.of("repl-diskless-sync-delay 0"));
                TestServer replica = TestServer.start(name)) {
            assertThat(TestCluster.call(replica, "REPLICAOF", "127.0.0.1", String.valueOf(primary.port())))
                    .isEqualTo("OK");
            TestCluster.await(replica, "INFO replication", "master_link_status:up");
            assertThat(TestCluster.call(primary, "SET", "k", "v")).isEqualTo("OK");
            TestCluster.await(replica, "GET k", "v");
            TestServer far = primaryIsFar ? primary : replica;
            try (FarAway way = new FarAway(far.port());
                    Proxy proxy = start(
                            primaryIsFar ? way.port() : primary.port(), primaryIsFar ? replica.port() : way.port());
                    RawClient client = new RawClient(proxy.address("cache").port())) {
                // Until both have been asked.
                client.write(RawClient.encode("GET", "k").repeat(300));
                for (int i = 0; i < 300; i++) {
                    assertThat(client.read()).isEqualTo("$1\r\nv\r\n");
                }
                TestCluster.call(primary, "CONFIG", "RESETSTAT");
                TestCluster.call(replica, "CONFIG", "RESETSTAT");

                for (int i = 0; i < 256; i++) {
                    assertThat(client.call("GET", "k")).isEqualTo("$1\r\nv\r\n");
                }

                assertThat(reads(primary) + reads(replica)).isEqualTo(256);
                assertThat(reads(far)).isLessThan(26);
            }
        }
    }

    private static Proxy start(int primary, int replica) {
        Map<String, Object> one =
                Map.of("address", "127.0.0.1:" + primary, "metadata", Map.of("role", "primary", "shard", "a"));
        Map<String, Object> other =
                Map.of("address", "127.0.0.1:" + replica, "metadata", Map.of("role", "replica", "shard", "a"));
        return ShardedBed.start(
                Proxy.builder(),
                List.of(),
                Map.of("read_policy", "lowest_latency"),
                Map.of("load_balancing", "round_robin", "endpoints", List.of(one, other)));
    }

    private static long reads(TestServer server) throws IOException {
        String info = TestCluster.call(server, "INFO", "commandstats");
        return info.contains("cmdstat_get:")
                ? Long.parseLong(info.replaceAll("(?s).*cmdstat_get:calls=(\\d+),.*", "$1"))
                : 0;
    }

    /** A way to a server that takes its time. */
    private static final class FarAway implements AutoCloseable {
        private final ServerSocket accepting = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<Socket> sockets = new CopyOnWriteArrayList<>();
        private final int upstream;

        FarAway(int upstream) throws IOException {
            this.upstream = upstream;
            daemon(this::accept);
        }

        int port() {
            return accepting.getLocalPort();
        }

        private static void daemon(Runnable work) {
            Thread thread = new Thread(work, "far-away");
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() {
            try {
                while (true) {
                    Socket client = accepting.accept();
                    Socket server = new Socket(InetAddress.getLoopbackAddress(), upstream);
                    sockets.addAll(List.of(client, server));
                    client.setTcpNoDelay(true);
                    daemon(() -> copy(client, server, DELAY_MILLIS));
                    daemon(() -> copy(server, client, 0));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private static void copy(Socket from, Socket to, int delay) {
            byte[] buffer = new byte[16 << 10];
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    Thread.sleep(delay);
                    out.write(buffer, 0, n);
                }
            } catch (IOException | InterruptedException e) {
                // closed
            }
        }

        @Override
        public void close() throws IOException {
            accepting.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }
}
