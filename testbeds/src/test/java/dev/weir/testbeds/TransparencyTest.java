package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.testbeds.Peer.End;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Both sides receive exactly what the other one sent, and see it end in the same way, whatever the sniffers do. The
 * server of these tests is driven by the test, so that the ends of the streams fall where the test wants them.
 */
class TransparencyTest {
    private static final int ROUNDS = 60;

    /** What the sniffers do. */
    enum Sniffing {
        NONE,
        ON,
        SWITCHED_OFF_UNDER_WAY,
        FAILING,
        BOTH
    }

    /** One connection with an end on each side. */
    private record Wire(Peer client, Peer server) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    /** A proxy in front of a socket that the test accepts on. */
    private static final class Bed implements AutoCloseable {
        final Random random;
        final ServerSocket listening = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        final Proxy proxy;
        final Sniffing sniffing;

        Bed(Sniffing sniffing, long seed) throws IOException {
            this.sniffing = sniffing;
            this.random = new Random(seed);
            List<Map<String, ?>> filters = new ArrayList<>();
            if (sniffing != Sniffing.NONE && sniffing != Sniffing.FAILING) {
                filters.add(Setup.redisStats());
            }
            if (sniffing == Sniffing.FAILING || sniffing == Sniffing.BOTH) {
                filters.add(Map.of("type", "breaking_stats"));
            }
            proxy = Proxy.builder().start(Setup.config(2, "127.0.0.1:" + listening.getLocalPort(), filters));
        }

        /** A connection that the proxy, too, has seen made: a reset before that is a failed connect. */
        Wire connect() throws Exception {
            long before = connects();
            var socket = Setup.connect(proxy);
            var accepted = listening.accept();
            assertThat(Setup.eventually(() -> connects() > before)).isTrue();
            return new Wire(
                    new Peer(socket, new Random(random.nextLong())), new Peer(accepted, new Random(random.nextLong())));
        }

        private long connects() {
            return proxy.clusters().get(0).endpoints().get(0).connects();
        }

        /** Requests and answers, from nothing to 400 KB. */
        byte[] traffic(boolean requests) {
            int size = random.nextInt(random.nextInt(4) == 0 ? 400_000 : 8_000);
            return requests ? RespTraffic.requests(random, size) : RespTraffic.answers(random, size);
        }

        /** Sends both ways at the same time and answers when all is sent. */
        void exchange(Wire wire, byte[] requests, byte[] answers) throws Exception {
            Random forth = new Random(random.nextLong());
            Random back = new Random(random.nextLong());
            var sending = CompletableFuture.runAsync(() -> send(wire.client, requests, forth));
            if (sniffing == Sniffing.SWITCHED_OFF_UNDER_WAY) {
                proxy.decode(Setup.LISTENER, random.nextBoolean());
            }
            send(wire.server, answers, back);
            sending.get();
        }

        private static void send(Peer peer, byte[] data, Random chunks) {
            try {
                peer.send(data, chunks);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void close() throws IOException {
            proxy.close();
            listening.close();
        }
    }

    private static void assertSame(byte[] received, byte[] sent) {
        assertThat(Arrays.mismatch(received, sent))
                .as("first difference of %d received and %d sent bytes", received.length, sent.length)
                .isEqualTo(-1);
    }

    private static void assertPrefix(byte[] received, byte[] sent) {
        assertThat(received.length).isLessThanOrEqualTo(sent.length);
        assertSame(received, Arrays.copyOf(sent, received.length));
    }

    @ParameterizedTest
    @EnumSource(Sniffing.class)
    void passesOnBothStreamsAndTheirEnds(Sniffing sniffing) throws Exception {
        try (Bed bed = new Bed(sniffing, 1)) {
            for (int round = 0; round < ROUNDS; round++) {
                byte[] requests = bed.traffic(true);
                byte[] answers = bed.traffic(false);
                try (Wire wire = bed.connect()) {
                    bed.exchange(wire, requests, answers);
                    wire.client.finish();
                    wire.server.finish();

                    assertThat(wire.client.awaitEnd()).isEqualTo(End.FIN);
                    assertThat(wire.server.awaitEnd()).isEqualTo(End.FIN);
                    assertSame(wire.server.received(), requests);
                    assertSame(wire.client.received(), answers);
                }
            }
        }
    }

    /** One side ends its stream first; the other one sends only then. */
    @ParameterizedTest
    @EnumSource(Sniffing.class)
    void keepsTheOtherDirectionOpenAfterAHalfClose(Sniffing sniffing) throws Exception {
        try (Bed bed = new Bed(sniffing, 2)) {
            for (int round = 0; round < ROUNDS; round++) {
                byte[] early = bed.traffic(round % 2 == 0);
                byte[] late = bed.traffic(round % 2 == 1);
                try (Wire wire = bed.connect()) {
                    Peer first = round % 2 == 0 ? wire.client : wire.server;
                    Peer second = round % 2 == 0 ? wire.server : wire.client;
                    first.send(early, bed.random);
                    first.finish();
                    assertThat(second.awaitEnd()).isEqualTo(End.FIN);
                    assertThat(second.send(late, bed.random)).isTrue();
                    second.finish();

                    assertThat(first.awaitEnd()).isEqualTo(End.FIN);
                    assertSame(second.received(), early);
                    assertSame(first.received(), late);
                }
            }
        }
    }

    /** Both streams are through when one side resets. */
    @ParameterizedTest
    @EnumSource(Sniffing.class)
    void passesOnAResetBehindAllBytes(Sniffing sniffing) throws Exception {
        try (Bed bed = new Bed(sniffing, 3)) {
            for (int round = 0; round < ROUNDS; round++) {
                byte[] requests = bed.traffic(true);
                byte[] answers = bed.traffic(false);
                try (Wire wire = bed.connect()) {
                    bed.exchange(wire, requests, answers);
                    assertThat(wire.server.awaitReceived(requests.length)).isTrue();
                    assertThat(wire.client.awaitReceived(answers.length)).isTrue();
                    Peer resetting = round % 2 == 0 ? wire.client : wire.server;
                    Peer other = round % 2 == 0 ? wire.server : wire.client;
                    resetting.reset();

                    assertThat(other.awaitEnd()).isEqualTo(End.RESET);
                    assertSame(wire.server.received(), requests);
                    assertSame(wire.client.received(), answers);
                }
            }
        }
    }

    /** A reset that overtakes bytes, as resets do: what arrived is a beginning of what was sent. */
    @ParameterizedTest
    @EnumSource(Sniffing.class)
    void passesOnAResetInTheMiddleOfTraffic(Sniffing sniffing) throws Exception {
        try (Bed bed = new Bed(sniffing, 4)) {
            for (int round = 0; round < ROUNDS; round++) {
                byte[] requests = bed.traffic(true);
                byte[] answers = bed.traffic(false);
                try (Wire wire = bed.connect()) {
                    Peer resetting = round % 2 == 0 ? wire.client : wire.server;
                    Peer other = round % 2 == 0 ? wire.server : wire.client;
                    byte[] toOther = round % 2 == 0 ? requests : answers;
                    byte[] fromOther = round % 2 == 0 ? answers : requests;
                    int seen = bed.random.nextInt(toOther.length + 1);
                    Random chunks = new Random(bed.random.nextLong());
                    var sending = CompletableFuture.runAsync(() -> Bed.send(other, fromOther, chunks));
                    resetting.send(Arrays.copyOf(toOther, seen), bed.random);
                    resetting.reset();

                    sending.get();
                    assertThat(other.awaitEnd())
                            .as("round %d: reset by the %s", round, round % 2 == 0 ? "client" : "server")
                            .isEqualTo(End.RESET);
                    assertPrefix(other.received(), toOther);
                    assertPrefix(resetting.received(), fromOther);
                }
            }
        }
    }

    /** Closing is more than half-closing: what still comes is answered by a reset. */
    @ParameterizedTest
    @EnumSource(Sniffing.class)
    void tellsTheSenderWhenTheOtherSideHasClosed(Sniffing sniffing) throws Exception {
        try (Bed bed = new Bed(sniffing, 5)) {
            for (int round = 0; round < ROUNDS / 2; round++) {
                byte[] sent = bed.traffic(round % 2 == 0);
                try (Wire wire = bed.connect()) {
                    Peer closing = round % 2 == 0 ? wire.client : wire.server;
                    Peer other = round % 2 == 0 ? wire.server : wire.client;
                    closing.send(sent, bed.random);
                    closing.close();

                    assertThat(other.awaitEnd()).isEqualTo(End.FIN);
                    assertSame(other.received(), sent);
                    assertThat(other.takesBytes(2_000)).isFalse();
                }
            }
        }
    }
}
