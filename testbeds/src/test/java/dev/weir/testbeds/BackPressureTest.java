package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What one side does not read stays at the other side's kernel, not in the memory of the proxy. */
class BackPressureTest {
    private static final long STREAM = 64L << 20;
    /** What buffers on the way of a connection may take, pools included. */
    private static final long FLAT = 4L << 20;

    /** A proxy with one connection through it, ends in hand. */
    private static final class Bed implements AutoCloseable {
        final ServerSocket listening = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        final Proxy proxy;
        final Socket client;
        final Socket server;

        Bed(List<Map<String, ?>> filters) throws IOException {
            proxy = Proxy.builder().start(Setup.config(1, "127.0.0.1:" + listening.getLocalPort(), filters));
            client = Setup.connect(proxy);
            server = listening.accept();
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
            listening.close();
            proxy.close();
        }
    }

    /** Memory of the process, without garbage. */
    private record Memory(long direct, long heap) {
        static Memory now() {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            return new Memory(PlatformDependent.usedDirectMemory(), runtime.totalMemory() - runtime.freeMemory());
        }

        void assertFlatSince(Memory before) {
            assertThat(direct - before.direct).as("direct memory").isLessThan(FLAT);
            assertThat(heap - before.heap).as("heap").isLessThan(FLAT);
        }
    }

    /** One Redis value, or answer, of the whole length. */
    private static byte[] head(boolean answer) {
        String bulk = "$" + STREAM + "\r\n";
        return (answer ? bulk : "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n" + bulk)
                .getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private static byte at(long position) {
        return (byte) (position * 31 + (position >>> 11));
    }

    private static void send(OutputStream out, AtomicLong sent) throws IOException {
        byte[] piece = new byte[64 << 10];
        for (long at = 0; at < STREAM; at += piece.length) {
            for (int i = 0; i < piece.length; i++) {
                piece[i] = at(at + i);
            }
            out.write(piece);
            sent.addAndGet(piece.length);
        }
    }

    private static void assertArrives(InputStream in, int headLength) throws IOException {
        assertThat(in.readNBytes(headLength)).hasSize(headLength);
        byte[] piece = new byte[64 << 10];
        for (long at = 0; at < STREAM; ) {
            int n = in.read(piece);
            assertThat(n).as("bytes after " + at).isPositive();
            for (int i = 0; i < n; i++) {
                if (piece[i] != at(at + i)) {
                    throw new AssertionError("wrong byte at " + (at + i));
                }
            }
            at += n;
        }
    }

    /** Waits until no byte has been sent for half a second. */
    private static void awaitStandstill(AtomicLong sent) throws InterruptedException {
        long seen = -1;
        while (seen != sent.get()) {
            seen = sent.get();
            Thread.sleep(500);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "redis_stats"})
    void keepsMemoryFlatWhenTheClientDoesNotRead(String sniffer) throws Exception {
        assertFlat(sniffer, true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "redis_stats"})
    void keepsMemoryFlatWhenTheServerDoesNotRead(String sniffer) throws Exception {
        assertFlat(sniffer, false);
    }

    private static void assertFlat(String sniffer, boolean toClient) throws Exception {
        List<Map<String, ?>> filters = sniffer.isEmpty() ? List.of() : List.of(Map.of("type", sniffer));
        try (Bed bed = new Bed(filters)) {
            if (toClient && !sniffer.isEmpty()) {
                bed.client.getOutputStream().write("GET k\r\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
                assertThat(bed.server.getInputStream().readNBytes(7)).hasSize(7);
            }
            Socket from = toClient ? bed.server : bed.client;
            Socket to = toClient ? bed.client : bed.server;
            AtomicLong sent = new AtomicLong();
            Memory before = Memory.now();
            var sending = CompletableFuture.runAsync(() -> {
                try {
                    from.getOutputStream().write(head(toClient));
                    send(from.getOutputStream(), sent);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            awaitStandstill(sent);

            Memory.now().assertFlatSince(before);
            assertThat(sent.get()).as("bytes the sender got rid of").isLessThan(STREAM);
            assertArrives(to.getInputStream(), head(toClient).length);
            sending.get();
            Memory.now().assertFlatSince(before);
        }
    }

    /** A client that reads slowly gets everything, holds up nobody on its event loop, and costs no memory. */
    @Test
    void servesOthersBesideASlowReader() throws Exception {
        try (Bed bed = new Bed(List.of());
                Socket quick = Setup.connect(bed.proxy);
                Socket quickServer = bed.listening.accept()) {
            Memory before = Memory.now();
            AtomicLong sent = new AtomicLong();
            var sending = CompletableFuture.runAsync(() -> {
                try {
                    send(bed.server.getOutputStream(), sent);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            byte[] piece = new byte[16 << 10];
            long most = 0;
            long slowest = 0;
            InputStream slow = bed.client.getInputStream();
            for (int i = 0; i < 500; i++) {
                assertThat(slow.readNBytes(piece, 0, piece.length)).isEqualTo(piece.length);
                long start = System.nanoTime();
                quick.getOutputStream().write(i);
                assertThat(quickServer.getInputStream().read()).isEqualTo(i & 0xff);
                quickServer.getOutputStream().write(i);
                assertThat(quick.getInputStream().read()).isEqualTo(i & 0xff);
                slowest = Math.max(slowest, System.nanoTime() - start);
                most = Math.max(most, PlatformDependent.usedDirectMemory());
                Thread.sleep(1);
            }

            assertThat(most - before.direct).as("direct memory at most").isLessThan(FLAT);
            assertThat(slowest).as("slowest round trip beside it, ns").isLessThan(10_000_000_000L);
            for (long at = 500L * piece.length; at < STREAM; at += piece.length) {
                assertThat(slow.readNBytes(piece, 0, piece.length)).isEqualTo(piece.length);
                assertThat(piece[0]).isEqualTo(at(at));
            }
            sending.get();
        }
    }
}
