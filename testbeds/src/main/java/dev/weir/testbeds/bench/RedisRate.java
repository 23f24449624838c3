package dev.weir.testbeds.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.HdrHistogram.Histogram;

/**
 * SET and GET at a rate that does not depend on the answers, as many clients send them: batches of commands fall due one after the other, on one
 * connection after the other, and the time of each is taken from when it was due until its last answer is there. One thread, which never sleeps.
 */
final class RedisRate {
    private static final int KEYS = 100_000;
    private static final String KEY = "$16\r\nkey:000000000000\r\n";
    /** Behind the last digit of the key; the head of a command is as long for both. */
    private static final int DIGITS = "*3\r\n$3\r\nSET\r\n".length() + KEY.length() - 2;

    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private final int pipeline;
    private final byte[] set;
    private final byte[] get;
    /** Batches that were due before it only warm up. */
    private long counted;

    private final Histogram nanos = new Histogram(3);
    private final ByteBuffer in = ByteBuffer.allocateDirect(256 << 10);
    private long answered;

    private RedisRate(int pipeline, int valueBytes) {
        this.pipeline = pipeline;
        String value = "$" + valueBytes + "\r\n" + "x".repeat(valueBytes) + "\r\n";
        this.set = ("*3\r\n$3\r\nSET\r\n" + KEY + value).getBytes(StandardCharsets.US_ASCII);
        this.get = ("*2\r\n$3\r\nGET\r\n" + KEY).getBytes(StandardCharsets.US_ASCII);
    }

    /** {@code PORT CONNECTIONS PIPELINE VALUE_BYTES COMMANDS_PER_SECOND SECONDS}: prints one line of JSON, of the second half. */
    public static void main(String[] args) throws IOException {
        if (args.length != 6) {
            throw new IllegalArgumentException(
                    "expected: PORT CONNECTIONS PIPELINE VALUE_BYTES COMMANDS_PER_SECOND SECONDS");
        }
        RedisRate load = new RedisRate(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
        System.out.println(load.run(
                Integer.parseInt(args[0]),
                Integer.parseInt(args[1]),
                Double.parseDouble(args[4]),
                Double.parseDouble(args[5])));
    }

    @SuppressWarnings("ThreadPriorityCheck") // the servers, which share its core, are to run while nothing is due
    private String run(int port, int connections, double rate, double seconds) throws IOException {
        List<Lane> lanes = new ArrayList<>();
        try (Selector selector = Selector.open()) {
            for (int i = 0; i < connections; i++) {
                lanes.add(new Lane(port, selector));
            }
            double interval = pipeline * 1e9 / rate;
            long batches = (long) (seconds * 1e9 / interval);
            long start = System.nanoTime();
            counted = start + (long) (seconds * 0.5e9);
            for (long batch = 0; batch < batches; ) {
                long now = System.nanoTime();
                long due = start + (long) (batch * interval);
                if (now < due) {
                    poll(selector);
                    Thread.yield();
                    continue;
                }
                lanes.get((int) (batch % connections)).send(batch % 2 == 0, due);
                batch++;
            }
            long end = System.nanoTime() + PATIENCE_NANOS;
            while (answered < batches) {
                if (System.nanoTime() > end) {
                    throw new IOException(batches - answered + " batches without an answer");
                }
                poll(selector);
            }
            return String.format(
                    Locale.ROOT,
                    "{\"sent\": %d, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f}",
                    batches * pipeline,
                    nanos.getValueAtPercentile(50) / 1e6,
                    nanos.getValueAtPercentile(99) / 1e6,
                    nanos.getValueAtPercentile(99.9) / 1e6);
        } finally {
            for (Lane lane : lanes) {
                lane.channel.close();
            }
        }
    }

    private void poll(Selector selector) throws IOException {
        if (selector.selectNow() > 0) {
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.attachment() instanceof Lane lane) {
                    lane.ready(key);
                }
            }
            selector.selectedKeys().clear();
        }
    }

    /** A connection. */
    private final class Lane {
        private final SocketChannel channel;
        private final SelectionKey key;
        private final ArrayDeque<Long> due = new ArrayDeque<>();
        private ByteBuffer out = ByteBuffer.allocate(0);
        /** Answers of the oldest batch that have come. */
        private int came;
        /** Bytes of a value, with its end, that are still to come. */
        private int left;

        private final StringBuilder line = new StringBuilder();

        Lane(int port, Selector selector) throws IOException {
            channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.configureBlocking(false);
            key = channel.register(selector, SelectionKey.OP_READ, this);
        }

        void send(boolean sets, long dueNanos) throws IOException {
            due.add(dueNanos);
            byte[] command = sets ? set : get;
            ByteBuffer next = ByteBuffer.allocate(out.remaining() + pipeline * command.length);
            next.put(out);
            for (int i = 0; i < pipeline; i++) {
                int at = next.position() + DIGITS;
                next.put(command);
                for (int key = ThreadLocalRandom.current().nextInt(KEYS); key > 0; key /= 10) {
                    next.put(--at, (byte) ('0' + key % 10));
                }
            }
            out = next.flip();
            flush();
        }

        private void flush() throws IOException {
            channel.write(out);
            int wanted = out.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ;
            if (key.interestOps() != wanted) {
                key.interestOps(wanted);
            }
        }

        void ready(SelectionKey which) throws IOException {
            if (which.isWritable()) {
                flush();
            }
            in.clear();
            if (which.isReadable() && channel.read(in) < 0) {
                throw new IOException("closed by the proxy");
            }
            in.flip();
            while (in.hasRemaining()) {
                if (left > 0) {
                    int some = Math.min(left, in.remaining());
                    in.position(in.position() + some);
                    left -= some;
                    if (left == 0) {
                        answered();
                    }
                } else {
                    oneByte((char) in.get());
                }
            }
        }

        private void oneByte(char c) throws IOException {
            if (c != '\n') {
                line.append(c);
                return;
            }
            String text = line.toString().strip();
            line.setLength(0);
            if (text.startsWith("$") && !text.equals("$-1")) {
                left = Integer.parseInt(text.substring(1)) + 2;
            } else if (text.startsWith("-")) {
                throw new IOException(text);
            } else {
                answered();
            }
        }

        private void answered() {
            if (++came == pipeline) {
                came = 0;
                long since = due.remove();
                if (since - counted >= 0) {
                    nanos.recordValue(Math.max(0, System.nanoTime() - since));
                }
                answered++;
            }
        }
    }
}
