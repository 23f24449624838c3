package dev.weir.testbeds;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Sends back what it gets, a thread per connection; an end for an end. */
final class EchoServer implements AutoCloseable {
    private final ServerSocket listening;

    EchoServer() throws IOException {
        listening = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
        daemon(() -> {
            while (true) {
                Socket socket = listening.accept();
                daemon(() -> {
                    try (socket) {
                        socket.getInputStream().transferTo(socket.getOutputStream());
                    }
                });
            }
        });
    }

    String address() {
        return "127.0.0.1:" + listening.getLocalPort();
    }

    /** Something that ends with an exception when its socket is closed. */
    @FunctionalInterface
    private interface Task {
        void run() throws IOException;
    }

    private static void daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException closed) {
                // The test is over, or breaks connections.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
