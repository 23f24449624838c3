package dev.weir.testbeds;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Clients that connect through a proxy again and again, each from a loopback address of its own, and ask the server some times who it is. Runs until closed; turns that
 * ended are taken out from time to time.
 */
final class ShardLoad implements AutoCloseable {
    private static final int QUESTIONS = 5;

    /**
     * One connection.
     *
     * @param client number of the client
     * @param server who answered; -1 if nobody did
     * @param trouble what happened, or null if all questions were answered
     */
    record Turn(int client, int server, @Nullable String trouble) {}

    /** What is asked, and how the number of the server is read from its answer. */
    enum Question {
        /** Of {@link NumberedShards}: their number. */
        NUMBER("*2\r\n$3\r\nGET\r\n$2\r\nme\r\n") {
            @Override
            int answer(InputStream in) throws IOException {
                return bulk(in);
            }
        },
        /** Of a real Redis: its port. */
        PORT("*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$4\r\nport\r\n") {
            @Override
            int answer(InputStream in) throws IOException {
                NumberedShards.number(in, '*');
                in.skipNBytes(NumberedShards.number(in, '$') + 2);
                return bulk(in);
            }
        };

        private final String request;

        Question(String request) {
            this.request = request;
        }

        abstract int answer(InputStream in) throws IOException;

        private static int bulk(InputStream in) throws IOException {
            int length = NumberedShards.number(in, '$');
            String digits = new String(in.readNBytes(length), StandardCharsets.US_ASCII);
            if (digits.length() < length) {
                throw new EOFException("closed");
            }
            in.skipNBytes(2);
            return Integer.parseInt(digits);
        }
    }

    private final int port;
    private final Question question;
    private final byte[] request;
    private final Queue<Turn> turns = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final List<Socket> current = new ArrayList<>();
    private volatile boolean over;

    /** Starts {@code clients} of them. */
    ShardLoad(int port, int clients, Question question) {
        this.port = port;
        this.question = question;
        this.request = question.request.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < clients; i++) {
            int client = i;
            current.add(new Socket());
            Thread thread = new Thread(() -> run(client), "load-" + i);
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    /** The address from which a client comes. */
    static String source(int client) {
        return "127.0." + (1 + client / 200) + "." + (1 + client % 200);
    }

    private void run(int client) {
        while (!over) {
            Turn turn = turn(client);
            if (!over) {
                turns.add(turn);
            }
        }
    }

    private Turn turn(int client) {
        int server = -1;
        try (Socket socket = new Socket()) {
            synchronized (current) {
                current.set(client, socket);
            }
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(source(client), 0));
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 60_000);
            socket.setSoTimeout(60_000);
            socket.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(socket.getInputStream(), 256);
            for (int i = 0; i < QUESTIONS && !over; i++) {
                socket.getOutputStream().write(request);
                int answer = question.answer(in);
                if (i > 0 && answer != server) {
                    return new Turn(client, server, "another server in mid-connection: " + answer);
                }
                server = answer;
            }
            return new Turn(client, server, null);
        } catch (IOException e) {
            return new Turn(client, server, e.toString());
        }
    }

    /** All turns that have ended since it was asked last. */
    List<Turn> take() {
        List<Turn> taken = new ArrayList<>();
        for (Turn turn = turns.poll(); turn != null; turn = turns.poll()) {
            taken.add(turn);
        }
        return taken;
    }

    /** Waits for so many turns that began after this call, and returns all that ended after it: those that had begun before may be among them. */
    List<Turn> next(int count) throws InterruptedException {
        List<Turn> all = new ArrayList<>();
        Setup.eventually(() -> {
            all.addAll(take());
            return all.size() >= count;
        });
        return all;
    }

    /** So many turns of which none had begun before this call. */
    List<Turn> fresh(int count) throws InterruptedException {
        take();
        // Each client has at most one turn that is under way.
        List<Integer> seen = new ArrayList<>();
        List<Turn> fresh = new ArrayList<>();
        Setup.eventually(() -> {
            for (Turn turn : take()) {
                if (seen.contains(turn.client)) {
                    fresh.add(turn);
                } else {
                    seen.add(turn.client);
                }
            }
            return fresh.size() >= count;
        });
        return fresh;
    }

    @Override
    public void close() {
        over = true;
        synchronized (current) {
            for (Socket socket : current) {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        try {
            for (Thread thread : threads) {
                thread.join(60_000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
