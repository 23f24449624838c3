package dev.weir.mongo;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bson.BsonArray;
import org.bson.BsonBinaryWriter;
import org.bson.BsonDocument;
import org.bson.BsonDouble;
import org.bson.BsonInt32;
import org.bson.BsonString;
import org.bson.codecs.BsonDocumentCodec;
import org.bson.codecs.EncoderContext;
import org.bson.io.BasicOutputBuffer;
import org.jspecify.annotations.Nullable;

/** An error as the server would answer it, in the kind of message that answers the request. */
final class ErrorAnswer {
    private static final int UNAUTHORIZED = 13;
    private static final int UNKNOWN = 8;
    private static final int AWAIT_CAPABLE = 1 << 3;
    private static final byte[] EMPTY_DOCUMENT = {5, 0, 0, 0, 0};

    /** Of the server's {@code error_codes.yml}. */
    private static final Map<String, Integer> CODES = Map.ofEntries(
            Map.entry("InternalError", 1),
            Map.entry("BadValue", 2),
            Map.entry("HostUnreachable", 6),
            Map.entry("UnknownError", UNKNOWN),
            Map.entry("Unauthorized", UNAUTHORIZED),
            Map.entry("AuthenticationFailed", 18),
            Map.entry("IllegalOperation", 20),
            Map.entry("NamespaceNotFound", 26),
            Map.entry("MaxTimeMSExpired", 50),
            Map.entry("CommandNotFound", 59),
            Map.entry("NetworkTimeout", 89),
            Map.entry("ShutdownInProgress", 91),
            Map.entry("WriteConflict", 112),
            Map.entry("CommandNotSupported", 115),
            Map.entry("FailedToSatisfyReadPreference", 133),
            Map.entry("ExceededMemoryLimit", 146),
            Map.entry("PrimarySteppedDown", 189),
            Map.entry("ExceededTimeLimit", 262),
            Map.entry("ReauthenticationRequired", 391),
            Map.entry("IngressRequestRateLimitExceeded", 462),
            Map.entry("AtlasError", 8_000),
            Map.entry("NotWritablePrimary", 10_107),
            Map.entry("DuplicateKey", 11_000),
            Map.entry("InterruptedAtShutdown", 11_600),
            Map.entry("Interrupted", 11_601),
            Map.entry("InterruptedDueToReplStateChange", 11_602),
            Map.entry("NotPrimaryNoSecondaryOk", 13_435),
            Map.entry("NotPrimaryOrSecondary", 13_436));

    private static final Map<Integer, String> NAMES =
            CODES.entrySet().stream().collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));

    /** What drivers are told beside some codes, so that they back off and try again. */
    private static final Map<Integer, List<String>> LABELS =
            Map.of(462, List.of("SystemOverloadedError", "RetryableError"));

    private ErrorAnswer() {}

    /**
     * Makes it.
     *
     * @param request what is refused
     * @param text a number or the server's name of one; null for {@code Unauthorized}
     * @return the message; empty where the request gets no answer
     */
    static ByteBuf to(ByteBufAllocator allocator, Request request, @Nullable String text, String message) {
        Code code = Code.of(text);
        return switch (request.opcode) {
            case Wire.OP_MSG -> message(allocator, request, bytes(command(code, message)));
            case Wire.OP_QUERY, Wire.OP_GET_MORE -> {
                BsonDocument document = request.legacyQuery ? query(code, message) : command(code, message);
                yield reply(allocator, request, bytes(document));
            }
            case Wire.OP_COMMAND -> commandReply(allocator, request, bytes(command(code, message)));
            default -> Unpooled.EMPTY_BUFFER;
        };
    }

    /**
     * What is refused.
     *
     * @param opcode of the request, inside its compression
     * @param legacyQuery whether documents of a collection were asked for by a legacy opcode
     * @param id its request id
     * @param answerId the id of the answer
     */
    record Request(int opcode, boolean legacyQuery, int id, int answerId) {}

    /** An error code, and what the server calls it. */
    private record Code(int number, String name) {
        /** What is neither a number nor a name that is known keeps its text, as an unknown error. */
        static Code of(@Nullable String text) {
            if (text == null) {
                return new Code(UNAUTHORIZED, "Unauthorized");
            }
            Integer known = CODES.get(text);
            if (known != null) {
                return new Code(known, text);
            }
            try {
                int number = Integer.parseInt(text);
                return new Code(number, NAMES.getOrDefault(number, "Location" + number));
            } catch (NumberFormatException e) {
                return new Code(UNKNOWN, text);
            }
        }
    }

    private static BsonDocument command(Code code, String message) {
        BsonDocument document = new BsonDocument("ok", new BsonDouble(0))
                .append("errmsg", new BsonString(message))
                .append("code", new BsonInt32(code.number))
                .append("codeName", new BsonString(code.name));
        List<String> labels = LABELS.get(code.number);
        if (labels != null) {
            document.append(
                    "errorLabels",
                    new BsonArray(labels.stream().map(BsonString::new).toList()));
        }
        return document;
    }

    private static BsonDocument query(Code code, String message) {
        return new BsonDocument("$err", new BsonString(message)).append("code", new BsonInt32(code.number));
    }

    static byte[] bytes(BsonDocument document) {
        BasicOutputBuffer out = new BasicOutputBuffer(256);
        try (BsonBinaryWriter writer = new BsonBinaryWriter(out)) {
            new BsonDocumentCodec()
                    .encode(writer, document, EncoderContext.builder().build());
        }
        return out.toByteArray();
    }

    private static ByteBuf header(ByteBufAllocator allocator, Request request, int opcode, int body) {
        return allocator
                .buffer(Wire.HEADER + body)
                .writeIntLE(Wire.HEADER + body)
                .writeIntLE(request.answerId)
                .writeIntLE(request.id)
                .writeIntLE(opcode);
    }

    private static ByteBuf message(ByteBufAllocator allocator, Request request, byte[] document) {
        return header(allocator, request, Wire.OP_MSG, 5 + document.length)
                .writeIntLE(0)
                .writeByte(0)
                .writeBytes(document);
    }

    private static ByteBuf reply(ByteBufAllocator allocator, Request request, byte[] document) {
        int flags = AWAIT_CAPABLE | (request.legacyQuery ? Wire.REPLY_QUERY_FAILURE : 0);
        return header(allocator, request, Wire.OP_REPLY, 20 + document.length)
                .writeIntLE(flags)
                .writeLongLE(0)
                .writeIntLE(0)
                .writeIntLE(1)
                .writeBytes(document);
    }

    /** The answer and its metadata, in the order in which servers sent them (3.2 to 4.0). */
    private static ByteBuf commandReply(ByteBufAllocator allocator, Request request, byte[] document) {
        return header(allocator, request, Wire.OP_COMMANDREPLY, document.length + EMPTY_DOCUMENT.length)
                .writeBytes(document)
                .writeBytes(EMPTY_DOCUMENT);
    }
}
