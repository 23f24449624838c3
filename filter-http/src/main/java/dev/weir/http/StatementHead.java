package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Keeps the beginning of a body that is a statement, up to {@link Token#LONGEST} bytes and as far as the loop has memory for such. */
final class StatementHead {
    private static final int FIRST = 512;

    private final ObservationLoop loop;
    private final Decoding.Target target = this::take;
    private @Nullable Decoding decoding;
    private byte[] bytes = new byte[0];
    private int length;
    private boolean full;
    private boolean lost;

    StatementHead(ObservationLoop loop, HttpHeaders headers) {
        this.loop = loop;
        String encoding = headers.get(HttpHeaderNames.CONTENT_ENCODING);
        if (encoding != null && Decoding.needed(encoding)) {
            decoding = Decoding.of(encoding, loop.inflaters, loop.inflated);
            lost = decoding == null;
        }
    }

    /** Looks at bytes; their indices stay as they are. */
    void read(ByteBuf lent) {
        int at = lent.readerIndex();
        int end = lent.writerIndex();
        byte[] window = loop.window;
        while (!full && !lost && at < end) {
            int n = Math.min(window.length, end - at);
            lent.getBytes(at, window, 0, n);
            at += n;
            feed(window, n);
        }
    }

    private void feed(byte[] window, int n) {
        if (decoding == null) {
            take(window, 0, n);
            return;
        }
        try {
            decoding.feed(window, 0, n, target);
        } catch (MalformedException e) {
            lost = true;
        }
    }

    private boolean take(byte[] from, int at, int to) {
        int n = Math.min(to - at, Token.LONGEST - length);
        if (length + n > bytes.length && !grow(length + n)) {
            lost = true;
            return false;
        }
        System.arraycopy(from, at, bytes, length, n);
        length += n;
        full = n < to - at;
        return !full;
    }

    private boolean grow(int needed) {
        int size = Math.min(Token.LONGEST, Math.max(FIRST, Math.max(needed, 2 * bytes.length)));
        if (!loop.takeHeads(size - bytes.length)) {
            return false;
        }
        bytes = Arrays.copyOf(bytes, size);
        return true;
    }

    /** Whether there is something to show. */
    boolean isKnown() {
        return length > 0 && !lost;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** Whether it goes on beyond what is kept. */
    boolean isCut() {
        return full;
    }

    /** Gives everything back. Again without effect. */
    void close() {
        loop.takeHeads(-bytes.length);
        bytes = new byte[0];
        length = 0;
        lost = true;
        if (decoding != null) {
            decoding.close();
            decoding = null;
        }
    }
}
