package dev.weir.tls;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Answers when its client has ended, and only then. */
final class SlowServer implements AutoCloseable {
    private final ServerSocket socket;
    private final Thread thread = new Thread(this::serve, "slow-server");

    SlowServer() throws IOException {
        socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return socket.getLocalPort();
    }

    private void serve() {
        for (; ; ) {
            try (Socket client = socket.accept()) {
                int read = client.getInputStream().readAllBytes().length;
                client.getOutputStream().write((read + " bytes, then the end").getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                if (socket.isClosed()) {
                    return;
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
