package dev.weir.http;

import dev.weir.core.filter.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * One request of a client, and the way back for its answer.
 *
 * <pre>
 *   request:  open ──END_STREAM──▶ ended        answer:  none ──head──▶ begun ──end──▶ ended (maybe not yet sent)
 *   both ended, or reset by either side: the stream closes
 * </pre>
 */
final class Http2ClientStream implements ClientStream, Http2Peer.Carried {
    /** How long the rest of a request is thrown away whose answer is there. */
    private static final long UNWANTED_NANOS = 5_000_000_000L;

    /** How long a client may take for what is left of an answer: a window at most. */
    private static final long UNTAKEN_NANOS = 300_000_000_000L;

    /** Smaller pieces are copied: each would keep all that was read with it in memory. */
    private static final int SMALL = 1_024;
    /** So many pieces may wait, whatever their size; more if they are of {@link #FAIR} bytes. */
    private static final int MOST_PIECES = 1_024;

    private static final int FAIR = 64;

    final Http2Stream stream;
    private final Http2Client client;
    private final boolean tunnel;

    private @Nullable RequestListener listener;
    private boolean requestEnded;
    private boolean answerBegun;
    private boolean answerEnded;
    private long answeredAt;
    /** Nothing is told any more: it was reset by this side, or its end was told. */
    private boolean over;
    /** The client need not go on, once it has the whole answer. */
    private boolean stopWhenSent;

    private boolean closed;
    private @Nullable Failure why;
    private long owed;
    private int pieces;

    Http2ClientStream(Http2Client client, Http2Stream stream, boolean requestEnded, boolean tunnel) {
        this.client = client;
        this.stream = stream;
        this.requestEnded = requestEnded;
        this.tunnel = tunnel;
    }

    // ---- from the client

    /** Who hears of it; it may have ended meanwhile. */
    void listener(RequestListener taker) {
        listener = taker;
        if (closed) {
            tell();
        }
    }

    /** Takes a piece of the body; answers how many of its bytes are dealt with already. */
    int data(ByteBuf data, int padding, boolean end) {
        int bytes = data.readableBytes();
        requestEnded |= end;
        RequestListener taker = listener;
        if (over || taker == null) {
            return bytes + padding;
        }
        if (bytes > 0) {
            owed += bytes;
            pieces++;
            taker.data(bytes < SMALL ? data.copy() : data.retainedSlice(), end);
        } else if (end) {
            taker.data(Unpooled.EMPTY_BUFFER, true);
        }
        return padding;
    }

    /** Whether its body comes in so small pieces that what keeps them costs far more than they are. */
    boolean isCrumbled() {
        return pieces > MOST_PIECES && owed < (long) pieces * FAIR;
    }

    void trailers(HttpHeaders trailers) {
        requestEnded = true;
        RequestListener taker = listener;
        if (!over && taker != null) {
            taker.trailers(trailers);
        }
    }

    /** Whether the client has not yet got all of its answer, as far as it is known here. */
    boolean isUnanswered() {
        return !answerEnded && !over;
    }

    boolean isRequestEnded() {
        return requestEnded;
    }

    /** Whether it was reset, or is going to be. */
    boolean isDoomed() {
        return why != null;
    }

    /** It will be closed for this. */
    void because(Failure failure) {
        if (why == null) {
            why = failure;
        }
    }

    /** An answer that is complete here waits for the client to take it: for so long, and no longer. */
    void check(long now) {
        if (!answerEnded || closed) {
            return;
        }
        if (answeredAt == 0) {
            answeredAt = now;
        } else if (now - answeredAt > (stopWhenSent ? UNWANTED_NANOS : UNTAKEN_NANOS)) {
            because(Failure.CLIENT_TIMEOUT); // a tunnel of which one half is open hears of it
            client.reset(stream, Http2Error.CANCEL);
        }
    }

    @Override
    public void writable() {
        RequestListener taker = listener;
        if (!over && !answerEnded && taker != null) {
            taker.writable();
        }
    }

    /** All of the answer has been handed to the channel. */
    void sent() {
        if (stopWhenSent && !closed) {
            client.reset(stream, Http2Error.NO_ERROR);
        }
    }

    /** There is no such stream any more. */
    void closed(Failure otherwise) {
        closed = true;
        because(otherwise);
        if (listener != null) {
            tell();
        }
    }

    private void tell() {
        RequestListener taker = listener;
        Failure reason = why;
        if (!over && !(requestEnded && answerEnded) && taker != null && reason != null) {
            over = true;
            taker.cancelled(reason);
        }
    }

    // ---- toward the client

    @Override
    public void sendHead(HttpResponse head, boolean end) {
        if (over || closed || answerEnded) {
            return;
        }
        HttpResponseStatus status = head.status();
        if (tunnel && HttpResponseStatus.SWITCHING_PROTOCOLS.equals(status)) {
            status = HttpResponseStatus.OK; // RFC 8441, 5: it is not a request to switch here
        }
        boolean informational = status.codeClass() == HttpStatusClass.INFORMATIONAL;
        answerBegun |= !informational;
        answerEnded = end;
        client.writeHead(stream, Http2Heads.fields(head, status), end);
    }

    @Override
    public void sendData(ByteBuf data, boolean end) {
        if (over || closed || answerEnded || !end && !data.isReadable()) {
            data.release();
            return;
        }
        answerEnded = end;
        client.writeData(stream, data, end);
    }

    @Override
    public void sendTrailers(HttpHeaders trailers) {
        if (over || closed || answerEnded) {
            return;
        }
        answerEnded = true;
        if (trailers.isEmpty()) {
            client.writeData(stream, Unpooled.EMPTY_BUFFER, true);
        } else {
            client.writeHead(stream, Http2Heads.fields(trailers), true);
        }
    }

    /** After the end of the answer: the rest of the request is not wanted, which is no error (RFC 9113, 8.1). */
    @Override
    public void reset(Failure failure) {
        if (over || closed) {
            return;
        }
        over = true;
        if (!answerEnded) {
            client.reset(stream, Http2.code(failure, answerBegun));
        } else if (!requestEnded) {
            stopWhenSent = true;
            if (!stream.state().localSideOpen()) {
                sent();
            }
        }
    }

    @Override
    public boolean isWritable() {
        return over || closed || client.isWritable(stream);
    }

    @Override
    public void consumed(int bytes) {
        owed -= bytes;
        if (owed <= 0) {
            pieces = 0;
        }
        if (!closed) {
            client.consumed(stream, bytes);
        }
    }

    @Override
    public void beLast() {
        client.leave(CloseReason.COMPLETE);
    }
}
