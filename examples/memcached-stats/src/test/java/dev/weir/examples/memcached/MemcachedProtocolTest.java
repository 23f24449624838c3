package dev.weir.examples.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Detection;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemcachedProtocolTest {
    @ParameterizedTest
    @CsvSource({
        "TO_UPSTREAM, 'get foo', YES",
        "TO_UPSTREAM, 'mn\r', YES",
        "TO_UPSTREAM, 'flush_al', MORE",
        "TO_UPSTREAM, 'g', MORE",
        "TO_UPSTREAM, 'GET / HTTP/1.1', NO",
        "TO_UPSTREAM, '*1\r\n$4\r\nPING\r\n', NO",
        "TO_UPSTREAM, 'abcdefghijklmnopqrstuvwxyz', NO",
        "TO_CLIENT, 'VALUE foo 0 5', YES",
        "TO_CLIENT, 'END\r\n', YES",
        "TO_CLIENT, 'HTTP/1.1 200 OK', NO",
    })
    void knowsItsFirstBytes(Direction direction, String first, Detection expected) {
        ByteBuf data =
                Unpooled.copiedBuffer("??" + first, StandardCharsets.ISO_8859_1).skipBytes(2);

        Detection detection = new MemcachedProtocol().detect(direction, data);

        assertThat(detection).isEqualTo(expected);
        assertThat(data.readerIndex()).isEqualTo(2);
    }
}
