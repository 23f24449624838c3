package dev.weir.core.net;

import static dev.weir.core.net.Sockets.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.net.Sockets.Server;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** A second cluster that gets what clients send; see {@code RedisMirrorIT} for a real server there. */
class MirrorTest {
    private static Map<String, ?> cluster(String endpoint) {
        return Map.of("endpoints", List.of(endpoint));
    }

    private static Map<String, ?> mirror(Object buffer) {
        return Map.of("mirror", Map.of("cluster", "m", "max_buffer", buffer));
    }

    private static boolean counted(ProxyBed bed, String result) {
        return eventually(() -> bed.meters
                        .get("weir_mirror_connections")
                        .tag("result", result)
                        .counter()
                        .count()
                >= 1);
    }

    private static byte[] echoed(ProxyBed bed, byte[] sent) throws Exception {
        try (Socket client = bed.connect()) {
            Thread writer = Sockets.daemon(() -> {
                client.getOutputStream().write(sent);
                client.shutdownOutput();
            });
            byte[] all = client.getInputStream().readAllBytes();
            writer.join();
            return all;
        }
    }

    @Test
    void sendsTheSameBytesAndThrowsAnswersAway() throws Exception {
        byte[] sent = new byte[300_000];
        new Random(1).nextBytes(sent);
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        CountDownLatch ended = new CountDownLatch(1);
        try (Server primary = Server.echo();
                Server second = new Server(s -> {
                    byte[] buffer = new byte[4_096];
                    InputStream in = s.getInputStream();
                    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                        seen.write(buffer, 0, n);
                        s.getOutputStream().write(buffer, 0, n);
                    }
                    ended.countDown();
                });
                ProxyBed bed = new ProxyBed(cluster(primary.address()), cluster(second.address()), mirror("4MiB"))) {
            assertThat(echoed(bed, sent)).isEqualTo(sent);

            ended.await();
            assertThat(seen.toByteArray()).isEqualTo(sent);
            assertThat(bed.meters.get("weir_mirror_bytes").counter().count()).isEqualTo(sent.length);
        }
    }

    @Test
    void givesUpACopyThatLagsAndSlowsNobody() throws Exception {
        byte[] sent = new byte[20 << 20];
        Arrays.fill(sent, (byte) 7);
        CountDownLatch over = new CountDownLatch(1);
        try (Server primary = Server.echo();
                Server second = new Server(s -> {
                    try {
                        over.await(); // reads nothing
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
                ProxyBed bed = new ProxyBed(cluster(primary.address()), cluster(second.address()), mirror("16KiB"))) {
            assertThat(echoed(bed, sent)).isEqualTo(sent);

            assertThat(counted(bed, "lagged")).isTrue();
            over.countDown();
        }
    }

    @Test
    void goesOnWithoutASecondServer() throws Exception {
        try (Server primary = Server.echo();
                ProxyBed bed = new ProxyBed(cluster(primary.address()), cluster(ProxyBed.nobody()), mirror("16KiB"))) {
            assertThat(echoed(bed, new byte[10])).hasSize(10);

            assertThat(counted(bed, "failed")).isTrue();
        }
    }

    @Test
    void keepsToTheLimitsOfTheSecondCluster() throws Exception {
        try (Server primary = Server.echo();
                Server second = Server.echo();
                ProxyBed bed = new ProxyBed(
                        cluster(primary.address()),
                        Map.of(
                                "endpoints",
                                List.of(second.address()),
                                "circuit_breakers",
                                Map.of("max_connections", 1)),
                        mirror("16KiB"));
                Socket first = bed.connect()) {
            assertThat(counted(bed, "opened")).isTrue();

            assertThat(echoed(bed, new byte[10])).hasSize(10);

            assertThat(counted(bed, "refused")).isTrue();
            assertThat(first.isConnected()).isTrue();
        }
    }
}
