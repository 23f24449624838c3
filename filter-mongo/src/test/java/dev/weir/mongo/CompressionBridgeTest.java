package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import org.bson.BsonDocument;
import org.bson.BsonString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The bridge between a client and a server that say what they are told to; what comes is read with the bson library. */
final class CompressionBridgeTest {
    private static final BsonDocument PING = BsonDocument.parse("{ping: 1, $db: 'admin'}");
    private static final BsonDocument HELLO =
            BsonDocument.parse("{hello: 1, compression: ['zlib', 'snappy', 'zstd'], $db: 'admin'}");
    private static final BsonDocument PRIMARY =
            BsonDocument.parse("{isWritablePrimary: true, maxWireVersion: 27, ok: 1.0}");
    private static final BsonDocument OK = BsonDocument.parse("{ok: 1.0, text: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}");

    /** A client and a server with the bridge between them. */
    private static final class Pair implements AutoCloseable {
        private final CompressionBridge bridge;
        private final Socket client;
        private final Socket server;

        Pair(BridgeCompressor offered, BridgeCompressor answers, int minimum) throws IOException {
            try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                listener.setSoTimeout(60_000);
                bridge = CompressionBridge.start(listener.getLocalPort(), offered, answers, minimum);
                client = new Socket(InetAddress.getLoopbackAddress(), bridge.port());
                server = listener.accept();
            }
            client.setSoTimeout(60_000);
            server.setSoTimeout(60_000);
        }

        /** Sends a request and returns it as it reaches the server. */
        RelayMessage ask(RelayMessage request) throws IOException {
            request.write(client.getOutputStream());
            return Objects.requireNonNull(RelayMessage.read(server.getInputStream()));
        }

        /** Sends an answer and returns it as it reaches the client. */
        RelayMessage answer(RelayMessage answer) throws IOException {
            answer.write(server.getOutputStream());
            return Objects.requireNonNull(RelayMessage.read(client.getInputStream()));
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
            bridge.close();
        }
    }

    private static RelayMessage message(int id, int responseTo, int flags, BsonDocument document) {
        byte[] body = WireClient.message(id, flags, document);
        return new RelayMessage(id, responseTo, Wire.OP_MSG, Arrays.copyOfRange(body, 16, body.length));
    }

    private static RelayMessage compressed(int id, BridgeCompressor with, int size, byte[] packed) {
        ByteBuffer body = ByteBuffer.allocate(9 + packed.length).order(ByteOrder.LITTLE_ENDIAN);
        body.putInt(Wire.OP_MSG).putInt(size).put((byte) with.ordinal()).put(packed);
        return new RelayMessage(id, 0, Wire.OP_COMPRESSED, body.array());
    }

    private static RelayMessage compressed(int id, BridgeCompressor with, BsonDocument document) throws IOException {
        byte[] plain = message(id, 0, 0, document).body();
        return compressed(id, with, plain.length, with.deflate(plain));
    }

    /** Takes apart what is compressed, by the fields of the specification. */
    private static RelayMessage plain(RelayMessage message, BridgeCompressor expected) throws IOException {
        assertThat(message.opcode()).isEqualTo(Wire.OP_COMPRESSED);
        ByteBuffer body = ByteBuffer.wrap(message.body()).order(ByteOrder.LITTLE_ENDIAN);
        int opcode = body.getInt();
        int size = body.getInt();
        assertThat(body.get()).isEqualTo((byte) expected.ordinal());
        byte[] packed = new byte[body.remaining()];
        body.get(packed);
        return new RelayMessage(message.requestId(), message.responseTo(), opcode, expected.inflate(packed, size));
    }

    /** Of Python's zlib, snappy and zstandard, of the body of an OP_MSG with {@link #PING}. */
    @ParameterizedTest
    @CsvSource({
        "NOOP, 00000000001e0000001070696e67000100000002246462000600000061646d696e0000",
        "SNAPPY, 2300000101741e0000001070696e67000100000002246462000600000061646d696e0000",
        "ZLIB, 789c6360000239201628c8cc4b676004b29854529218d8808cc494dccc3c06060043dd04d9",
        "ZSTD, 28b52ffd202319010000000000001e0000001070696e67000100000002246462000600000061646d696e0000"
    })
    void inflatesWhatOtherLibrariesMade(BridgeCompressor compressor, String hex) throws IOException {
        try (Pair pair = new Pair(compressor, compressor, 0)) {
            RelayMessage seen =
                    pair.ask(compressed(7, compressor, 35, HexFormat.of().parseHex(hex)));

            assertThat(seen.requestId()).isEqualTo(7);
            assertThat(seen.responseTo()).isZero();
            assertThat(seen.opcode()).isEqualTo(Wire.OP_MSG);
            assertThat(seen.body()).hasSize(35);
            assertThat(seen.document()).isEqualTo(PING);
            assertThat(pair.bridge.inflated(compressor)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void compressesTheAnswerToWhatWasCompressed(BridgeCompressor compressor) throws IOException {
        try (Pair pair = new Pair(compressor, compressor, 0)) {
            pair.ask(compressed(7, compressor, PING));
            RelayMessage seen = pair.answer(message(90, 7, 0, OK));

            assertThat(seen.requestId()).isEqualTo(90);
            assertThat(seen.responseTo()).isEqualTo(7);
            RelayMessage plain = plain(seen, compressor);
            assertThat(plain.opcode()).isEqualTo(Wire.OP_MSG);
            assertThat(plain.document()).isEqualTo(OK);
            assertThat(pair.bridge.deflated(compressor)).isEqualTo(1);
        }
    }

    @Test
    void leavesTheAnswerToWhatWasPlain() throws IOException {
        try (Pair pair = new Pair(BridgeCompressor.ZLIB, BridgeCompressor.ZLIB, 0)) {
            RelayMessage asked = pair.ask(message(7, 0, 0, PING));
            RelayMessage seen = pair.answer(message(90, 7, 0, OK));

            assertThat(asked.bytes()).isEqualTo(message(7, 0, 0, PING).bytes());
            assertThat(seen.bytes()).isEqualTo(message(90, 7, 0, OK).bytes());
        }
    }

    @Test
    void leavesShortAnswers() throws IOException {
        try (Pair pair = new Pair(BridgeCompressor.ZLIB, BridgeCompressor.SNAPPY, 50)) {
            pair.ask(compressed(7, BridgeCompressor.ZLIB, PING));
            RelayMessage brief = pair.answer(message(90, 7, 0, BsonDocument.parse("{ok: 1.0}")));
            pair.ask(compressed(8, BridgeCompressor.ZLIB, PING));
            RelayMessage longer = pair.answer(message(91, 8, 0, OK));

            assertThat(brief.opcode()).isEqualTo(Wire.OP_MSG);
            assertThat(plain(longer, BridgeCompressor.SNAPPY).document()).isEqualTo(OK);
        }
    }

    @Test
    void compressesAWholeStreamOfAnswersAndNothingBehindIt() throws IOException {
        try (Pair pair = new Pair(BridgeCompressor.ZSTD, BridgeCompressor.ZSTD, 0)) {
            pair.ask(compressed(7, BridgeCompressor.ZSTD, PING));
            RelayMessage first = pair.answer(message(90, 7, Wire.MORE_TO_COME, OK));
            RelayMessage second = pair.answer(message(91, 90, Wire.MORE_TO_COME, OK));
            RelayMessage last = pair.answer(message(92, 91, 0, OK));
            RelayMessage stray = pair.answer(message(93, 92, 0, OK));

            assertThat(plain(first, BridgeCompressor.ZSTD).moreToCome()).isTrue();
            assertThat(plain(second, BridgeCompressor.ZSTD).moreToCome()).isTrue();
            assertThat(plain(last, BridgeCompressor.ZSTD).moreToCome()).isFalse();
            assertThat(stray.opcode()).isEqualTo(Wire.OP_MSG);
        }
    }

    /** A request that nobody answers must not make the next answer to that id a compressed one. */
    @Test
    void waitsForNoAnswerToWhatIsNotAcknowledged() throws IOException {
        try (Pair pair = new Pair(BridgeCompressor.NOOP, BridgeCompressor.NOOP, 0)) {
            byte[] body = message(7, 0, Wire.MORE_TO_COME, PING).body();
            RelayMessage silent = pair.ask(compressed(7, BridgeCompressor.NOOP, body.length, body));
            RelayMessage seen = pair.answer(message(90, 7, 0, OK));

            assertThat(silent.moreToCome()).isTrue();
            assertThat(seen.opcode()).isEqualTo(Wire.OP_MSG);
        }
    }

    @Test
    void offersItsCompressorInHello() throws IOException {
        try (Pair pair = new Pair(BridgeCompressor.SNAPPY, BridgeCompressor.SNAPPY, 0)) {
            pair.ask(message(7, 0, 0, HELLO));
            RelayMessage seen = pair.answer(message(90, 7, 0, PRIMARY));

            assertThat(seen.document())
                    .isEqualTo(PRIMARY.clone()
                            .append(
                                    "compression",
                                    BsonDocument.parse("{a: ['snappy']}").get("a")));
            assertThat(seen.body().length)
                    .isEqualTo(5 + WireClient.bytes(Objects.requireNonNull(seen.document())).length);
        }
    }

    @Test
    void offersNothingToWhomDidNotAskForIt() throws IOException {
        try (Pair pair = new Pair(BridgeCompressor.SNAPPY, BridgeCompressor.SNAPPY, 0)) {
            pair.ask(message(7, 0, 0, BsonDocument.parse("{hello: 1, compression: ['zstd'], $db: 'admin'}")));
            RelayMessage seen = pair.answer(message(90, 7, 0, PRIMARY));

            assertThat(seen.document()).isEqualTo(PRIMARY);
        }
    }

    @Test
    void dropsTheChecksumOfAHelloThatItChanges() throws IOException {
        try (Pair pair = new Pair(BridgeCompressor.ZLIB, BridgeCompressor.ZLIB, 0)) {
            byte[] summed = message(90, 7, Wire.CHECKSUM_PRESENT | Wire.MORE_TO_COME, PRIMARY)
                    .body();
            pair.ask(message(7, 0, Wire.EXHAUST_ALLOWED, HELLO));
            RelayMessage seen =
                    pair.answer(new RelayMessage(90, 7, Wire.OP_MSG, Arrays.copyOf(summed, summed.length + 4)));

            assertThat(seen.flags()).isEqualTo(Wire.MORE_TO_COME);
            assertThat(Objects.requireNonNull(seen.document()).getArray("compression"))
                    .hasSize(1);
            assertThat(seen.body().length)
                    .isEqualTo(5 + WireClient.bytes(Objects.requireNonNull(seen.document())).length);
        }
    }

    /** flags, name, skip, return, document; flags, cursor, from, returned, documents. */
    @Test
    void offersItsCompressorInTheLegacyHandshake() throws IOException {
        byte[] command = WireClient.bytes(HELLO);
        ByteBuffer query = ByteBuffer.allocate(4 + 11 + 8 + command.length).order(ByteOrder.LITTLE_ENDIAN);
        query.putInt(4).put("admin.$cmd\0".getBytes(StandardCharsets.US_ASCII));
        query.putInt(0).putInt(-1).put(command);
        byte[] document = WireClient.bytes(PRIMARY);
        ByteBuffer reply = ByteBuffer.allocate(20 + document.length).order(ByteOrder.LITTLE_ENDIAN);
        reply.putInt(8).putLong(0).putInt(0).putInt(1).put(document);
        try (Pair pair = new Pair(BridgeCompressor.ZSTD, BridgeCompressor.ZSTD, 0)) {
            RelayMessage asked = pair.ask(new RelayMessage(7, 0, Wire.OP_QUERY, query.array()));
            RelayMessage seen = pair.answer(new RelayMessage(90, 7, Wire.OP_REPLY, reply.array()));

            assertThat(asked.document()).isEqualTo(HELLO);
            assertThat(seen.opcode()).isEqualTo(Wire.OP_REPLY);
            assertThat(seen.body()).startsWith(Arrays.copyOf(reply.array(), 20));
            assertThat(Objects.requireNonNull(seen.document()).getArray("compression"))
                    .containsExactly(new BsonString("zstd"));
        }
    }
}
