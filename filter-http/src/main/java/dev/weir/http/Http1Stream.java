package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import org.jspecify.annotations.Nullable;

/** One request of an HTTP/1.1 connection, and its answer. */
final class Http1Stream implements ClientStream {
    private final Http1Client client;
    private final HttpRequest head;
    private final boolean http10;
    private final boolean isHead;
    private final boolean keepsAlive;
    private @Nullable RequestListener listener;
    private boolean received;
    private boolean answered;
    private boolean headSent;
    private boolean chunked;
    private boolean measured;
    private boolean tunnel;
    /** Of a tunnel: nothing more goes to the client, which may go on. */
    private boolean outputEnded;

    /** An upgrade was asked for: what comes next may be no HTTP. */
    private final boolean asksTunnel;
    /** Bytes that were handed on and have not gone on. */
    private int owed;

    private long got;

    /** A head without body yet: small bodies go out with it. */
    private @Nullable HttpResponse waiting;

    Http1Stream(Http1Client client, HttpRequest head) {
        this.client = client;
        this.head = head;
        this.http10 = !HttpVersion.HTTP_1_1.equals(head.protocolVersion());
        this.isHead = HttpMethod.HEAD.equals(head.method());
        this.keepsAlive = HttpUtil.isKeepAlive(head);
        this.asksTunnel =
                HttpMethod.CONNECT.equals(head.method()) || head.headers().contains(HttpHeaderNames.UPGRADE);
    }

    // ---- from the client

    void begin(RequestHandler handler) {
        if (!keepsAlive) {
            client.beLast();
        }
        received = isBodiless(head);
        RequestListener made = handler.request(head, received, this);
        if (!answered) {
            listener = made;
            if (client.isClosed()) {
                cancelled(Failure.CLIENT_CLOSED); // meanwhile
            }
        }
    }

    static boolean isBodiless(HttpRequest head) {
        return !HttpUtil.isTransferEncodingChunked(head) && HttpUtil.getContentLength(head, 0L) == 0;
    }

    boolean isReceived() {
        return received;
    }

    boolean isTunnel() {
        return tunnel;
    }

    /** Whether no more is to be read for now. */
    boolean isFull() {
        return owed > client.window() || asksTunnel && received && !headSent;
    }

    void received(ByteBuf data, boolean end) {
        RequestListener to = listener;
        received = end;
        if (to == null || answered) {
            data.release();
            return;
        }
        owed += data.readableBytes();
        got += data.readableBytes();
        to.data(data, end);
    }

    void received(LastHttpContent end) {
        RequestListener to = listener;
        ByteBuf data = end.content();
        if (to == null || answered) {
            received = true;
            data.release();
            return;
        }
        if (data.isReadable()) {
            owed += data.readableBytes();
            to.data(data, false);
        } else {
            data.release();
        }
        received = true;
        if (!answered) {
            to.trailers(end.trailingHeaders());
        }
    }

    /** The body cannot be read: whatever the answer would be, there is no request. */
    void broken(Malformed why) {
        received = true;
        client.home.protocolErrors.count(why.reason());
        cancelled(Failure.CLIENT_PROTOCOL);
        client.beLast();
        if (!headSent) {
            client.write(Answers.last(why));
            headSent = true;
            client.answered(this);
            client.linger();
        } else {
            client.abort(Failure.CLIENT_PROTOCOL, looksComplete());
        }
    }

    /** The client had ended its stream when it was this one's turn: what there is of the request is all. */
    void endIfCut() {
        if (client.hasInputEnded() && !received && !tunnel && !client.hasMore()) {
            client.home.loop.execute(() -> {
                if (!answered) {
                    inputEnded();
                }
            });
        }
    }

    /** The client sends no more. In the middle of a request that is its end, before an answer the client may have gone: nobody can tell. */
    void inputEnded() {
        if (tunnel) {
            RequestListener to = listener;
            received = true;
            if (to != null && !answered) {
                to.data(Unpooled.EMPTY_BUFFER, true);
                if (outputEnded && !answered) {
                    answered();
                }
            }
        } else if (!received || !client.servesHalfClosed()) {
            cancelled(Failure.CLIENT_CLOSED);
            client.abort(Failure.CLIENT_CLOSED, false);
        } else if (!client.hasMore()) {
            client.beLast();
        }
    }

    void connectionClosed() {
        cancelled(Failure.CLIENT_CLOSED);
    }

    private void cancelled(Failure why) {
        RequestListener to = listener;
        boolean told = answered;
        answered = true;
        listener = null;
        if (to != null && !told) {
            to.cancelled(why);
        }
    }

    void becameWritable() {
        if (listener != null && !answered) {
            listener.writable();
        }
    }

    // ---- to the client

    @Override
    public void sendHead(HttpResponse answer, boolean end) {
        if (answered) {
            return;
        }
        answer.setProtocolVersion(HttpVersion.HTTP_1_1);
        int code = answer.status().code();
        if (code < 200 && code != 101) {
            if (!http10) {
                client.write(answer);
                client.write(LastHttpContent.EMPTY_LAST_CONTENT);
            }
            return;
        }
        headSent = true;
        if (code == 101 || code < 300 && HttpMethod.CONNECT.equals(head.method())) {
            tunnelFrom(answer);
            return;
        }
        frame(answer, code, end);
        if (end) {
            client.encoder().withoutBodyIf(isHead);
            client.write(answer);
            client.write(LastHttpContent.EMPTY_LAST_CONTENT);
            answered();
        } else {
            waiting = answer;
            client.soonWrites();
        }
    }

    private void tunnelFrom(HttpResponse answer) {
        tunnel = true;
        received = false;
        client.beLast();
        client.encoder().withoutBodyIf(true);
        client.write(answer);
        client.write(LastHttpContent.EMPTY_LAST_CONTENT);
        client.tunnel();
        client.readOrNot();
        if (client.hasInputEnded()) {
            client.home.loop.execute(this::inputEnded); // it came before the tunnel was one
        }
    }

    /** Says where the body ends, and whether the connection does. */
    private void frame(HttpResponse answer, int code, boolean end) {
        HttpHeaders headers = answer.headers();
        boolean bodyless = isHead || code == 204 || code == 304;
        boolean length = headers.contains(HttpHeaderNames.CONTENT_LENGTH);
        if (!bodyless && end && !length) {
            headers.set(HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO);
        }
        if (length || end && !bodyless) {
            headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
        } else if (http10) {
            headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
            if (!bodyless) {
                client.beLast(); // the end of the connection is that of the body
            }
        } else if (!bodyless && !HttpUtil.isTransferEncodingChunked(answer)) {
            headers.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        }
        measured = length || bodyless;
        chunked = !bodyless && !end && headers.contains(HttpHeaderNames.TRANSFER_ENCODING);
        if (!received && HttpUtil.getContentLength(head, 0L) - got > Http1Client.MAX_DRAINED) {
            client.beLast(); // so much is not read and thrown away
        }
        if (client.isLast()) {
            client.beLast();
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        } else if (http10) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
        }
    }

    /** The head goes out, if it still waits for its body. */
    void writeHead() {
        HttpResponse answer = waiting;
        if (answer != null) {
            waiting = null;
            client.encoder().withoutBodyIf(isHead);
            client.write(answer);
        }
    }

    @Override
    public void sendData(ByteBuf data, boolean end) {
        if (answered) {
            data.release();
            return;
        }
        if (tunnel) {
            client.write(data);
            if (end && received) {
                answered();
            } else if (end) {
                outputEnded = true;
                client.endOutput();
            }
            return;
        }
        HttpResponse answer = waiting;
        if (end && answer != null && !chunked && !isHead) {
            waiting = null;
            client.write(new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, answer.status(), data, answer.headers(), EmptyHttpHeaders.INSTANCE));
            answered();
            return;
        }
        writeHead();
        if (!end) {
            client.write(new DefaultHttpContent(data));
        } else if (data.isReadable()) {
            client.write(new DefaultLastHttpContent(data));
        } else {
            data.release();
            client.write(LastHttpContent.EMPTY_LAST_CONTENT);
        }
        if (end) {
            answered();
        }
    }

    @Override
    public void sendTrailers(HttpHeaders trailers) {
        if (answered) {
            return;
        }
        writeHead();
        client.write(
                chunked && !trailers.isEmpty()
                        ? new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER, trailers)
                        : LastHttpContent.EMPTY_LAST_CONTENT);
        answered();
    }

    private void answered() {
        answered = true;
        listener = null;
        client.answered(this);
    }

    @Override
    public void reset(Failure failure) {
        if (answered) {
            return;
        }
        answered = true;
        listener = null;
        writeHead();
        client.abort(failure, looksComplete());
    }

    @Override
    public void beLast() {
        client.beLast();
    }

    /** A body without length and chunks ends with its connection, wherever that is. */
    private boolean looksComplete() {
        return headSent && !chunked && !measured && !tunnel;
    }

    @Override
    public boolean isWritable() {
        return client.isWritable();
    }

    @Override
    public void consumed(int bytes) {
        owed -= bytes;
        client.readOrNot();
    }
}
