package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What systemd does for a service, and what it is told: its protocols by themselves, and its own tool where that is installed. */
class SystemdIT {
    private static final Path ACTIVATE = Path.of("/usr/bin/systemd-socket-activate");

    @TempDir
    Path folder;

    private Path write(String address) throws IOException {
        return Files.writeString(
                folder.resolve("weir.yaml"),
                "takeover: { socket: \"off\" }\nlisteners: [ { name: a, address: \"" + address
                        + "\", filters: [ { type: echo } ] } ]\n");
    }

    private static String receive(Socket socket) throws Exception {
        ByteBuffer buffer = ByteBuffer.allocateDirect(4_096);
        for (int i = 0; i < 3_000; i++) {
            int length = socket.recv(buffer, 0, buffer.capacity());
            if (length > 0) {
                byte[] bytes = new byte[length];
                buffer.get(0, bytes);
                return new String(bytes, StandardCharsets.UTF_8);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new AssertionError("no message");
    }

    private void tells(String path, String variable) throws Exception {
        Epoll.ensureAvailability();
        Socket systemd = Socket.newSocketDomainDgram();
        try {
            systemd.bind(new DomainSocketAddress(path));
            Map<String, String> environment = Map.of("NOTIFY_SOCKET", variable);
            try (WeirProcess weir = WeirProcess.start(
                    System.getProperty("java.class.path"),
                    environment,
                    "run",
                    write("127.0.0.1:0").toString())) {
                assertThat(receive(systemd)).isEqualTo("READY=1\nSTATUS=serving");

                weir.signal("HUP");
                assertThat(receive(systemd)).matches("RELOADING=1\nMONOTONIC_USEC=\\d+");
                assertThat(receive(systemd)).isEqualTo("READY=1\nSTATUS=serving");

                weir.signal("TERM");
                assertThat(receive(systemd)).isEqualTo("STOPPING=1\nSTATUS=draining");
                assertThat(weir.exitCode()).isZero();
            }
        } finally {
            systemd.close();
        }
    }

    @Test
    void tellsHowItIs() throws Exception {
        String path = folder.resolve("notify").toString();
        tells(path, path);
    }

    @Test
    void tellsAnAbstractSocketHowItIs() throws Exception {
        String name = "weir-test-" + ProcessHandle.current().pid();
        tells("\0" + name, "@" + name);
    }

    @Test
    void usesTheSocketThatSystemdHasOpened() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(ACTIVATE), "SKIPPED-NEEDS: systemd-socket-activate");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        String address = "127.0.0.1:" + port;
        Process process = new ProcessBuilder(List.of(
                        ACTIVATE.toString(),
                        "--listen=" + address,
                        "--fdname=a",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "run",
                        write("0.0.0.0:1").toString()))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        try {
            WeirProcess.await(() -> echoes(port)); // the first connection starts it, and waits until it is up
            assertThat(echoes(port)).isTrue();
            assertThat(Files.readString(folder.resolve("log"))).contains("weir: a listens on " + address);
        } finally {
            process.destroyForcibly();
            process.waitFor();
        }
    }

    private static boolean echoes(int port) {
        try (var socket = new java.net.Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write('x');
            return socket.getInputStream().read() == 'x';
        } catch (IOException notYet) {
            return false;
        }
    }
}
