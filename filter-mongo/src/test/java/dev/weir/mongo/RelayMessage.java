package dev.weir.mongo;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.bson.BsonDocument;
import org.jspecify.annotations.Nullable;

/**
 * A message as it is on the wire.
 *
 * @param body what follows the header
 */
record RelayMessage(int requestId, int responseTo, int opcode, byte[] body) {
    private static final int MAX = 64 << 20;

    /** An OP_MSG with one document. */
    static RelayMessage of(int requestId, int responseTo, int flags, BsonDocument document) {
        byte[] message = WireClient.message(requestId, flags, document);
        byte[] body = Arrays.copyOfRange(message, Wire.HEADER, message.length);
        return new RelayMessage(requestId, responseTo, Wire.OP_MSG, body);
    }

    /** An OP_MSG whose command has its documents in a section of their own, before it. */
    static RelayMessage of(int requestId, BsonDocument command, String sequence, List<BsonDocument> documents) {
        byte[] name = sequence.getBytes(StandardCharsets.US_ASCII);
        byte[] first = WireClient.bytes(command);
        List<byte[]> others = documents.stream().map(WireClient::bytes).toList();
        int size = 4 + name.length + 1 + others.stream().mapToInt(b -> b.length).sum();
        ByteBuffer body = ByteBuffer.allocate(6 + size + first.length).order(ByteOrder.LITTLE_ENDIAN);
        body.putInt(0).put((byte) 1).putInt(size).put(name).put((byte) 0);
        others.forEach(body::put);
        body.put((byte) 0).put(first);
        return new RelayMessage(requestId, 0, Wire.OP_MSG, body.array());
    }

    /** The same in OP_COMPRESSED. */
    RelayMessage packed(BridgeCompressor compressor) {
        try {
            byte[] packed = compressor.deflate(body);
            ByteBuffer all = ByteBuffer.allocate(9 + packed.length).order(ByteOrder.LITTLE_ENDIAN);
            all.putInt(opcode)
                    .putInt(body.length)
                    .put((byte) compressor.ordinal())
                    .put(packed);
            return with(Wire.OP_COMPRESSED, all.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next one, or null at the end of the stream. */
    static @Nullable RelayMessage read(InputStream in) throws IOException {
        byte[] head = in.readNBytes(Wire.HEADER);
        if (head.length == 0) {
            return null;
        }
        if (head.length < Wire.HEADER) {
            throw new EOFException("half a header");
        }
        ByteBuffer header = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        int length = header.getInt();
        if (length < Wire.HEADER || length > MAX) {
            throw new IOException("a message of " + length + " bytes (expected: 16 to " + MAX + ")");
        }
        RelayMessage message =
                new RelayMessage(header.getInt(), header.getInt(), header.getInt(), in.readNBytes(length - 16));
        if (message.length() < length) {
            throw new EOFException("half a message");
        }
        return message;
    }

    void write(OutputStream out) throws IOException {
        out.write(bytes());
        out.flush();
    }

    byte[] bytes() {
        ByteBuffer all = ByteBuffer.allocate(length()).order(ByteOrder.LITTLE_ENDIAN);
        all.putInt(length()).putInt(requestId).putInt(responseTo).putInt(opcode).put(body);
        return all.array();
    }

    int length() {
        return Wire.HEADER + body.length;
    }

    RelayMessage with(int otherOpcode, byte[] otherBody) {
        return new RelayMessage(requestId, responseTo, otherOpcode, otherBody);
    }

    /** Of OP_MSG its flags, 0 of others. */
    int flags() {
        return opcode == Wire.OP_MSG && body.length >= 4 ? buffer(0).getInt() : 0;
    }

    boolean moreToCome() {
        return (flags() & Wire.MORE_TO_COME) != 0;
    }

    /** Where {@link #document} begins, or -1. */
    int documentAt() {
        return switch (opcode) {
            case Wire.OP_MSG -> body.length > 9 && body[4] == 0 ? 5 : -1;
            case Wire.OP_REPLY -> body.length > 24 ? 20 : -1;
            case Wire.OP_QUERY -> {
                int at = 4;
                while (at < body.length && body[at] != 0) {
                    at++;
                }
                yield at + 13 < body.length ? at + 9 : -1;
            }
            default -> -1;
        };
    }

    /** The first document of what is not compressed: a command, an answer; null if there is none in that place. */
    @Nullable
    BsonDocument document() {
        int at = documentAt();
        return at < 0 ? null : WireClient.document(body, at);
    }

    private ByteBuffer buffer(int from) {
        return ByteBuffer.wrap(body, from, body.length - from).order(ByteOrder.LITTLE_ENDIAN);
    }
}
