package dev.weir.testbeds;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One end of a connection: sends in random pieces, keeps what it receives and how that ended. */
final class Peer implements AutoCloseable {
    /** How the other side's stream ended. */
    enum End {
        /** In order. */
        FIN,
        /** By a reset. */
        RESET,
        /** This side closed first. */
        OWN
    }

    private static final long PATIENCE_SECONDS = 60;

    private final Socket socket;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile End end = End.OWN;
    private volatile boolean closed;
    /** A write failed. The kernel tells of a reset once: after that, reads end as if in order. */
    private volatile boolean broken;

    /** Starts to read; {@code pace} chooses the sizes of the reads, and pauses between some of them. */
    Peer(Socket socket, Random pace) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        InputStream in = socket.getInputStream();
        Thread reader = new Thread(() -> read(in, pace), "peer-reader");
        reader.setDaemon(true);
        reader.start();
    }

    private void read(InputStream in, Random pace) {
        byte[] piece = new byte[32 << 10];
        try {
            while (true) {
                int n = in.read(piece, 0, 1 + pace.nextInt(piece.length));
                if (n < 0) {
                    end = End.FIN;
                    break;
                }
                synchronized (received) {
                    received.write(piece, 0, n);
                    received.notifyAll();
                }
                if (pace.nextInt(16) == 0) {
                    Thread.sleep(0, 1 + pace.nextInt(900_000));
                }
            }
        } catch (SocketException e) {
            end = closed ? End.OWN : End.RESET;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            ended.countDown();
        }
    }

    /** Sends all of {@code data} in random pieces; false if the connection broke before. */
    boolean send(byte[] data, Random chunks) throws InterruptedException {
        try {
            OutputStream out = socket.getOutputStream();
            int most = 1 + chunks.nextInt(30_000);
            for (int at = 0; at < data.length; ) {
                int n = Math.min(data.length - at, 1 + chunks.nextInt(most));
                out.write(data, at, n);
                at += n;
                if (chunks.nextInt(24) == 0) {
                    Thread.sleep(0, 1 + chunks.nextInt(900_000));
                }
            }
            return true;
        } catch (IOException e) {
            broken = true;
            return false;
        }
    }

    /** Sends the end of the stream. */
    void finish() throws IOException {
        socket.shutdownOutput();
    }

    /** Ends both directions by a reset. */
    void reset() throws IOException {
        closed = true;
        socket.setSoLinger(true, 0);
        socket.close();
    }

    /** Whether the socket still takes bytes after some tries: false shows that the other side is gone. */
    boolean takesBytes(int tries) throws InterruptedException {
        byte[] more = new byte[64];
        for (int i = 0; i < tries; i++) {
            try {
                socket.getOutputStream().write(more);
            } catch (IOException e) {
                return false;
            }
            Thread.sleep(1);
        }
        return true;
    }

    /** Waits until this many bytes have come. */
    boolean awaitReceived(int bytes) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        synchronized (received) {
            while (received.size() < bytes && System.nanoTime() < deadline && ended.getCount() > 0) {
                received.wait(20);
            }
            return received.size() >= bytes;
        }
    }

    /** Waits for the end of the other side's stream; to be asked when nothing is being sent. */
    End awaitEnd() throws InterruptedException {
        if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError(
                    "no end of the stream within " + PATIENCE_SECONDS + " s, after " + received().length + " bytes");
        }
        return end == End.FIN && broken ? End.RESET : end;
    }

    byte[] received() {
        synchronized (received) {
            return received.toByteArray();
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        socket.close();
    }
}
