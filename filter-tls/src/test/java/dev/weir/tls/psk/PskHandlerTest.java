package dev.weir.tls.psk;

import static dev.weir.tls.psk.PskBed.KEY;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.config.ConfigException;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PskHandlerTest {
    @TempDir
    Path folder;

    private PskBed bed;

    @BeforeEach
    void begin() {
        bed = new PskBed(folder);
    }

    @AfterEach
    void end() {
        bed.close();
    }

    private static boolean eventually(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
        }
        return true;
    }

    private static void say(PskBed.Ends client, byte[] data) {
        client.context.writeAndFlush(Unpooled.wrappedBuffer(data));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void carriesBytesBothWays(String version) throws Exception {
        byte[] data = new byte[1 << 20];
        new Random(1).nextBytes(data);
        PskTls psk = bed.psk("a:" + KEY + "\n", Map.of());
        int port = bed.server(psk, "TLSv1.2", "TLSv1.3");
        var client = bed.client(psk, version, version, port, true);
        say(client, data); // waits for the handshake

        assertThat(eventually(() -> client.received.size() == data.length)).isTrue();
        assertThat(client.text()).isEqualTo(new String(data, ISO_8859_1));
        assertThat(client.session().version()).isEqualTo(version);
        assertThat(client.session().cipher())
                .isEqualTo(
                        version.equals("TLSv1.3") ? "TLS_AES_128_GCM_SHA256" : "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256");
        assertThat(bed.accepted.get(0).session().identity()).isEqualTo("a");
        assertThat(bed.accepted.get(0).session().serverName()).isEqualTo("db.example");
        assertThat(bed.accepted.get(0).session().verified()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void getsTheRestBehindItsOwnEnd(String version) throws Exception {
        PskTls psk = bed.psk("a:" + KEY + "\n", Map.of());
        int port = bed.server(psk, version, version);
        var client = bed.client(psk, version, version, port, true);
        say(client, "question".getBytes(ISO_8859_1));
        client.context.executor().execute(() -> client.tls.closeOutbound());

        assertThat(eventually(() -> client.ended)).isTrue();
        assertThat(client.text()).isEqualTo("question");
        assertThat(client.failure).isNull();
        assertThat(bed.accepted.get(0).failure).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void shakesHandsWhereNobodyReads(String version) throws Exception {
        PskTls psk = bed.psk("a:" + KEY + "\n", Map.of());
        int port = bed.server(psk, version, version);
        var client = bed.client(psk, version, version, port, false);
        say(client, "x".getBytes(ISO_8859_1));

        assertThat(client.tls.handshakeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(client.tls.handshakeFuture().isSuccess()).isTrue();
        assertThat(eventually(() -> bed.accepted.get(0).text().equals("x"))).isTrue();
        client.context.executor().execute(() -> client.context.read());
        assertThat(eventually(() -> client.text().equals("x"))).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "TLSv1.2,a,ffeeddccbbaa99887766554433221100",
        "TLSv1.3,a,ffeeddccbbaa99887766554433221100",
        "TLSv1.2,b," + KEY,
        "TLSv1.3,b," + KEY
    })
    void failsAlikeForAWrongKeyAndAnUnknownIdentity(String version, String identity, String key) throws Exception {
        int port = bed.server(bed.psk("a:" + KEY + "\n", Map.of()), version, version);
        var client = bed.client(bed.psk(identity + ":" + key + "\n", Map.of()), version, version, port, true);
        say(client, "x".getBytes(ISO_8859_1));

        assertThat(eventually(() -> client.closed && bed.accepted.get(0).closed))
                .isTrue();
        assertThat(client.tls.handshakeFuture().isSuccess()).isFalse();
        assertThat(client.failure).isInstanceOf(SSLException.class);
        // The peer is told, and told the same.
        assertThat(client.failure.getCause().getMessage())
                .contains(version.equals("TLSv1.3") ? "decrypt_error" : "bad_record_mac");
        assertThat(bed.accepted.get(0).failure).isInstanceOf(SSLException.class);
        assertThat(bed.accepted.get(0).session()).isNull();
    }

    @Test
    void endsAClientThatSaysNothing() throws Exception {
        bed.timeout = Duration.ofMillis(200);
        int port = bed.server(bed.psk("a:" + KEY + "\n", Map.of()), "TLSv1.2", "TLSv1.3");
        try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), port)) {
            silent.setSoTimeout(20_000);

            assertThat(silent.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(bed.accepted.get(0).failure).hasMessageContaining("no TLS handshake within");
    }

    @Test
    void endsWhatIsNoTlsWithAnAlert() throws Exception {
        int port = bed.server(bed.psk("a:" + KEY + "\n", Map.of()), "TLSv1.2", "TLSv1.3");
        for (int seed = 0; seed < 200; seed++) {
            byte[] noise = new byte[400];
            new Random(seed).nextBytes(noise);
            if (seed % 2 == 0) {
                System.arraycopy(
                        new byte[] {22, 3, 1, 0, (byte) (seed + 10), 1, 0, 0, (byte) (seed + 6), 3, 3},
                        0,
                        noise,
                        0,
                        11);
            }
            try (Socket peer = new Socket(InetAddress.getLoopbackAddress(), port)) {
                peer.setSoTimeout(20_000);
                peer.getOutputStream().write(noise);
                peer.shutdownOutput();
                peer.getInputStream().readAllBytes();
            } catch (IOException reset) {
                // its bytes were not all read
            }
        }
        assertThat(eventually(() -> bed.accepted.size() == 200
                        && bed.accepted.stream().allMatch(e -> e.closed && e.failure instanceof SSLException)))
                .isTrue();
    }

    @Test
    void tellsTheEndOfTcpAsTheEndOfTheStream() throws Exception {
        PskTls psk = bed.psk("a:" + KEY + "\n", Map.of());
        int port = bed.server(psk, "TLSv1.3", "TLSv1.3");
        var client = bed.client(psk, "TLSv1.3", "TLSv1.3", port, true);
        assertThat(client.tls.handshakeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        ((io.netty.channel.socket.DuplexChannel) client.context.channel()).shutdownOutput();

        assertThat(eventually(() -> !bed.accepted.isEmpty() && bed.accepted.get(0).ended))
                .isTrue();
    }

    @Test
    void countsWhatWaitsForTheHandshakeAndGivesItBackAtTheEnd() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var client =
                    bed.client(bed.psk("a:" + KEY + "\n", Map.of()), "TLSv1.2", "TLSv1.3", silent.getLocalPort(), true);
            var written = client.context.writeAndFlush(Unpooled.directBuffer().writeZero(1 << 20));
            assertThat(eventually(() -> !client.context.channel().isWritable())).isTrue();
            var ended = client.context
                    .executor()
                    .submit(() -> client.tls.closeOutbound())
                    .get();
            client.context.close().sync();

            assertThat(eventually(() -> written.isDone() && ended.isDone())).isTrue();
            assertThat(written.isSuccess()).isFalse();
            assertThat(ended.isSuccess()).isFalse();
            assertThat(client.tls.handshakeFuture().isSuccess()).isFalse();
        }
    }

    @Test
    void stopsWhereThePeerDoesNotRead() throws Exception {
        PskTls psk = bed.psk("a:" + KEY + "\n", Map.of());
        int port = bed.server(psk, "TLSv1.3", "TLSv1.3");
        var client = bed.client(psk, "TLSv1.3", "TLSv1.3", port, false);
        assertThat(client.tls.handshakeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        for (int i = 0; i < 32; i++) {
            say(client, new byte[1 << 20]); // it echoes, and nobody reads that
        }

        assertThat(eventually(() -> !bed.accepted.isEmpty()
                        && bed.accepted.get(0).received.size() > 0
                        && !bed.accepted.get(0).context.channel().isWritable()))
                .isTrue();
        client.context.channel().config().setAutoRead(true);
        assertThat(eventually(() -> client.received.size() == 32 << 20)).isTrue();
    }

    // ---- the file

    @Test
    void takesTheFirstIdentityOrTheOneThatIsNamed() throws Exception {
        String file = "a:" + KEY + "\nb:sixteen bytes at least\n";
        int port = bed.server(bed.psk(file, Map.of()), "TLSv1.2", "TLSv1.3");
        var first = bed.client(bed.psk(file, Map.of()), "TLSv1.2", "TLSv1.3", port, true);
        assertThat(first.tls.handshakeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        var named = bed.client(bed.psk(file, Map.of("identity", "b")), "TLSv1.2", "TLSv1.2", port, true);
        assertThat(named.tls.handshakeFuture().await(20, TimeUnit.SECONDS)).isTrue();

        assertThat(first.session().identity()).isEqualTo("a");
        assertThat(eventually(
                        () -> bed.accepted.size() == 2 && bed.accepted.get(1).session() != null))
                .isTrue();
        assertThat(bed.accepted.get(1).session().identity()).isEqualTo("b");
    }

    @Test
    void readsTheFileAgain() throws Exception {
        PskTls psk = bed.psk("a:" + KEY + "\n", Map.of("identity", "a"));
        Files.writeString(psk.file(), "b:" + KEY + "\n");
        assertThat(psk.reload()).contains("no identity \"a\"");
        Files.writeString(psk.file(), "a:short\n");
        assertThat(psk.reload()).contains("line 1: a key of 5 bytes").doesNotContain("short");
        Files.writeString(psk.file(), "b:" + KEY + "\na:" + KEY + "\n");

        assertThat(psk.reload()).isNull();
        assertThat(psk.size()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|no line with IDENTITY:KEY",
                "# secret comment|line 1: not in the form IDENTITY:KEY",
                "a:0123456789abcdef|line 1: a key of 8 bytes (expected: 16..256)",
                "a:fifteen letters|line 1: a key of 15 bytes (expected: 16..256)",
            })
    void saysWhatIsWrongWithoutSayingTheKey(String file, String problem) {
        assertThatThrownBy(() -> bed.psk(file, Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(problem)
                .hasMessageNotContaining("fifteen")
                .hasMessageNotContaining("secret comment");
    }

    @Test
    void saysAnIdentityThatIsThereTwiceOrNot() {
        assertThatThrownBy(() -> bed.psk("a:" + KEY + "\n\na:" + KEY, Map.of()))
                .hasMessageContaining("line 3: an identity for the second time");
        assertThatThrownBy(() -> bed.psk("a:" + KEY, Map.of("identity", "b")))
                .hasMessageContaining("identity: \"b\" (expected: one of those in ");
    }
}
