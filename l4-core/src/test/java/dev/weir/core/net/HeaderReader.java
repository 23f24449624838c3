package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.netty.handler.codec.haproxy.HAProxyTLV;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A server's side of the headers that the proxy writes. */
final class HeaderReader {
    private HeaderReader() {}

    /** Reads the header that the proxy begins with, as the decoder of Netty does. */
    static HAProxyMessage header(Socket from) throws IOException {
        EmbeddedChannel decoder = new EmbeddedChannel(new HAProxyMessageDecoder());
        HAProxyMessage message = null;
        while (message == null) {
            int b = from.getInputStream().read();
            assertThat(b).as("within a header").isNotNegative();
            decoder.writeInbound(SessionHarness.buffer(new byte[] {(byte) b}));
            message = decoder.readInbound();
        }
        return message;
    }

    private static String shown(HAProxyMessage message) {
        StringBuilder text = new StringBuilder();
        text.append(message.protocolVersion())
                .append(' ')
                .append(message.command())
                .append(' ')
                .append(message.proxiedProtocol());
        if (message.proxiedProtocol() != HAProxyProxiedProtocol.UNKNOWN) {
            text.append(' ')
                    .append(message.sourceAddress() + ":" + message.sourcePort())
                    .append(' ')
                    .append(message.destinationAddress() + ":" + message.destinationPort());
        }
        for (HAProxyTLV tlv : message.tlvs()) {
            text.append(' ')
                    .append(tlv.type())
                    .append('=')
                    .append(
                            tlv.content().readableBytes() == 4 && tlv.typeByteValue() == 3
                                    ? "sum"
                                    : tlv.content().toString(StandardCharsets.US_ASCII));
        }
        message.release();
        return text.toString();
    }

    /** A server that says what header its connection began with, and then what it is told. */
    static Sockets.Server telling() {
        return new Sockets.Server(s -> {
            s.getOutputStream().write((shown(header(s)) + "\n").getBytes(StandardCharsets.US_ASCII));
            s.getInputStream().transferTo(s.getOutputStream());
        });
    }
}
