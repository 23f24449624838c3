package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import org.jspecify.annotations.Nullable;

/**
 * One request to an upstream, and its answer.
 *
 * <pre>
 *   opened ──sendHead──▶ under way ──both ended, reset, or failed──▶ closed
 * </pre>
 */
final class Http2UpstreamStream implements UpstreamStream, Http2Peer.Carried {
    /** Smaller pieces are copied: each would keep all that was read with it in memory. */
    private static final int SMALL = 1_024;

    private static final int MAX_INFORMATIONAL = 16;

    private final Http2Upstream upstream;
    private final ResponseListener listener;
    /** What the upstream had shown of itself before. */
    private final long signs;

    private @Nullable Http2Stream stream;
    /** The head, until the upstream's settings are known. */
    private @Nullable HttpRequest waiting;

    private boolean begun;
    private boolean head; // the request is HEAD
    private boolean bodiless; // the answer has no body, whatever its length says
    private boolean requestEnded;
    private boolean answerBegun;
    private int informed;
    private boolean answerEnded;
    private long expected = -1;
    private long received;
    /** Nothing is told any more. */
    private boolean over;

    private boolean closed;
    private @Nullable Failure why;

    Http2UpstreamStream(Http2Upstream upstream, ResponseListener listener, long signs) {
        this.upstream = upstream;
        this.listener = listener;
        this.signs = signs;
    }

    // ---- from the upstream

    void head(int id, Http2Fields fields, boolean end) throws Http2Exception {
        HttpResponse answer = Http2Heads.response(id, fields);
        HttpResponseStatus status = answer.status();
        boolean informational = status.codeClass() == HttpStatusClass.INFORMATIONAL;
        if (informational && ++informed > MAX_INFORMATIONAL) {
            throw Http2Heads.malformed(id, "more informational answers than anybody needs");
        }
        if (informational && (end || HttpResponseStatus.SWITCHING_PROTOCOLS.equals(status))) {
            throw Http2Heads.malformed(id, "an informational answer that HTTP/2 does not have");
        }
        if (!informational) {
            answerBegun = true;
            bodiless = head || status.code() == 204 || status.code() == 304;
            expected = length(answer.headers());
            checkLength(id, end);
            answerEnded = end;
        }
        if (!over) {
            listener.head(answer, end);
        }
    }

    private static long length(HttpHeaders headers) {
        String text = headers.get(HttpHeaderNames.CONTENT_LENGTH); // checked by the codec
        return text == null ? -1 : Long.parseLong(text);
    }

    /** The codec lets an answer without a body pass, as it does not know what it answers. */
    private void checkLength(int id, boolean end) throws Http2Exception {
        if (end && received == 0 && expected > 0 && !bodiless) {
            throw Http2Heads.malformed(id, "an answer without the body that its length says");
        }
    }

    /** Takes a piece of the body; answers how many of its bytes are dealt with already. */
    int data(int id, ByteBuf data, int padding, boolean end) throws Http2Exception {
        int bytes = data.readableBytes();
        received += bytes;
        checkLength(id, end);
        answerEnded |= end;
        if (over) {
            return bytes + padding;
        }
        if (bytes > 0) {
            listener.data(bytes < SMALL ? data.copy() : data.retainedSlice(), end);
        } else if (end) {
            listener.data(Unpooled.EMPTY_BUFFER, true);
        }
        return padding;
    }

    void trailers(int id, HttpHeaders trailers) throws Http2Exception {
        checkLength(id, true);
        answerEnded = true;
        if (!over) {
            listener.trailers(trailers);
        }
    }

    /** Whether the next head is that of the answer. */
    boolean isAnswerBegun() {
        return answerBegun;
    }

    boolean isBegun() {
        return begun;
    }

    @Override
    public void writable() {
        if (!over && !requestEnded) {
            listener.writable();
        }
    }

    /** It will be closed for this. */
    void because(Failure failure) {
        if (why == null) {
            why = failure;
        }
    }

    /** There is no such stream any more. */
    void closed(Failure otherwise) {
        if (closed) {
            return;
        }
        closed = true;
        // A connection that was kept open was perhaps closed while the request was on its way.
        boolean stale = otherwise == Failure.UPSTREAM_RESET && !answerBegun && upstream.isStale(signs);
        because(stale ? Failure.STALE : otherwise);
        if (over) {
            return;
        }
        if (!answerEnded) {
            over = true;
            Failure failure = why;
            listener.failed(failure == null ? otherwise : failure);
        } else if (!requestEnded) {
            listener.writable(); // the rest of the request is taken and dropped
        }
    }

    // ---- toward the upstream

    @Override
    public void sendHead(HttpRequest request, boolean end) {
        if (over || closed || begun) {
            return;
        }
        begun = true;
        requestEnded = end;
        head = HttpMethod.HEAD.equals(request.method());
        if (upstream.waitsForSettings(this, request)) {
            waiting = request;
        } else {
            stream = upstream.begin(this, request, end);
        }
    }

    /** The upstream has told its settings, or tells nothing any more. */
    void settled() {
        HttpRequest request = waiting;
        waiting = null;
        if (request != null) {
            stream = upstream.begin(this, request, requestEnded);
        }
    }

    @Override
    public void sendData(ByteBuf data, boolean end) {
        Http2Stream of = stream;
        if (over || closed || requestEnded || of == null || !end && !data.isReadable()) {
            data.release();
            return;
        }
        requestEnded = end;
        upstream.writeData(of, data, end);
    }

    @Override
    public void sendTrailers(HttpHeaders trailers) {
        Http2Stream of = stream;
        if (over || closed || requestEnded || of == null) {
            return;
        }
        requestEnded = true;
        if (trailers.isEmpty()) {
            upstream.writeData(of, Unpooled.EMPTY_BUFFER, true);
        } else {
            upstream.writeHead(of, Http2Heads.fields(trailers), true);
        }
    }

    @Override
    public void cancel() {
        if (over || closed) {
            return;
        }
        over = true;
        Http2Stream of = stream;
        if (of != null) {
            upstream.reset(of, Http2Error.CANCEL);
        } else if (!begun || waiting != null) {
            waiting = null;
            closed = true;
            upstream.closed(this);
        }
    }

    @Override
    public boolean isWritable() {
        Http2Stream of = stream;
        return over || closed || of == null || upstream.isWritable(of);
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public void consumed(int bytes) {
        Http2Stream of = stream;
        if (!closed && of != null) {
            upstream.consumed(of, bytes);
        }
    }
}
