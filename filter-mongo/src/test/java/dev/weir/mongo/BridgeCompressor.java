package dev.weir.mongo;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.xerial.snappy.Snappy;

/** The compressors of OP_COMPRESSED, at their ids, by the libraries that drivers use as well. */
enum BridgeCompressor {
    NOOP,
    SNAPPY,
    ZLIB,
    ZSTD;

    /** As hello and connection strings spell it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    byte[] deflate(byte[] plain) throws IOException {
        return switch (this) {
            case NOOP -> plain;
            case SNAPPY -> Snappy.compress(plain);
            case ZLIB -> zlib(plain);
            case ZSTD -> Zstd.compress(plain);
        };
    }

    /** What {@code size} bytes became {@code packed}. */
    byte[] inflate(byte[] packed, int size) throws IOException {
        byte[] plain = switch (this) {
            case NOOP -> packed;
            case SNAPPY -> Snappy.uncompress(packed);
            case ZLIB -> unzlib(packed, size);
            case ZSTD -> Zstd.decompress(packed, size);
        };
        if (plain.length != size) {
            throw new IOException(plain.length + " bytes inflated (expected: " + size + ")");
        }
        return plain;
    }

    private static byte[] zlib(byte[] plain) {
        Deflater deflater = new Deflater();
        deflater.setInput(plain);
        deflater.finish();
        byte[] room = new byte[plain.length + plain.length / 100 + 64];
        int n = deflater.deflate(room);
        deflater.end();
        return Arrays.copyOf(room, n);
    }

    private static byte[] unzlib(byte[] packed, int size) throws IOException {
        Inflater inflater = new Inflater();
        inflater.setInput(packed);
        byte[] plain = new byte[size + 1];
        int n = 0;
        try {
            while (!inflater.finished() && n < plain.length) {
                int more = inflater.inflate(plain, n, plain.length - n);
                if (more == 0 && inflater.needsInput()) {
                    break;
                }
                n += more;
            }
        } catch (DataFormatException e) {
            throw new IOException(e);
        } finally {
            inflater.end();
        }
        return Arrays.copyOf(plain, n);
    }
}
