package dev.weir.testbeds.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/**
 * Sends one kind of work on many connections, one request in flight on each, from one thread. Every answer is checked: it
 * names its request and is as long as the prepared one.
 */
final class MongoLoad {
    private static final long PATIENCE_MILLIS = 20_000;

    private final MongoWork work;
    private final int answerLength;
    private final ByteBuffer in = ByteBuffer.allocateDirect(256 << 10).order(ByteOrder.LITTLE_ENDIAN);
    private final Histogram nanos = new Histogram(3);
    private long deadline;
    private long sent;
    private int nextId = 1;
    private int busy;

    private MongoLoad(MongoWork work) {
        this.work = work;
        this.answerLength = work.answer().length;
    }

    /** What a run gave. Each of its connections has said hello once. */
    record Result(long sent, double seconds, Histogram nanos) {
        String json() {
            return String.format(
                    Locale.ROOT,
                    "{\"sent\": %d, \"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}",
                    sent,
                    seconds,
                    micros(50),
                    micros(99),
                    micros(100));
        }

        private double micros(double percentile) {
            return nanos.getValueAtPercentile(percentile) / 1e3;
        }
    }

    /** Runs for that long; then every request that is on its way gets its answer. */
    static Result run(int port, MongoWork work, int connections, double seconds) throws IOException {
        return new MongoLoad(work).run(port, connections, seconds);
    }

    private Result run(int port, int connections, double seconds) throws IOException {
        List<Lane> lanes = new ArrayList<>();
        try (Selector selector = Selector.open()) {
            for (int i = 0; i < connections; i++) {
                lanes.add(new Lane(port));
            }
            long start = System.nanoTime();
            deadline = start + (long) (seconds * 1e9);
            for (Lane lane : lanes) {
                lane.register(selector);
            }
            while (busy > 0) {
                if (selector.select(MongoLoad::ready, PATIENCE_MILLIS) == 0) {
                    throw new IOException(busy + " requests of " + work + " without an answer");
                }
            }
            return new Result(sent, (System.nanoTime() - start) / 1e9, nanos);
        } finally {
            for (Lane lane : lanes) {
                lane.channel.close();
            }
        }
    }

    private static void ready(SelectionKey key) {
        if (key.attachment() instanceof Lane lane) {
            lane.ready(key);
        }
    }

    /** A connection. */
    private final class Lane {
        private final SocketChannel channel;
        private final ByteBuffer request = MongoUpstream.direct(work.request());
        private final MongoInbox inbox = new MongoInbox();
        private int id;
        private long since;

        Lane(int port) throws IOException {
            channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.write(ByteBuffer.wrap(MongoWork.hello()));
            do {
                in.clear();
                if (channel.read(in) < 0) {
                    throw new IOException("closed before the answer to hello");
                }
            } while (!inbox.take(in.flip()));
        }

        void register(Selector selector) throws IOException {
            channel.configureBlocking(false);
            busy++;
            send(channel.register(selector, SelectionKey.OP_READ, this), System.nanoTime());
        }

        void ready(SelectionKey key) {
            try {
                if (key.isWritable()) {
                    flush(key);
                }
                if (key.isReadable()) {
                    read(key);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void send(SelectionKey key, long now) throws IOException {
            id = nextId++;
            request.clear();
            request.putInt(4, id);
            since = now;
            sent++;
            flush(key);
        }

        private void flush(SelectionKey key) throws IOException {
            channel.write(request);
            int wanted = request.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ;
            if (key.interestOps() != wanted) {
                key.interestOps(wanted);
            }
        }

        private void read(SelectionKey key) throws IOException {
            in.clear();
            if (channel.read(in) < 0) {
                throw new IOException("closed before the answer to " + work);
            }
            in.flip();
            while (in.hasRemaining()) {
                if (inbox.take(in)) {
                    answered(key);
                }
            }
        }

        private void answered(SelectionKey key) throws IOException {
            if (inbox.responseTo() != id || inbox.length() != answerLength) {
                throw new IOException(
                        work + " " + id + ": an answer of " + inbox.length() + " bytes to " + inbox.responseTo());
            }
            long now = System.nanoTime();
            nanos.recordValue(now - since);
            if (now < deadline) {
                send(key, now);
            } else {
                busy--;
                key.cancel();
            }
        }
    }
}
