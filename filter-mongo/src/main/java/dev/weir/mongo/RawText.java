package dev.weir.mongo;

import io.netty.buffer.ByteBuf;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Set;
import org.bson.BsonArray;
import org.bson.BsonBinaryReader;
import org.bson.BsonDocument;
import org.bson.BsonType;
import org.bson.codecs.BsonDocumentCodec;
import org.bson.codecs.DecoderContext;
import org.bson.codecs.EncoderContext;
import org.bson.json.JsonMode;
import org.bson.json.JsonWriter;
import org.bson.json.JsonWriterSettings;
import org.jspecify.annotations.Nullable;

/** A request as it was sent, as JSON, where somebody has asked for that. Lent for one request; larger ones are not shown. */
final class RawText {
    /** Bytes of a body. */
    static final int BODY = 16 << 10;

    private static final int TEXT = 4 << 10;
    private static final int DEPTH = 60;
    /** What belongs to the driver, or is shown elsewhere. */
    private static final Set<String> NOT_SHOWN = Set.of("lsid", "$clusterTime", "$db");

    private static final JsonWriterSettings SETTINGS =
            JsonWriterSettings.builder().outputMode(JsonMode.RELAXED).build();

    private final byte[] bytes = new byte[BODY];
    private int length;
    private boolean cut;

    void clear() {
        length = 0;
        cut = false;
    }

    /** Whether it is too long to be shown. */
    boolean cut() {
        return cut;
    }

    void add(ByteBuf data, int from, int to) {
        int n = Math.min(to - from, BODY - length);
        cut |= n < to - from;
        data.getBytes(from, bytes, length, n);
        length += n;
    }

    void add(byte[] a, int from, int to) {
        int n = Math.min(to - from, BODY - length);
        cut |= n < to - from;
        System.arraycopy(a, from, bytes, length, n);
        length += n;
    }

    /** The command of a body that is complete and was read; null if it is too large, or nobody is to see it. */
    @Nullable
    String json(boolean legacy) {
        if (cut) {
            return null;
        }
        try {
            BsonDocument document = legacy ? query() : message();
            if (document == null) {
                return null;
            }
            NOT_SHOWN.forEach(document::remove);
            StringWriter text = new StringWriter(256);
            new BsonDocumentCodec()
                    .encode(
                            new JsonWriter(text, SETTINGS),
                            document,
                            EncoderContext.builder().build());
            return shown(text.toString());
        } catch (RuntimeException e) {
            return null; // what the library does not read is not shown
        }
    }

    /** Nothing of what names the collections that users are in, wherever it does. */
    private static @Nullable String shown(String text) {
        if (text.contains("\"system.") || text.contains(".system.")) {
            return null;
        }
        int end = Math.min(text.length(), TEXT);
        return text.substring(0, end > 0 && Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end);
    }

    private @Nullable BsonDocument query() {
        int i = 4;
        while (bytes[i] != 0) {
            i++;
        }
        return document(i + 9);
    }

    private @Nullable BsonDocument message() {
        boolean checksum = (Bson.int32(bytes, 0) & Wire.CHECKSUM_PRESENT) != 0;
        int end = checksum ? length - 4 : length;
        int at = sectionOf(0, end);
        BsonDocument command = at < 0 ? null : document(at + 1);
        int sequence = sectionOf(1, end);
        if (command != null && sequence >= 0) {
            int i = sequence + 5;
            while (bytes[i] != 0) {
                i++;
            }
            BsonArray documents = new BsonArray();
            int last = sequence + 1 + Bson.int32(bytes, sequence + 1);
            String name = new String(bytes, sequence + 5, i - sequence - 5, java.nio.charset.StandardCharsets.UTF_8);
            for (int d = i + 1; d < last; d += Bson.int32(bytes, d)) {
                BsonDocument document = document(d);
                if (document == null) {
                    return null;
                }
                documents.add(document);
            }
            command.append(name, documents);
        }
        return command;
    }

    /** Where the first section of a kind is, or -1. The body was read, so its lengths are right. */
    private int sectionOf(int kind, int end) {
        int i = 4;
        while (i < end && bytes[i] != kind) {
            i += 1 + Bson.int32(bytes, i + 1);
        }
        return i < end ? i : -1;
    }

    private @Nullable BsonDocument document(int at) {
        // What is behind the end belongs to somebody else.
        int size = at + Bson.EMPTY > length ? 0 : Bson.int32(bytes, at);
        if (size < Bson.EMPTY || size > length - at) {
            return null;
        }
        ByteBuffer buffer =
                ByteBuffer.wrap(Arrays.copyOfRange(bytes, at, at + size)).order(ByteOrder.LITTLE_ENDIAN);
        if (tooDeep(buffer.duplicate())) {
            return null;
        }
        return new BsonDocumentCodec()
                .decode(new BsonBinaryReader(buffer), DecoderContext.builder().build());
    }

    /** The library reads nested documents by recursion. */
    private static boolean tooDeep(ByteBuffer buffer) {
        try (BsonBinaryReader reader = new BsonBinaryReader(buffer)) {
            reader.readStartDocument();
            boolean[] arrays = new boolean[DEPTH + 1];
            int depth = 0;
            while (depth >= 0) {
                BsonType type = reader.readBsonType();
                if (type == BsonType.END_OF_DOCUMENT) {
                    end(reader, arrays[depth--]);
                    continue;
                }
                if (!arrays[depth]) {
                    reader.readName();
                }
                if (type != BsonType.DOCUMENT && type != BsonType.ARRAY) {
                    reader.skipValue();
                } else if (depth == DEPTH) {
                    return true;
                } else {
                    arrays[++depth] = type == BsonType.ARRAY;
                    begin(reader, arrays[depth]);
                }
            }
            return false;
        }
    }

    private static void begin(BsonBinaryReader reader, boolean array) {
        if (array) {
            reader.readStartArray();
        } else {
            reader.readStartDocument();
        }
    }

    private static void end(BsonBinaryReader reader, boolean array) {
        if (array) {
            reader.readEndArray();
        } else {
            reader.readEndDocument();
        }
    }
}
