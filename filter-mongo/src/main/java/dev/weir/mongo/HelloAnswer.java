package dev.weir.mongo;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.ByteBuffer;
import org.bson.BsonBinaryReader;
import org.bson.BsonType;
import org.jspecify.annotations.Nullable;

/**
 * What a server says of itself in the answer to {@code hello} or {@code isMaster}, as far as a health check asks. Read by
 * the bson library without going into documents, so that their depth does not matter.
 */
final class HelloAnswer {
    private boolean ok;
    private int code;
    private String codeName = "";
    private String message = "";
    private boolean writable;
    private boolean secondary;
    private boolean arbiter;
    private String set = "";

    private HelloAnswer() {}

    /** The document of an OP_MSG's sections; null if there is none, or if they are not right. */
    static @Nullable HelloAnswer in(ByteBuf sections) {
        try {
            while (sections.isReadable()) {
                int kind = sections.readByte();
                if (kind == 0) {
                    return read(ByteBufUtil.getBytes(sections));
                }
                int size = sections.getIntLE(sections.readerIndex());
                if (kind != 1 || size <= 0) {
                    return null;
                }
                sections.skipBytes(size);
            }
        } catch (RuntimeException e) {
            // The bson library has no common type for what it throws about malformed bytes.
            return null;
        }
        return null;
    }

    private static HelloAnswer read(byte[] document) {
        HelloAnswer answer = new HelloAnswer();
        try (BsonBinaryReader reader = new BsonBinaryReader(ByteBuffer.wrap(document))) {
            reader.readStartDocument();
            while (reader.readBsonType() != BsonType.END_OF_DOCUMENT) {
                answer.field(reader);
            }
            reader.readEndDocument();
        }
        return answer;
    }

    private void field(BsonBinaryReader reader) {
        switch (reader.readName()) {
            case "ok" -> ok = number(reader) == 1;
            case "code" -> code = number(reader);
            case "codeName" -> codeName = text(reader);
            case "errmsg" -> message = text(reader);
            case "isWritablePrimary", "ismaster" -> writable |= bool(reader);
            case "secondary" -> secondary = bool(reader);
            case "arbiterOnly" -> arbiter = bool(reader);
            case "setName" -> set = text(reader);
            default -> reader.skipValue();
        }
    }

    /** Servers and what stands in for them send any of the number types, some a boolean. */
    private static int number(BsonBinaryReader reader) {
        switch (reader.getCurrentBsonType()) {
            case DOUBLE:
                return (int) reader.readDouble();
            case INT32:
                return reader.readInt32();
            case INT64:
                return (int) reader.readInt64();
            case BOOLEAN:
                return reader.readBoolean() ? 1 : 0;
            default:
                reader.skipValue();
                return 0;
        }
    }

    private static boolean bool(BsonBinaryReader reader) {
        return number(reader) != 0;
    }

    private static String text(BsonBinaryReader reader) {
        if (reader.getCurrentBsonType() == BsonType.STRING) {
            return reader.readString();
        }
        reader.skipValue();
        return "";
    }

    boolean ok() {
        return ok;
    }

    /** Of the error. */
    int code() {
        return code;
    }

    String error() {
        return (code + " " + codeName + " " + message).replace("  ", " ").strip();
    }

    /** Whether it takes writes. */
    boolean writable() {
        return writable;
    }

    /** What one that takes none is. */
    String role() {
        String role = secondary ? "a secondary" : arbiter ? "an arbiter" : "neither primary nor secondary";
        return set.isEmpty() ? role : role + " of " + set;
    }
}
