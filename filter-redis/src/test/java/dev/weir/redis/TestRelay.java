package dev.weir.redis;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.testkit.SnifferTester;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A relay of plain sockets that shows both directions of each connection to a sniffer of its own. */
final class TestRelay implements AutoCloseable {
    private final ServerSocket accepting;
    private final int upstream;
    private final PerLoop.PerConnection<Sniffer> sniffers;
    private final List<SnifferTester> testers = new CopyOnWriteArrayList<>();
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new CopyOnWriteArrayList<>();

    TestRelay(int upstream, PerLoop.PerConnection<Sniffer> sniffers) throws IOException {
        this.accepting = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.upstream = upstream;
        this.sniffers = sniffers;
        start(this::accept);
    }

    private void start(Runnable work) {
        Thread thread = new Thread(work, "relay");
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = accepting.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), upstream);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                sockets.addAll(List.of(client, server));
                synchronized (this) {
                    SnifferTester tester = new SnifferTester(sniffers);
                    testers.add(tester);
                    start(() -> copy(client, server, tester, Direction.TO_UPSTREAM));
                    start(() -> copy(server, client, tester, Direction.TO_CLIENT));
                }
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void copy(Socket from, Socket to, SnifferTester tester, Direction direction) {
        byte[] buffer = new byte[16 << 10];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                synchronized (this) {
                    tester.feed(direction, Arrays.copyOf(buffer, n), System.nanoTime());
                }
                out.write(buffer, 0, n);
            }
        } catch (IOException e) {
            // closed
        }
    }

    int port() {
        return accepting.getLocalPort();
    }

    /** All exchanges of all connections, once these are closed. */
    synchronized List<Exchange> exchanges() {
        List<Exchange> all = new ArrayList<>();
        for (SnifferTester tester : testers) {
            tester.close(System.nanoTime());
            all.addAll(tester.recorded().all());
        }
        return all;
    }

    /** How sniffers stopped that did. */
    synchronized List<String> outcomes() {
        return testers.stream()
                .map(SnifferTester::outcome)
                .filter(outcome -> !outcome.isEmpty())
                .toList();
    }

    @Override
    public void close() throws IOException {
        end();
    }

    /** Closes all connections and waits until everything was seen. */
    void end() throws IOException {
        accepting.close();
        for (Socket socket : sockets) {
            socket.close();
        }
        for (Thread thread : threads) {
            try {
                thread.join(20_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
