package dev.weir.testbeds;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Stands in front of a server on an address that stays the same, and behaves as networks and dying machines do. */
final class FaultyRelay implements AutoCloseable {
    /** What it does. */
    enum Mode {
        /** Bytes go on at once. */
        PASS,
        /** Connections are accepted, but no byte goes on; those there are stop, too. */
        STALL,
        /** Connections are accepted and reset, those there are as well. */
        RESET,
        /** Nobody listens; connections there are are reset. */
        REFUSE,
        /** Nobody answers, as where packets are lost: connecting hangs, and so does what is open. */
        VANISH
    }

    private static final int BINDINGS = 3_000;
    private static final long PAUSE_NANOS = 10_000_000;

    private final int target;
    private final InetSocketAddress address;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Object changed = new Object();
    private final List<Socket> fillers = new ArrayList<>();
    private volatile Mode mode = Mode.PASS;
    private volatile boolean closed;
    private @Nullable ServerSocket listening;

    /** In front of a port of this machine. */
    FaultyRelay(int target) throws IOException {
        this.target = target;
        ServerSocket first = new ServerSocket(0, 1_024, InetAddress.getLoopbackAddress());
        this.address = new InetSocketAddress(InetAddress.getLoopbackAddress(), first.getLocalPort());
        listen(first);
    }

    String address() {
        return "127.0.0.1:" + address.getPort();
    }

    int port() {
        return address.getPort();
    }

    /** Behaves so from now on. */
    synchronized void set(Mode next) throws IOException {
        Mode before = mode;
        mode = next;
        synchronized (changed) {
            changed.notifyAll();
        }
        if (next == Mode.RESET || next == Mode.REFUSE) {
            open.forEach(FaultyRelay::reset);
        }
        boolean accepted = before != Mode.REFUSE && before != Mode.VANISH;
        boolean accepts = next != Mode.REFUSE && next != Mode.VANISH;
        if (accepted == accepts && before != Mode.REFUSE && next != Mode.REFUSE) {
            return;
        }
        stopListening();
        if (accepts) {
            listen(bound(1_024));
        } else if (next == Mode.VANISH) {
            fill();
        }
    }

    /** A queue that is full: Linux drops what else comes, as if it had never arrived. */
    private void fill() throws IOException {
        ServerSocket full = bound(1);
        listening = full;
        for (int i = 0; i < 8; i++) {
            Socket filler = new Socket();
            fillers.add(filler);
            try {
                filler.connect(address, 50);
            } catch (IOException isFull) {
                return;
            }
        }
        throw new IOException("the queue of a socket that nobody accepts from does not fill up");
    }

    /** Between two of its sockets the system may give the port to a connection of somebody else, for a while. */
    private ServerSocket bound(int backlog) throws IOException {
        for (int attempt = 1; ; attempt++) {
            ServerSocket socket = new ServerSocket();
            try {
                socket.setReuseAddress(true);
                socket.bind(address, backlog);
                return socket;
            } catch (IOException taken) {
                socket.close();
                if (attempt == BINDINGS) {
                    throw taken;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private void stopListening() throws IOException {
        if (listening != null) {
            listening.close();
            listening = null;
        }
        for (Socket filler : fillers) {
            filler.close();
        }
        fillers.clear();
    }

    private void listen(ServerSocket socket) {
        listening = socket;
        daemon(() -> {
            while (true) {
                Socket client = socket.accept();
                if (mode == Mode.RESET) {
                    reset(client);
                } else {
                    daemon(() -> relay(client));
                }
            }
        });
    }

    private void relay(Socket client) throws IOException {
        open.add(client);
        try (client;
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            daemon(() -> pump(server, client));
            pump(client, server);
        } finally {
            open.remove(client);
        }
    }

    private void pump(Socket from, Socket to) throws IOException {
        byte[] piece = new byte[16 << 10];
        InputStream in = from.getInputStream();
        try {
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                awaitProgress();
                to.getOutputStream().write(piece, 0, n);
            }
            to.shutdownOutput();
        } catch (IOException e) {
            reset(to);
            throw e;
        }
    }

    private void awaitProgress() throws IOException {
        synchronized (changed) {
            while (mode == Mode.STALL || mode == Mode.VANISH) {
                if (closed) {
                    throw new IOException("the relay is closed");
                }
                try {
                    changed.wait();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        }
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException gone) {
            // That is what is wanted.
        }
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
            } catch (IOException broken) {
                // Connections break here; that is what this is for.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        synchronized (changed) {
            changed.notifyAll();
        }
        stopListening();
        open.forEach(FaultyRelay::reset);
    }
}
