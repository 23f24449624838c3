package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Detection;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What drivers say first is MongoDB, and what other protocols say first is not. */
final class MongoDetectionTest {
    private static final MongoProtocol PROTOCOL = new MongoProtocol();

    private static Detection detect(Direction direction, byte[] bytes, int n) {
        ByteBuf first = Unpooled.wrappedBuffer(new byte[] {7}, Arrays.copyOf(bytes, n));
        first.skipBytes(1);
        Detection detection = PROTOCOL.detect(direction, first);
        assertThat(first.readerIndex()).isEqualTo(1);
        assertThat(first.readableBytes()).isEqualTo(n);
        return detection;
    }

    private static Detection client(byte[] bytes) {
        return detect(Direction.TO_UPSTREAM, bytes, bytes.length);
    }

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    static Stream<Arguments> drivers() throws IOException {
        try (InputStream in = MongoDetectionTest.class.getResourceAsStream("/detection/first-messages.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(": "))
                    .map(parts -> Arguments.of(parts[0], hex(parts[1])));
        }
    }

    @ParameterizedTest
    @MethodSource("drivers")
    void firstMessagesOfDriversAreKnownByTheirHeader(String driver, byte[] message) {
        for (int n = 0; n < 16; n++) {
            assertThat(detect(Direction.TO_UPSTREAM, message, n))
                    .as("%d bytes", n)
                    .isEqualTo(Detection.MORE);
        }
        assertThat(detect(Direction.TO_UPSTREAM, message, 16)).isEqualTo(Detection.YES);
        assertThat(client(message)).isEqualTo(Detection.YES);
    }

    @Test
    void bothOpeningsAreAmongThem() throws IOException {
        assertThat(drivers().map(one -> ((byte[]) one.get()[1])[12] & 0xff | 0x700))
                .contains(Wire.OP_MSG, Wire.OP_QUERY);
    }

    /** A length of 0x010316 or 0x030316 begins as a record of TLS does. */
    @ParameterizedTest
    @CsvSource({"16 03 01 00", "16 03 03 00", "16 03 00 00"})
    void aLengthThatBeginsLikeTlsIsALength(String length) {
        assertThat(client(hex(length + "01 00 00 00 00 00 00 00 dd 07 00 00 00 00 00 00")))
                .isEqualTo(Detection.YES);
    }

    /** RFC 8446, 4.1.2 and 5.1: as a length they would be 13 to 33 million. */
    @ParameterizedTest
    @CsvSource({
        "16 03 01 02 00 01 00 01 fc 03 03 5a, NO",
        "16 03 01 00 c8 01 00 00 c4 03 03 5a, NO",
        "16 03 01 02 00 01 00 01 fc, MORE",
        "16 03 01 40 00, NO"
    })
    void aClientHelloIsNot(String begin, Detection expected) {
        assertThat(client(hex(begin))).isEqualTo(expected);
    }

    static Stream<Arguments> others() {
        return Stream.of(
                Arguments.of("Redis", latin("*1\r\n$4\r\nPING\r\n")),
                Arguments.of("Redis, inline", latin("PING\r\n")),
                Arguments.of("HTTP", latin("GET / HTTP/1.1\r\nHost: a\r\n")),
                Arguments.of("HTTP/2", latin("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
                Arguments.of("SSH", latin("SSH-2.0-OpenSSH_9.2\r\n")),
                Arguments.of("memcached", latin("get key\r\n")),
                Arguments.of("memcached, binary", hex("80 0a 00 00 00 00 00 00 00 00 00 00 00 00 00 00")),
                Arguments.of("AMQP", hex("41 4d 51 50 00 00 09 01")),
                Arguments.of("PostgreSQL, start", hex("00 00 00 26 00 03 00 00 75 73 65 72 00 61 70 70")),
                Arguments.of("PostgreSQL, TLS", hex("00 00 00 08 04 d2 16 2f")),
                Arguments.of("Kafka, ApiVersions", hex("00 00 00 21 00 12 00 03 00 00 00 00 00 09 61 64")),
                Arguments.of("Cassandra, OPTIONS", hex("04 00 00 00 05 00 00 00 00")),
                Arguments.of("Cassandra, stream 1", hex("04 00 00 01 01 00 00 00 16 00 01 00 0b 43 51 4c")),
                Arguments.of("Oracle TNS", hex("00 3a 00 00 01 00 00 00 01 3a 01 2c 00 00 20 00")),
                Arguments.of("SQL Server", hex("12 01 00 2f 00 00 01 00 00 00 1a 00 06 01 00 20")),
                Arguments.of("LDAP, a bind of 14 bytes", hex("30 0c 02 01 01 60 07 02 01 03 04 00 80 00")),
                Arguments.of("MQTT", hex("10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00")),
                Arguments.of("zeros", new byte[16]));
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @MethodSource("others")
    void whatOthersSayFirstIsNot(String protocol, byte[] begin) {
        assertThat(client(begin)).isEqualTo(Detection.NO);
    }

    /** Protocols in which the server speaks first. */
    @ParameterizedTest
    @CsvSource({
        // MySQL's greeting: a length, the sequence 0, protocol 10, "8.0.36".
        "4a 00 00 00 0a 38 2e 30 2e 33 36 00 0b 00 00 00",
        "32 32 30 20 6d 61 69 6c 2e 65 78 61 6d 70 6c 65",
        "2d 44 45 4e 49 45 44 20 52 65 64 69 73 20 69 73"
    })
    void greetingsOfServersAreNot(String greeting) {
        assertThat(detect(Direction.TO_CLIENT, hex(greeting), 16)).isEqualTo(Detection.NO);
    }

    @ParameterizedTest
    @CsvSource({
        // Wire protocol: OP_QUERY asks, OP_REPLY answers, OP_MSG and OP_COMPRESSED do both.
        "d4 07, YES, NO",
        "01 00, NO, YES",
        "dd 07, YES, YES",
        "dc 07, YES, YES",
        "d2 07, YES, NO",
        "d1 07, YES, NO",
        "d5 07, YES, NO",
        "d6 07, YES, NO",
        "d7 07, YES, NO",
        "da 07, YES, NO",
        "db 07, NO, YES",
        "d3 07, NO, NO",
        "d8 07, NO, NO",
        "00 00, NO, NO",
        "de 07, NO, NO"
    })
    void directionsHaveTheirOpcodes(String opcode, Detection fromClient, Detection fromServer) {
        byte[] header = hex("40 00 00 00 02 00 00 00 00 00 00 00" + opcode + "00 00");

        assertThat(client(header)).isEqualTo(fromClient);
        assertThat(detect(Direction.TO_CLIENT, header, 16)).isEqualTo(fromServer);
    }

    @Test
    void whatAnswersSomethingIsNotTheFirstRequest() {
        byte[] answer = hex("40 00 00 00 02 00 00 00 01 00 00 00 dd 07 00 00");

        assertThat(client(answer)).isEqualTo(Detection.NO);
        assertThat(detect(Direction.TO_UPSTREAM, answer, 12)).isEqualTo(Detection.NO);
        assertThat(detect(Direction.TO_CLIENT, answer, 16)).isEqualTo(Detection.YES);
    }

    @ParameterizedTest
    @CsvSource({
        // A header and flags are 20 bytes; maxMessageSizeBytes is 48,000,000.
        "14 00 00 00, NO",
        "1a 00 00 00, MORE",
        "00 6c dc 02, MORE",
        "00 00 00 04, NO",
        "ff ff ff ff, NO"
    })
    void lengthsDecideAfterFourBytes(String length, Detection expected) {
        assertThat(client(hex(length))).isEqualTo(expected);
    }
}
