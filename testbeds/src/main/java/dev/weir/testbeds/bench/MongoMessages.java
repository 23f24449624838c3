package dev.weir.testbeds.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bson.BsonBinaryWriter;
import org.bson.BsonDocument;
import org.bson.codecs.BsonDocumentCodec;
import org.bson.codecs.EncoderContext;
import org.bson.io.BasicOutputBuffer;

/** Messages of MongoDB's wire protocol around documents that the bson library encodes. */
final class MongoMessages {
    static final int HEADER = 16;
    static final int OP_REPLY = 1;
    static final int OP_QUERY = 2004;
    static final int OP_MSG = 2013;

    private static final int AWAIT_CAPABLE = 8;
    private static final BsonDocumentCodec CODEC = new BsonDocumentCodec();

    private MongoMessages() {}

    static byte[] bson(BsonDocument document) {
        BasicOutputBuffer out = new BasicOutputBuffer();
        try (BsonBinaryWriter writer = new BsonBinaryWriter(out)) {
            CODEC.encode(writer, document, EncoderContext.builder().build());
        }
        return out.toByteArray();
    }

    /** OP_MSG with a document (kind 0) alone. */
    static byte[] message(String json) {
        return message(BsonDocument.parse(json), "", List.of());
    }

    /** OP_MSG with a document (kind 0) and, where it has a name, a sequence of documents (kind 1) behind it. */
    static byte[] message(BsonDocument body, String sequence, List<BsonDocument> documents) {
        byte[] first = bson(body);
        List<byte[]> rest = documents.stream().map(MongoMessages::bson).toList();
        int size = 4
                + sequence.length()
                + 1
                + rest.stream().mapToInt(one -> one.length).sum();
        byte[] message = new byte[HEADER + 4 + 1 + first.length + (sequence.isEmpty() ? 0 : 1 + size)];
        ByteBuffer to = header(message, OP_MSG).putInt(0).put((byte) 0).put(first);
        if (!sequence.isEmpty()) {
            text(to.put((byte) 1).putInt(size), sequence);
            rest.forEach(to::put);
        }
        return message;
    }

    /** OP_QUERY for one document of {@code admin.$cmd}: how drivers said hello until 2026. */
    static byte[] query(String json) {
        byte[] command = bson(BsonDocument.parse(json));
        String namespace = "admin.$cmd";
        byte[] message = new byte[HEADER + 4 + namespace.length() + 1 + 8 + command.length];
        text(header(message, OP_QUERY).putInt(4), namespace)
                .putInt(0)
                .putInt(-1)
                .put(command);
        return message;
    }

    /** OP_REPLY with one document. */
    static byte[] reply(String json) {
        byte[] answer = bson(BsonDocument.parse(json));
        byte[] message = new byte[HEADER + 20 + answer.length];
        header(message, OP_REPLY)
                .putInt(AWAIT_CAPABLE)
                .putLong(0)
                .putInt(0)
                .putInt(1)
                .put(answer);
        return message;
    }

    private static ByteBuffer header(byte[] message, int opcode) {
        ByteBuffer to = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        return to.putInt(message.length).putInt(0).putInt(0).putInt(opcode);
    }

    private static ByteBuffer text(ByteBuffer to, String text) {
        return to.put(text.getBytes(StandardCharsets.US_ASCII)).put((byte) 0);
    }
}
