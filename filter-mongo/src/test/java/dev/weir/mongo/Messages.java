package dev.weir.mongo;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.bson.BsonBinaryWriter;
import org.bson.BsonDocument;
import org.bson.codecs.BsonDocumentCodec;
import org.bson.codecs.EncoderContext;
import org.bson.io.BasicOutputBuffer;

/** Messages as drivers and servers make them, by the bson library. */
final class Messages {
    private Messages() {}

    /** A document as bytes. */
    static byte[] bson(BsonDocument document) {
        try (BasicOutputBuffer out = new BasicOutputBuffer();
                BsonBinaryWriter writer = new BsonBinaryWriter(out)) {
            new BsonDocumentCodec()
                    .encode(writer, document, EncoderContext.builder().build());
            return out.toByteArray();
        }
    }

    static byte[] bson(String json) {
        return bson(BsonDocument.parse(json));
    }

    /** OP_MSG with one document. */
    static byte[] msg(int requestId, int responseTo, int flags, String json) {
        return message(requestId, responseTo, Wire.OP_MSG, flags(flags), new byte[] {0}, bson(json));
    }

    static byte[] request(int requestId, String json) {
        return msg(requestId, 0, 0, json);
    }

    static byte[] answer(int responseTo, String json) {
        return msg(10_000 + responseTo, responseTo, 0, json);
    }

    static byte[] flags(int flags) {
        return int32(flags);
    }

    static byte[] int32(int value) {
        return new byte[] {(byte) value, (byte) (value >> 8), (byte) (value >> 16), (byte) (value >> 24)};
    }

    /** A section of kind 1. */
    static byte[] sequence(String identifier, byte[]... documents) {
        ByteBuf body = Unpooled.buffer();
        body.writeByte(1).writeIntLE(0).writeCharSequence(identifier, StandardCharsets.US_ASCII);
        body.writeByte(0);
        for (byte[] document : documents) {
            body.writeBytes(document);
        }
        body.setIntLE(1, body.readableBytes() - 1);
        return bytes(body);
    }

    /** A message of these parts. */
    static byte[] message(int requestId, int responseTo, int opcode, byte[]... parts) {
        ByteBuf message = Unpooled.buffer();
        message.writeIntLE(0).writeIntLE(requestId).writeIntLE(responseTo).writeIntLE(opcode);
        for (byte[] part : parts) {
            message.writeBytes(part);
        }
        message.setIntLE(0, message.readableBytes());
        return bytes(message);
    }

    private static byte[] bytes(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        buffer.release();
        return bytes;
    }

    static byte[] cstring(String text) {
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }
}
