package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.testkit.FilterTester;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;

class StartTlsTest {
    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] random(int size) {
        byte[] data = new byte[size];
        new Random(1).nextBytes(data);
        return data;
    }

    @Test
    void endsTlsOfAClientInMidStream() throws Exception {
        byte[] data = random(1 << 20);
        try (var server = Sockets.Server.echo();
                Proxy proxy = Proxy.builder()
                        .start(Sockets.config(
                                List.of(Map.of("type", "starttls_toy"), Sockets.tcpProxy()), server.address()));
                Socket plain = Sockets.connect(proxy)) {
            plain.getOutputStream().write(ascii(StartTlsToy.ASK));
            assertThat(Sockets.read(plain.getInputStream(), 3)).isEqualTo(StartTlsToy.GO);
            try (SSLSocket tls = (SSLSocket)
                    TestTls.context().getSocketFactory().createSocket(plain, "localhost", plain.getPort(), true)) {
                Sockets.daemon(() -> tls.getOutputStream().write(data));

                assertThat(tls.getInputStream().readNBytes(data.length)).isEqualTo(data);
            }
        }
    }

    @Test
    void beginsTlsWithTheServerInMidStream() throws Exception {
        byte[] data = random(1 << 20);
        try (var server = new Sockets.Server(s -> {
                    InputStream in = s.getInputStream();
                    if (Sockets.read(in, StartTlsToy.ASK.length()).equals(StartTlsToy.ASK)) {
                        s.getOutputStream().write(ascii(StartTlsToy.GO));
                        SSLSocket tls =
                                (SSLSocket) TestTls.context().getSocketFactory().createSocket(s, null, true);
                        tls.getInputStream().transferTo(tls.getOutputStream());
                    }
                });
                Proxy proxy = Proxy.builder()
                        .start(Sockets.config(
                                List.of(Map.of("type", "starttls_toy", "upstream", true), Sockets.tcpProxy()),
                                server.address()));
                Socket client = Sockets.connect(proxy)) {
            Sockets.daemon(() -> client.getOutputStream().write(data));

            assertThat(client.getInputStream().readNBytes(data.length)).isEqualTo(data);
        }
    }

    @Test
    void takesAClientHelloThatComesInTheSameSegment() {
        SSLEngine engine = TestTls.context().createSSLEngine("localhost", 1);
        engine.setUseClientMode(true);
        SslHandler clientTls = new SslHandler(engine);
        EmbeddedChannel client = new EmbeddedChannel(clientTls);
        ByteBuf hello = client.readOutbound();
        try (FilterTester tester = FilterTester.of(new StartTlsToy.FromClient())) {
            tester.client(StartTlsToy.ASK + hello.toString(StandardCharsets.ISO_8859_1));
            hello.release();
            String answer = tester.toClient();
            assertThat(answer).startsWith(StartTlsToy.GO);
            client.writeInbound(Unpooled.copiedBuffer(answer.substring(3), StandardCharsets.ISO_8859_1));
            client.writeOutbound(Unpooled.copiedBuffer("secret", StandardCharsets.US_ASCII));
            for (int i = 0; i < 20; i++) {
                for (ByteBuf out = client.readOutbound(); out != null; out = client.readOutbound()) {
                    tester.client(out.toString(StandardCharsets.ISO_8859_1));
                    out.release();
                }
                client.writeInbound(Unpooled.copiedBuffer(tester.toClient(), StandardCharsets.ISO_8859_1));
                client.runPendingTasks();
            }

            assertThat(tester.toUpstream()).isEqualTo("secret");
        }
        client.finishAndReleaseAll();
    }

    @Test
    void closesTheConnectionWhenTheHandshakeFails() {
        try (FilterTester tester = FilterTester.of(new StartTlsToy.FromClient())) {
            tester.client(StartTlsToy.ASK + "this is not TLS at all");

            assertThat(tester.closeReason()).isEqualTo(CloseReason.TLS_FAILED);
        }
    }
}
