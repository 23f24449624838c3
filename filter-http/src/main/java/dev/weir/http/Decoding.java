package dev.weir.http;

import dev.weir.core.compress.InflateException;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.compress.Inflation;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Undoes the {@code Content-Encoding} of a body, in bounded memory: gzip, deflate, zstd. */
final class Decoding {
    /** What takes inflated bytes, which hold for the call. */
    interface Target {
        /** Some more; answers whether it wants what follows. */
        boolean take(byte[] bytes, int from, int to);
    }

    // The header of gzip (RFC 1952): ten bytes, then what the flags in the fourth announce.
    private static final int FIXED = 10;
    private static final int HEADER_CRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;

    private final Inflation inflation;
    private final byte[] inflated;
    private int header;
    private int flags;
    private int skip;
    private int extraLength;
    private boolean inBody;

    private Decoding(Inflation inflation, byte[] inflated, boolean gzip) {
        this.inflation = inflation;
        this.inflated = inflated;
        this.inBody = !gzip;
    }

    /** Whether it is an encoding at all. */
    static boolean needed(@Nullable String encoding) {
        return encoding != null && !encoding.isEmpty() && !encoding.equalsIgnoreCase("identity");
    }

    /** For one body; null if it is another encoding, or there is no memory for it. */
    static @Nullable Decoding of(String encoding, Inflaters inflaters, byte[] inflated) {
        String name = encoding.toLowerCase(Locale.ROOT);
        Format format = switch (name) {
            case "gzip", "x-gzip" -> Format.DEFLATE;
            case "deflate" -> Format.ZLIB;
            case "zstd" -> Format.ZSTD;
            default -> null;
        };
        Inflation inflation = format == null ? null : inflaters.lease(format);
        return inflation == null ? null : new Decoding(inflation, inflated, format == Format.DEFLATE);
    }

    /**
     * Goes on with these bytes.
     *
     * @throws MalformedException if they are not what they should be
     */
    void feed(byte[] bytes, int from, int to, Target target) {
        int i = from;
        while (i < to && !inBody) {
            header(bytes[i++] & 0xff);
        }
        while (i < to && !inflation.finished()) {
            int n;
            try {
                n = inflation.inflate(bytes, i, to, inflated, 0, inflated.length);
            } catch (InflateException e) {
                throw new MalformedException("compressed body");
            }
            if (n == 0 && inflation.consumed() == 0) {
                return;
            }
            i += inflation.consumed();
            if (n > 0 && !target.take(inflated, 0, n) || !drain(bytes, i, target, n)) {
                return;
            }
        }
    }

    /** What is left within the inflater when the bytes are used up. */
    private boolean drain(byte[] bytes, int at, Target target, int last) {
        int n = last;
        while (n == inflated.length && !inflation.finished()) {
            try {
                n = inflation.inflate(bytes, at, at, inflated, 0, inflated.length);
            } catch (InflateException e) {
                throw new MalformedException("compressed body");
            }
            if (n > 0 && !target.take(inflated, 0, n)) {
                return false;
            }
        }
        return true;
    }

    private void header(int b) {
        if (header < FIXED) {
            if (header == 0 && b != 0x1f || header == 1 && b != 0x8b || header == 2 && b != 8) {
                throw new MalformedException("gzip header");
            }
            if (header == 3) {
                flags = b;
            }
            header++;
        } else if ((flags & EXTRA) != 0) {
            extra(b);
        } else if ((flags & NAME) != 0) {
            flags &= b == 0 ? ~NAME : ~0;
        } else if ((flags & COMMENT) != 0) {
            flags &= b == 0 ? ~COMMENT : ~0;
        } else if ((flags & HEADER_CRC) != 0 && ++skip == 2) {
            flags &= ~HEADER_CRC;
        }
        inBody = header == FIXED && (flags & (EXTRA | NAME | COMMENT | HEADER_CRC)) == 0;
    }

    private void extra(int b) {
        if (skip < 2) {
            extraLength |= b << 8 * skip++;
        } else {
            extraLength--;
        }
        if (skip == 2 && extraLength == 0) {
            flags &= ~EXTRA;
            skip = 0;
        }
    }

    /** Whether the end was seen. */
    boolean finished() {
        return inflation.finished();
    }

    void close() {
        inflation.release();
    }
}
