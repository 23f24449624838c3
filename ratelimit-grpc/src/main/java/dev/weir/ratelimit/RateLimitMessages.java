package dev.weir.ratelimit;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.weir.core.ratelimit.RateLimitService.Entry;
import dev.weir.core.ratelimit.RateLimitService.Reply;
import dev.weir.core.ratelimit.RateLimitService.Result;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * The two messages of the API. Field numbers are those of {@code envoy/service/ratelimit/v3/rls.proto} and
 * {@code envoy/extensions/common/ratelimit/v3/ratelimit.proto}:
 *
 * <pre>
 *   RateLimitRequest    domain = 1 · descriptors = 2 { entries = 1 { key = 1 · value = 2 } } · hits_addend = 3
 *   RateLimitResponse   overall_code = 1 · statuses = 2 { code = 1 }          codes: OK = 1, OVER_LIMIT = 2
 * </pre>
 */
final class RateLimitMessages {
    private static final int OK = 1;
    private static final int OVER_LIMIT = 2;
    private static final int CODE = tag(1, WireFormat.WIRETYPE_VARINT);
    private static final int STATUS = tag(2, WireFormat.WIRETYPE_LENGTH_DELIMITED);

    static final Marshaller<Request> REQUEST = new Marshaller<>() {
        @Override
        public InputStream stream(Request request) {
            return new ByteArrayInputStream(write(request));
        }

        @Override
        public Request parse(InputStream stream) {
            throw new UnsupportedOperationException("nobody asks Weir");
        }
    };

    static final Marshaller<Reply> REPLY = new Marshaller<>() {
        @Override
        public InputStream stream(Reply reply) {
            throw new UnsupportedOperationException("Weir answers nobody");
        }

        @Override
        public Reply parse(InputStream stream) {
            try {
                return read(stream);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    /** What is asked. */
    record Request(String domain, List<List<Entry>> descriptors, int hits) {}

    private RateLimitMessages() {}

    private static int tag(int field, int type) {
        return field << 3 | type;
    }

    // ---- the request

    static byte[] write(Request request) {
        return message(out -> {
            out.writeString(1, request.domain());
            for (List<Entry> descriptor : request.descriptors()) {
                out.writeByteArray(2, message(entries -> {
                    for (Entry entry : descriptor) {
                        entries.writeByteArray(1, message(fields -> {
                            fields.writeString(1, entry.key());
                            fields.writeString(2, entry.value());
                        }));
                    }
                }));
            }
            if (request.hits() != 1) {
                out.writeUInt32(3, request.hits());
            }
        });
    }

    /** Writes fields. */
    private interface Fields {
        void to(CodedOutputStream out) throws IOException;
    }

    private static byte[] message(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(64);
        CodedOutputStream out = CodedOutputStream.newInstance(bytes, 64);
        try {
            fields.to(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // not in memory
        }
        return bytes.toByteArray();
    }

    // ---- the answer

    /**
     * Reads an answer.
     *
     * @throws IOException if it is none
     */
    static Reply read(InputStream stream) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(stream);
        int code = 0;
        int place = 0;
        long over = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == CODE) {
                code = in.readEnum();
            } else if (tag == STATUS) {
                over |= statusIsOver(in) && place < Long.SIZE ? 1L << place : 0;
                place++;
            } else if (!in.skipField(tag)) {
                throw new IOException("a group that ends without a begin");
            }
        }
        if (code != OK && code != OVER_LIMIT) {
            throw new IOException("code " + code + " (expected: " + OK + " or " + OVER_LIMIT + ")");
        }
        return new Reply(code == OK ? Result.OK : Result.OVER_LIMIT, over);
    }

    private static boolean statusIsOver(CodedInputStream in) throws IOException {
        int limit = in.pushLimit(in.readRawVarint32());
        int code = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == CODE) {
                code = in.readEnum();
            } else if (!in.skipField(tag)) {
                throw new IOException("a group that ends without a begin");
            }
        }
        in.popLimit(limit);
        return code == OVER_LIMIT;
    }
}
