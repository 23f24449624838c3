package dev.weir.mongo;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Passes whole messages between clients and a server on 127.0.0.1, each through a {@link Link}. */
final class MessageRelay implements AutoCloseable {
    /** What is done with the messages of a connection: each method on a thread of its own. */
    interface Link {
        void request(RelayMessage message, OutputStream server) throws IOException;

        void answer(RelayMessage message, OutputStream client) throws IOException;
    }

    /** Makes the link of a connection. */
    interface Links {
        /** {@code localPort}: from where the server is reached. */
        Link open(int localPort);
    }

    private interface Step {
        void pass(RelayMessage message, OutputStream out) throws IOException;
    }

    private final ServerSocket listener;
    private final int serverPort;
    private final Links links;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    MessageRelay(int serverPort, Links links) throws IOException {
        this.serverPort = serverPort;
        this.links = links;
        this.listener = new ServerSocket(0, 128, InetAddress.getLoopbackAddress());
        start("accept", this::accept);
    }

    /** Where clients connect to. */
    int port() {
        return listener.getLocalPort();
    }

    private static void start(String what, Runnable body) {
        Thread thread = new Thread(body, "relay-" + what);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                connect(listener.accept());
            }
        } catch (IOException closed) {
            // The end of the test.
        }
    }

    private void connect(Socket client) throws IOException {
        open.add(client);
        Socket server = new Socket();
        open.add(server);
        try {
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort), 60_000);
        } catch (IOException e) {
            end(client);
            end(server);
            return;
        }
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        Link link = links.open(server.getLocalPort());
        start("requests", () -> pump(client, server, link::request));
        start("answers", () -> pump(server, client, link::answer));
    }

    private void pump(Socket from, Socket to, Step step) {
        try {
            for (RelayMessage message = RelayMessage.read(from.getInputStream());
                    message != null;
                    message = RelayMessage.read(from.getInputStream())) {
                step.pass(message, to.getOutputStream());
            }
        } catch (IOException gone) {
            // Whichever side it is, the other one is told by the close.
        } finally {
            end(from);
            end(to);
        }
    }

    private void end(Socket socket) {
        open.remove(socket);
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        open.forEach(this::end);
    }
}
