package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.internal.PlatformDependent;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a client can make {@code redis_proxy} keep. */
final class RedisProxyLimitsIT {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    /** As large as a value can be. */
    private static final int LARGEST = 512 << 20;

    private static final int PIECE = 64 << 10;

    static List<String> servers() {
        return TestServer.available();
    }

    /** What is announced costs nothing: each of these bombs, taken at its word, would be millions of bytes. */
    @Test
    void announcementsCostNothing() throws Exception {
        ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED); // it writes down who has taken a buffer
        try (ShardedBed bed = ShardedBed.of(List.of("embedded", "embedded"), Map.of());
                RawClient other = bed.connect()) {
            assertCosts(bed, other, "*2147483647\r\n", true);
            assertCosts(bed, other, "*2147483647\r\n$3\r\nGET\r\n$1\r\nk\r\n", true);
            assertCosts(bed, other, "*1000000\r\n", false);
            assertCosts(bed, other, "*1000000\r\n$536870912\r\n", false);
            assertCosts(bed, other, "*1000000\r\n$4\r\nMGET\r\n$16000000\r\n", false);
            assertCosts(bed, other, "*2\r\n$3\r\nGET\r\n$536870912\r\n", false);
            assertCosts(bed, other, "*2\r\n$3\r\nGET\r\n$536870913\r\n", true);
        } finally {
            ResourceLeakDetector.setLevel(level);
        }
    }

    private static void assertCosts(ShardedBed bed, RawClient other, String bomb, boolean refused) throws Exception {
        int clients = 20;
        List<RawClient> open = new ArrayList<>();
        try {
            // Connections to shards are made, classes are loaded.
            open.add(send(bed, other, bomb, refused));
            long direct = PlatformDependent.usedDirectMemory();
            long heap = allocatedByLoops();
            for (int i = 0; i < clients; i++) {
                open.add(send(bed, other, bomb, refused));
            }
            // A connection and CLIENT LIST cost some KiB.
            assertThat(allocatedByLoops() - heap)
                    .as("heap for %s of %s", clients, bomb)
                    .isLessThan(clients * (128L << 10));
            // The pool takes it in chunks of 4 MiB.
            assertThat(PlatformDependent.usedDirectMemory() - direct)
                    .as("buffers for %s of %s", clients, bomb)
                    .isLessThan(9 << 20);
        } finally {
            for (RawClient client : open) {
                client.close();
            }
        }
    }

    private static RawClient send(ShardedBed bed, RawClient other, String bomb, boolean refused) throws Exception {
        RawClient client = bed.connect();
        assertThat(client.call("PING")).isEqualTo("+PONG\r\n");
        client.write(bomb);
        if (refused) {
            assertThat(client.read()).startsWith("-ERR Protocol error: invalid ");
            assertThat(client.ended()).isTrue();
        } else {
            // It asks all loops, behind what has come until then.
            assertThat(other.call("CLIENT", "LIST")).contains("cmd=ping");
            assertThat(other.call("CLIENT", "LIST")).contains("cmd=ping");
        }
        return client;
    }

    private static long allocatedByLoops() {
        long sum = 0;
        for (long id : THREADS.getAllThreadIds()) {
            ThreadInfo info = THREADS.getThreadInfo(id);
            if (info != null && info.getThreadName().startsWith("weir")) {
                sum += THREADS.getThreadAllocatedBytes(id);
            }
        }
        assertThat(sum).as("bytes allocated by loops").isPositive();
        return sum;
    }

    @ParameterizedTest
    @MethodSource("servers")
    void aCommandHasAsManyArgumentsAsIsConfigured(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name, name), Map.of("max_arguments", 16))) {
            try (RawClient client = bed.connect()) {
                List<String> most = new ArrayList<>(List.of("RPUSH", "l"));
                most.addAll(Collections.nCopies(14, "x"));
                assertThat(client.call(most.toArray(new String[0]))).isEqualTo(":14\r\n");
                most.add("x");
                assertThat(client.call(most.toArray(new String[0])))
                        .startsWith("-ERR Protocol error: invalid multibulk length");
                assertThat(client.ended()).isTrue();
            }
            try (RawClient client = bed.connect()) {
                client.write("RPUSH l" + " x".repeat(14) + "\r\n");
                assertThat(client.read()).isEqualTo(":28\r\n");
                client.write("RPUSH l" + " x".repeat(15) + "\r\n");
                assertThat(client.read()).startsWith("-ERR Protocol error: invalid multibulk length");
                assertThat(client.ended()).isTrue();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void asManyCommandsWaitAsAreConfigured(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name), Map.of("max_pending", 10, "timeout", 0));
                RawClient client = bed.connect();
                RawClient other = bed.connect()) {
            assertThat(client.call("SET", "k", "0")).isEqualTo("+OK\r\n");
            long frozen = bed.shards.get(0).freeze();
            try {
                client.write(RawClient.encode("INCR", "k").repeat(100));
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                while (pending(bed) < 10) {
                    assertThat(System.nanoTime()).as("%s wait", pending(bed)).isLessThan(end);
                    Thread.onSpinWait();
                }
                // All loops have done what they had to do.
                assertThat(other.call("CLIENT", "LIST")).contains("cmd=incr");
                assertThat(pending(bed)).isEqualTo(10);
            } finally {
                TestServer.thaw(frozen);
            }
            for (int i = 1; i <= 100; i++) {
                assertThat(client.read()).isEqualTo(":" + i + "\r\n");
            }
        }
    }

    private static double pending(ShardedBed bed) {
        return bed.meters.find("weir_redis_shard_pending").meters().stream()
                .mapToDouble(meter -> meter.measure().iterator().next().getValue())
                .sum();
    }

    /** The largest value there can be goes both ways, and is never in memory. */
    @Tag("slow")
    @ParameterizedTest
    @MethodSource("servers")
    void theLargestValuePassesInLittleMemory(String name) throws Exception {
        try (ShardedBed bed = ShardedBed.of(List.of(name), Map.of("timeout", "1m"));
                Socket client = new Socket(InetAddress.getLoopbackAddress(), bed.port())) {
            client.setSoTimeout(60_000);
            Memory memory = new Memory();
            OutputStream out = client.getOutputStream();
            DataInputStream in = new DataInputStream(client.getInputStream());
            byte[] piece = new byte[PIECE];
            for (int i = 0; i < PIECE; i++) {
                piece[i] = (byte) (i * 31);
            }
            out.write(ascii("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + LARGEST + "\r\n"));
            for (int sent = 0; sent < LARGEST; sent += PIECE) {
                out.write(piece);
                memory.look(sent);
            }
            out.write(ascii("\r\n"));
            assertThat(new String(in.readNBytes(5), StandardCharsets.US_ASCII)).isEqualTo("+OK\r\n");

            out.write(RawClient.encode("GET", "k").getBytes(StandardCharsets.US_ASCII));
            String header = "$" + LARGEST + "\r\n";
            assertThat(new String(in.readNBytes(header.length()), StandardCharsets.US_ASCII))
                    .isEqualTo(header);
            byte[] got = new byte[PIECE];
            for (int read = 0; read < LARGEST; read += PIECE) {
                in.readFully(got);
                assertThat(Arrays.equals(got, piece)).isTrue();
                memory.look(read);
            }
            assertThat(new String(in.readNBytes(2), StandardCharsets.US_ASCII)).isEqualTo("\r\n");

            assertThat(memory.mostDirect).as("buffers").isLessThan(64L << 20);
            assertThat(memory.mostHeap).as("heap").isLessThan(64L << 20);
        }
    }

    /** While a shard reads nothing, no more is taken of a client than lies in the buffers on the way. */
    @ParameterizedTest
    @MethodSource("servers")
    void aShardThatReadsNothingStopsItsClient(String name) throws Exception {
        int length = 256 << 20;
        try (ShardedBed bed = ShardedBed.of(List.of(name), Map.of("timeout", 0));
                RawClient other = bed.connect();
                SocketChannel client =
                        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), bed.port()))) {
            ByteBuffer piece = ByteBuffer.allocate(PIECE);
            int sent = 0;
            // The connection that it will go by is made.
            client.write(ByteBuffer.wrap(ascii(RawClient.encode("SET", "k", "v".repeat(2 * PIECE)))));
            assertThat(answer(client)).isEqualTo("+OK\r\n");
            long frozen = bed.shards.get(0).freeze();
            try {
                client.write(ByteBuffer.wrap(ascii("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + length + "\r\n")));
                client.configureBlocking(false);
                // All loops have had their turn so often, and nothing went on.
                for (int stuck = 0; stuck < 200 && sent < length / 2; ) {
                    int taken = client.write(piece.clear());
                    sent += taken;
                    stuck = taken > 0 ? 0 : stuck + 1;
                    other.call("CLIENT", "LIST");
                }
            } finally {
                TestServer.thaw(frozen);
            }
            assertThat(sent).isLessThan(64 << 20);
            client.configureBlocking(true);
            while (sent < length) {
                sent += client.write(piece.clear().limit(Math.min(PIECE, length - sent)));
            }
            client.write(ByteBuffer.wrap(ascii("\r\n")));
            assertThat(answer(client)).isEqualTo("+OK\r\n");
            assertThat(other.call("STRLEN", "k")).isEqualTo(":" + length + "\r\n");
        }
    }

    private static String answer(SocketChannel client) throws IOException {
        return new String(client.socket().getInputStream().readNBytes(5), StandardCharsets.US_ASCII);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** What the proxy and its test have more than at first. */
    private static final class Memory {
        private final long direct = PlatformDependent.usedDirectMemory();
        private final long heap = heap();
        long mostDirect;
        long mostHeap;

        /** To be called for each piece. */
        void look(int at) {
            mostDirect = Math.max(mostDirect, PlatformDependent.usedDirectMemory() - direct);
            if (at % (LARGEST / 4) == LARGEST / 8) {
                mostHeap = Math.max(mostHeap, heap() - heap);
            }
        }

        private static long heap() {
            System.gc();
            return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        }
    }
}
