package dev.weir.http;

import io.netty.buffer.ByteBuf;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads one body as it passes, up to a limit: undoes its encoding, cuts it into tokens, holds none of it. */
final class BodyReader {
    /** Why a body was not read to its end. */
    enum Loss {
        /** It is longer than the limit. */
        LIMIT,
        /** It is not what it is said to be. */
        MALFORMED,
        /** It is compressed in another way, or there is no memory to inflate it. */
        ENCODING;

        private final String label = name().toLowerCase(Locale.ROOT);

        /** As in metrics. */
        String label() {
            return label;
        }
    }

    private final ObservationLoop loop;
    private final @Nullable BodyFormat format;
    private @Nullable Decoding decoding;
    private final Decoding.Target target = this::decoded;
    private long left;
    private boolean any;
    private boolean open = true;
    private boolean whole;
    private @Nullable Loss loss;

    private BodyReader(
            ObservationLoop loop, @Nullable BodyFormat format, @Nullable Decoding decoding, long limit, boolean lost) {
        this.loop = loop;
        this.format = format;
        this.decoding = decoding;
        this.left = limit;
        if (lost) {
            lose(Loss.ENCODING);
        }
    }

    /** For a body of JSON, or of CBOR where its type says so. */
    static BodyReader of(
            ObservationLoop loop, long limit, @Nullable String type, @Nullable String encoding, TokenSink sink) {
        Decoding decoding = null;
        boolean lost = false;
        if (encoding != null && Decoding.needed(encoding)) {
            decoding = Decoding.of(encoding, loop.inflaters, loop.inflated);
            lost = decoding == null;
        }
        BodyFormat format = lost ? null : isCbor(type) ? new CborBody(loop, sink) : new JsonBody(loop, sink);
        return new BodyReader(loop, format, decoding, limit, lost);
    }

    private static boolean isCbor(@Nullable String type) {
        return type != null && type.regionMatches(true, 0, "application/cbor", 0, 16);
    }

    /** Looks at bytes; their indices stay as they are. */
    void read(ByteBuf lent) {
        int at = lent.readerIndex();
        int end = lent.writerIndex();
        byte[] window = loop.window;
        try {
            while (open && at < end) {
                int n = Math.min(window.length, end - at);
                lent.getBytes(at, window, 0, n);
                at += n;
                any = true;
                feed(window, n);
                if (left < 0) {
                    lose(Loss.LIMIT);
                }
            }
        } catch (MalformedException e) {
            lose(Loss.MALFORMED);
        }
    }

    private void feed(byte[] bytes, int n) {
        if (decoding != null) {
            decoding.feed(bytes, 0, n, target);
        } else {
            decoded(bytes, 0, n);
        }
    }

    /** The limit is of what is looked at: what a few bytes may inflate to is not to keep the loop busy. */
    private boolean decoded(byte[] bytes, int from, int to) {
        int n = (int) Math.min(left, to - from);
        if (format != null) {
            format.feed(bytes, from, from + n);
        }
        left -= to - from;
        return left >= 0;
    }

    /** There is no more of it. */
    void finish() {
        if (open && format != null) {
            try {
                whole = format.finish() && (decoding == null || decoding.finished());
            } catch (MalformedException e) {
                whole = false;
            }
            if (!whole && any) {
                loss = Loss.MALFORMED;
            }
            close();
        }
    }

    private void lose(Loss why) {
        loss = why;
        close();
    }

    /** Whether all of it was read, and understood. */
    boolean isWhole() {
        return whole;
    }

    /** Why it was not read to its end; null if it was, or has not ended yet. */
    @Nullable
    Loss loss() {
        return loss;
    }

    /** Gives back what it has borrowed. Again without effect. */
    void close() {
        if (!open) {
            return;
        }
        open = false;
        if (format != null) {
            format.close();
        }
        if (decoding != null) {
            decoding.close();
            decoding = null;
        }
    }
}
