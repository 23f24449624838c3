package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Detection;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RedisDetectionTest {
    private static final RedisProtocol PROTOCOL = new RedisProtocol();

    @ParameterizedTest
    @CsvSource({
        "'*1\r\n$4\r\nPING\r\n', YES", "'*12\r\n$3', YES", "*, MORE", "'*1\r\n', MORE", "'*x', NO", "'*1\r\n+', NO",
        "'PING\r\n', YES", "'get key\n', YES", "PI, MORE", "'NOSUCH x\r\n', NO", "'GET / HTTP/1.1\r\n', NO",
                "'POST ', MORE",
        "'POST / HTTP/1.1\r\n', NO", "'EHLO x\r\n', NO", "'\u0016\u0003\u0001', NO", "'', MORE", "SSH-2.0, NO"
    })
    void tellsRequestsByTheirFirstBytes(String bytes, Detection expected) {
        ByteBuf first =
                Unpooled.copiedBuffer("x" + bytes, StandardCharsets.ISO_8859_1).skipBytes(1);

        assertThat(PROTOCOL.detect(Direction.TO_UPSTREAM, first)).isEqualTo(expected);
        assertThat(first.readerIndex()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"-DENIED Redis is, YES", "-DEN, MORE", "+OK, NO", "220 mail, NO"})
    void knowsThatTheServerSpeaksFirstOnlyToRefuse(String bytes, Detection expected) {
        ByteBuf first = Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1);

        assertThat(PROTOCOL.detect(Direction.TO_CLIENT, first)).isEqualTo(expected);
    }
}
