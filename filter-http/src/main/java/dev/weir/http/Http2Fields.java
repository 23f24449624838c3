package dev.weir.http;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a head as they came. They are checked when the head becomes a message, not while it is decompressed: only then is there a stream that can
 * be reset for what is wrong with them.
 */
final class Http2Fields extends DefaultHttp2Headers {
    /** Makes them. */
    static final class Decoder extends DefaultHttp2HeadersDecoder {
        private boolean fresh;

        Decoder(long mostBytes) {
            super(false, mostBytes);
        }

        /** Whether a block was decompressed since the last call: if something is wrong in between, it is that there was one. */
        boolean takeFresh() {
            boolean was = fresh;
            fresh = false;
            return was;
        }

        @Override
        protected Http2Headers newHeaders() {
            fresh = true;
            return new Http2Fields(numberOfHeadersGuess());
        }
    }

    /** What HTTP/1.1 needs beside a name and its value. */
    private static final int PER_LINE = 4;

    private boolean regular;
    private boolean misplaced;
    private int bytes;

    private Http2Fields(int guess) {
        super(false, false, guess);
    }

    @Override
    public Http2Headers add(CharSequence name, CharSequence value) {
        if (PseudoHeaderName.hasPseudoHeaderFormat(name)) {
            misplaced |= regular || contains(name);
        } else {
            regular = true;
            bytes += name.length() + value.length() + PER_LINE;
        }
        return super.add(name, value);
    }

    /** Whether a pseudo-header came twice, or behind a header. */
    boolean isMisplaced() {
        return misplaced;
    }

    /** How long the headers are, in lines of HTTP/1.1. */
    int bytes() {
        return bytes;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
