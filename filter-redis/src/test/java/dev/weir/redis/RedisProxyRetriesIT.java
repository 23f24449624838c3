package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Reads that are sent again, as the connection was lost before their answers came, though the server had carried them out. */
final class RedisProxyRetriesIT {
    /** Between the proxy and a server: answers can be held back, and connections cut. */
    private static final class Cutter implements AutoCloseable {
        private final ServerSocket accepting = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<Socket> sockets = new CopyOnWriteArrayList<>();
        private final int upstream;
        private volatile boolean holding;
        /** Whether what is there is lost: connections that come later are as others. */
        private final Set<Socket> lost = ConcurrentHashMap.newKeySet();

        Cutter(int upstream) throws IOException {
            this.upstream = upstream;
            start(this::accept);
        }

        private static void start(Runnable work) {
            Thread thread = new Thread(work, "cutter");
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() {
            try {
                while (true) {
                    Socket client = accepting.accept();
                    Socket server = new Socket(InetAddress.getLoopbackAddress(), upstream);
                    sockets.addAll(List.of(client, server));
                    start(() -> copy(client, server, false));
                    start(() -> copy(server, client, true));
                }
            } catch (IOException e) {
                // closed
            }
        }

        private void copy(Socket from, Socket to, boolean answers) {
            byte[] buffer = new byte[8_192];
            try {
                InputStream in = from.getInputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    if (!lost.contains(from) && (!answers || !holding)) {
                        to.getOutputStream().write(buffer, 0, n);
                    }
                }
            } catch (IOException e) {
                // cut
            }
        }

        String address() {
            return "127.0.0.1:" + accepting.getLocalPort();
        }

        void cut() throws IOException {
            List<Socket> all = List.copyOf(sockets);
            lost.addAll(all);
            holding = false;
            for (Socket socket : all) {
                socket.close();
            }
        }

        @Override
        public void close() throws IOException {
            accepting.close();
            cut();
        }
    }

    private static void await(TestServer server, String key, String value) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        try (TestServer.Client direct = server.connect()) {
            while (!value.equals(direct.call("GET", key))) {
                assertThat(System.nanoTime()).isLessThan(end);
                Thread.sleep(5);
            }
        }
    }

    @Test
    void aReadIsSentAgainUnlessItCouldSeeALaterWriteOfItsClient() throws Exception {
        try (TestServer server = TestServer.start("embedded");
                Cutter cutter = new Cutter(server.port());
                Proxy proxy = ShardedBed.start(
                        new SimpleMeterRegistry(), List.of(cutter.address()), Map.of("retries", 3), Map.of());
                RawClient client = new RawClient(proxy.address("cache").port())) {
            String lost = "-ERR shard " + cutter.address() + " of cluster c: ";
            client.call("SET", "k", "1");
            cutter.holding = true;
            client.write(RawClient.encode("GET", "k")
                    + RawClient.encode("SET", "k", "2")
                    + RawClient.encode("GET", "k")
                    + RawClient.encode("STRLEN", "k"));
            await(server, "k", "2");

            cutter.cut();

            assertThat(client.read()).startsWith(lost);
            assertThat(client.read()).startsWith(lost);
            assertThat(client.read()).isEqualTo("$1\r\n2\r\n");
            assertThat(client.read()).isEqualTo(":1\r\n");
        }
    }
}
