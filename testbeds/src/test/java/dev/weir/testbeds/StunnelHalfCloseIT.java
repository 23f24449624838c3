package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code TIMEOUTclose}: real stunnel and {@code weir stunnel} end the same connections, and keep the same ones. */
class StunnelHalfCloseIT {
    private static final String STUNNEL = "/usr/bin/stunnel4";

    @TempDir
    Path folder;

    private final LinkedBlockingQueue<Socket> arrived = new LinkedBlockingQueue<>();
    private ServerSocket backend;

    @BeforeEach
    void prepare() throws Exception {
        assumeTrue(PeerProxy.installed("stunnel", STUNNEL) != null, "no stunnel (testbeds/install-servers.sh)");
        StunnelCertificates.make(folder);
        backend = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> {
            while (!backend.isClosed()) {
                try {
                    arrived.add(backend.accept());
                } catch (IOException e) {
                    // The test is over.
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @AfterEach
    void stop() throws IOException {
        if (backend != null) {
            backend.close();
        }
        for (Socket socket : arrived) {
            socket.close();
        }
    }

    static List<List<String>> programs() {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return List.of(
                List.of(STUNNEL),
                List.of(java, "-XX:TieredStopAtLevel=1", "-cp", classPath, "dev.weir.proxy.Main", "stunnel"));
    }

    /** A server of one kind, and the client of it, which has the time-out of stunnel itself: a minute. */
    private PeerProxy serve(List<String> program, String timeout) throws Exception {
        return PeerProxy.start(
                folder,
                program,
                2,
                ".conf",
                ports -> "foreground = yes\npid =\nsyslog = no\n[s]\naccept = 127.0.0.1:" + ports.get(0)
                        + "\ncert = server.pem\nkey = server.key\nconnect = 127.0.0.1:" + backend.getLocalPort()
                        + "\nTIMEOUTclose = " + timeout + "\n[c]\nclient = yes\naccept = 127.0.0.1:" + ports.get(1)
                        + "\nconnect = 127.0.0.1:" + ports.get(0) + "\n");
    }

    /** A connection through both services, and its other end. */
    private record Ends(Socket client, Socket server) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    private Ends connect(PeerProxy proxy) throws Exception {
        Socket client =
                new Socket(InetAddress.getLoopbackAddress(), proxy.ports().get(1));
        client.getOutputStream().write('x');
        while (true) { // whoever looked whether it accepts has left one, too
            Socket server = arrived.poll(20, TimeUnit.SECONDS);
            assertThat(server).isNotNull();
            if (server.getInputStream().read() == 'x') {
                return new Ends(client, server);
            }
            server.close();
        }
    }

    /** Milliseconds until nothing more comes, or -1 where that takes longer than so many. */
    private static long end(Socket socket, int millis) throws IOException {
        long begin = System.nanoTime();
        socket.setSoTimeout(millis);
        try {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        } catch (SocketTimeoutException e) {
            return -1;
        }
        return (System.nanoTime() - begin) / 1_000_000;
    }

    @ParameterizedTest
    @MethodSource("programs")
    void endsWhatIsHalfClosedAndSilent(List<String> program) throws Exception {
        try (PeerProxy proxy = serve(program, "1");
                Ends open = connect(proxy);
                Ends byClient = connect(proxy);
                Ends byServer = connect(proxy)) {
            byClient.client.shutdownOutput();
            assertThat(end(byClient.server, 10_000)).isBetween(0L, 900L);
            byServer.server.shutdownOutput();

            assertThat(end(byClient.client, 20_000)).isBetween(500L, 10_000L);
            assertThat(end(byServer.client, 20_000)).isNotNegative();
            assertThat(end(byServer.server, 20_000)).isNotNegative();
            assertThat(end(open.client, 1_500)).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @MethodSource("programs")
    void keepsWhatIsHalfClosedAndSpeaks(List<String> program) throws Exception {
        try (PeerProxy proxy = serve(program, "1");
                Ends ends = connect(proxy)) {
            ends.client.shutdownOutput();
            assertThat(end(ends.server, 10_000)).isNotNegative();
            ends.client.setSoTimeout(10_000);

            for (int i = 0; i < 10; i++) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(250));
                ends.server.getOutputStream().write('a' + i);
                assertThat(ends.client.getInputStream().read()).isEqualTo('a' + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("programs")
    void endsAtOnceWhereItMayNotWait(List<String> program) throws Exception {
        try (PeerProxy proxy = serve(program, "0");
                Ends ends = connect(proxy)) {
            ends.client.shutdownOutput();

            assertThat(end(ends.server, 10_000)).isNotNegative();
            assertThat(end(ends.client, 10_000)).isBetween(0L, 900L);
        }
    }
}
