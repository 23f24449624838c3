package dev.weir.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.List;

/** Netty's decoder, told what each answer belongs to. Where it ends depends on that (RFC 9112 §6.3). */
final class Http1ResponseDecoder extends HttpResponseDecoder {
    private boolean head;
    private boolean connect;

    private final int maxHeaders;

    Http1ResponseDecoder(UpstreamLimits limits) {
        super(Http1RequestDecoder.config(limits.headerBytes(), limits.headerBytes()));
        this.maxHeaders = limits.headers();
    }

    /** Whether a head is one that everybody reads in the same way. Other codings than chunked end in ways that the next hop would have to know of: RFC 9112, 6.1 and 6.3. */
    boolean isGood(HttpResponse head) {
        int code = head.status().code();
        List<String> codings = head.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
        return head.decoderResult().isSuccess()
                && code >= 100
                && code <= 999
                && head.headers().size() <= maxHeaders
                && (codings.isEmpty() || codings.size() == 1 && codings.get(0).equalsIgnoreCase("chunked"));
    }

    /** Whether bytes have come that nobody has asked for yet. */
    boolean hasMore() {
        return actualReadableBytes() > 0;
    }

    /** What the next answers are to. */
    void expect(boolean isHead, boolean isConnect) {
        head = isHead;
        connect = isConnect;
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
        return head || isTunnel(message) || isSwitch(message) || super.isContentAlwaysEmpty(message);
    }

    @Override
    protected boolean isSwitchingToNonHttp1Protocol(HttpResponse response) {
        return isTunnel(response) || isSwitch(response);
    }

    /** Netty thinks of a draft of WebSocket that had a body here. */
    private static boolean isSwitch(HttpMessage message) {
        return message instanceof HttpResponse response
                && response.status().code() == HttpResponseStatus.SWITCHING_PROTOCOLS.code();
    }

    /** Whether what follows is no HTTP. */
    boolean isTunnel(HttpMessage message) {
        return connect
                && message instanceof HttpResponse response
                && response.status().code() / 100 == 2;
    }

    /** Which of the two the server means nobody knows, and the next proxy may choose the other. */
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new Malformed(502, "both Content-Length and Transfer-Encoding");
    }
}
