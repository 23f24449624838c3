package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Detection;
import dev.weir.core.testkit.WireScript;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Only a server's first bytes decide. */
final class MysqlDetectionTest {
    private static Detection server(byte[] bytes) {
        return new MysqlProtocol().detect(Direction.TO_CLIENT, Unpooled.wrappedBuffer(bytes));
    }

    /** The first burst of a conversation. */
    private static byte[] greeting() {
        WireScript script = new Talk().greeting(Talk.CAN, "8.0.36").script("greeting");
        return script.bursts().get(0).bytes();
    }

    @Test
    void aGreetingIsKnownByItsBegin() {
        byte[] greeting = greeting();

        assertThat(server(greeting)).isEqualTo(Detection.YES);
        for (int n = 1; n < 11; n++) {
            assertThat(server(Arrays.copyOf(greeting, n))).as("%d bytes", n).isEqualTo(Detection.MORE);
        }
        assertThat(server(Arrays.copyOf(greeting, 12))).isEqualTo(Detection.YES);
    }

    @Test
    void aRefusalIs() {
        byte[] refusal = Talk.packet(
                0, bytes().u1(0xff).u2(1040).text("Too many connections").done());

        assertThat(server(refusal)).isEqualTo(Detection.YES);
        assertThat(server(Arrays.copyOf(refusal, 6))).isEqualTo(Detection.MORE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"+OK\r\n", "220 mail.example.com ESMTP\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 400 Bad\r\n"})
    void othersAreNot(String text) {
        assertThat(server(text.getBytes(StandardCharsets.US_ASCII))).isEqualTo(Detection.NO);
    }

    @Test
    void aNoticeOfTheXProtocolIsNot() {
        assertThat(server(bytes().u4(5).u1(0x0b, 8, 5, 0x1a, 0).done())).isEqualTo(Detection.NO);
    }

    @Test
    void aClientThatSpeaksFirstIsAnothers() {
        Detection detection =
                new MysqlProtocol().detect(Direction.TO_UPSTREAM, Unpooled.wrappedBuffer(new byte[] {1, 2}));

        assertThat(detection).isEqualTo(Detection.NO);
    }
}
