package dev.weir.mongo;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.Deflater;
import org.bson.BsonDocument;
import org.xerial.snappy.Snappy;

/** Messages as texts, a byte per character, for the FilterTester; what is compressed is so by the libraries of drivers. */
final class PackedMessages {
    private PackedMessages() {}

    /** The message {@code plain} inside OP_COMPRESSED. */
    static byte[] packed(byte[] plain, int compressor) {
        ByteBuffer header = ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN);
        byte[] body = Arrays.copyOfRange(plain, Wire.HEADER, plain.length);
        return Messages.message(
                header.getInt(4),
                header.getInt(8),
                Wire.OP_COMPRESSED,
                Messages.int32(header.getInt(12)),
                Messages.int32(body.length),
                new byte[] {(byte) compressor},
                compress(body, compressor));
    }

    private static byte[] compress(byte[] body, int compressor) {
        return switch (compressor) {
            case Wire.NOOP -> body;
            case Wire.SNAPPY -> snappy(body);
            case Wire.ZLIB -> zlib(body);
            case Wire.ZSTD -> Zstd.compress(body);
            default -> throw new IllegalArgumentException("compressor " + compressor);
        };
    }

    private static byte[] snappy(byte[] body) {
        try {
            return Snappy.compress(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] zlib(byte[] body) {
        Deflater deflater = new Deflater();
        try {
            deflater.setInput(body);
            deflater.finish();
            byte[] out = new byte[body.length + 1_000];
            return Arrays.copyOf(out, deflater.deflate(out));
        } finally {
            deflater.end();
        }
    }

    static String text(byte[]... messages) {
        StringBuilder text = new StringBuilder();
        for (byte[] message : messages) {
            text.append(new String(message, StandardCharsets.ISO_8859_1));
        }
        return text.toString();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A number of 4 bytes in the message that {@code text} stands for. */
    static int int32(String text, int at) {
        return ByteBuffer.wrap(bytes(text)).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
    }

    /** The document that begins at {@code at}, by the bson library. */
    static BsonDocument document(String text, int at) {
        return WireClient.document(bytes(text), at);
    }
}
