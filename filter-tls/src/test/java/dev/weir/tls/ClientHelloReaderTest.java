package dev.weir.tls;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.tls.ClientHello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;

/** Hellos as the JDK sends them, whole, in pieces, and spoilt. */
class ClientHelloReaderTest {
    private static byte[] hello(String name, String... protocols) throws Exception {
        SSLEngine engine = SSLContext.getDefault().createSSLEngine();
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        if (!name.isEmpty()) {
            parameters.setServerNames(List.of(new SNIHostName(name)));
        }
        parameters.setApplicationProtocols(protocols);
        engine.setSSLParameters(parameters);
        ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), out);
        byte[] bytes = new byte[out.flip().remaining()];
        out.get(bytes);
        return bytes;
    }

    /** The same in records of at most {@code size} bytes. */
    private static byte[] inRecords(byte[] hello, int size) {
        ByteBuf out = Unpooled.buffer();
        for (int at = 5; at < hello.length; at += size) {
            int here = Math.min(size, hello.length - at);
            out.writeBytes(hello, 0, 3).writeShort(here).writeBytes(hello, at, here);
        }
        byte[] bytes = new byte[out.readableBytes()];
        out.readBytes(bytes);
        return bytes;
    }

    @Test
    void readsNameAndProtocols() throws Exception {
        ClientHello hello = ClientHelloReader.read(Unpooled.wrappedBuffer(hello("One.Example", "h2", "http/1.1")));

        assertThat(hello).isEqualTo(new ClientHello(true, "one.example", List.of("h2", "http/1.1")));
    }

    @Test
    void aHelloWithoutEitherIsOneAllTheSame() throws Exception {
        ClientHello hello = ClientHelloReader.read(Unpooled.wrappedBuffer(hello("")));

        assertThat(hello).isEqualTo(new ClientHello(true, null, List.of()));
    }

    @Test
    void waitsForTheLastByteAndNoLonger() throws Exception {
        byte[] whole = hello("one.example", "h2");
        for (int size : new int[] {20_000, 100, 7, 1}) {
            byte[] bytes = inRecords(whole, size);
            for (int length = 0; length < bytes.length; length++) {
                assertThat(ClientHelloReader.read(Unpooled.wrappedBuffer(bytes, 0, length)))
                        .as("%s of %s bytes in records of %s", length, bytes.length, size)
                        .isNull();
            }
            ClientHello hello = ClientHelloReader.read(Unpooled.wrappedBuffer(bytes));
            assertThat(hello).isEqualTo(new ClientHello(true, "one.example", List.of("h2")));
        }
    }

    @Test
    void otherProtocolsAreKnownByTheirFirstBytes() {
        for (String text : List.of(
                "GET / HTTP/1.1\r\n", "*1\r\n$4\r\nPING\r\n", "\u0016\u0009aa", "SSH-2.0", "\u0016\u0003\u0007")) {
            assertThat(ClientHelloReader.read(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1)))
                    .as(text)
                    .isSameAs(ClientHello.NONE);
        }
    }

    @Test
    void aLengthThatNobodySendsIsNone() {
        byte[] huge = {22, 3, 1, 64, 0, 1, (byte) 255, 0, 0};

        assertThat(ClientHelloReader.read(Unpooled.wrappedBuffer(huge))).isSameAs(ClientHello.NONE);
    }

    @Test
    void whateverIsSpoiltThereIsAnAnswer() throws Exception {
        byte[] whole = hello("one.example", "h2", "http/1.1");
        Random random = new Random(42);
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = whole.clone();
            for (int n = random.nextInt(6); n >= 0; n--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            ClientHello hello =
                    ClientHelloReader.read(Unpooled.wrappedBuffer(bytes, 0, random.nextInt(bytes.length + 1)));
            if (hello != null && hello.serverName() != null) {
                assertThat(hello.serverName().length()).isBetween(1, 255);
            }
        }
    }
}
