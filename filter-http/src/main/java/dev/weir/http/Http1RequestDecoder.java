package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;

/** Netty's decoder, with none of its leniency: a message that two servers could read in two ways is no message. */
final class Http1RequestDecoder extends HttpRequestDecoder {
    private static final int MAX_CHUNK = 64 << 10;

    private final HeadScan scan;
    private boolean inHead = true;
    private boolean broken;
    private boolean asksTunnel;
    private boolean stopped;
    private boolean held;

    Http1RequestDecoder(ClientLimits limits) {
        super(config(limits.requestLine(), limits.headerBytes()));
        this.scan = new HeadScan(limits.headers());
    }

    static HttpDecoderConfig config(int line, int headers) {
        return new HttpDecoderConfig()
                .setMaxInitialLineLength(line)
                .setMaxHeaderSize(headers)
                .setMaxChunkSize(MAX_CHUNK)
                .setStrictLineParsing(true);
    }

    private static boolean asksTunnel(HttpRequest head) {
        return HttpMethod.CONNECT.equals(head.method()) || head.headers().contains(HttpHeaderNames.UPGRADE);
    }

    /** Whether it waits for the answer to a request behind which other bytes than those of HTTP may come. */
    boolean isStopped() {
        return stopped;
    }

    /** What comes is HTTP after all; what has come is to be read. */
    void goOn() {
        stopped = false;
    }

    /** Whether what comes waits as it came. */
    void hold(boolean wait) {
        held = wait;
    }

    boolean isHeld() {
        return held;
    }

    /** Whether bytes wait as they came. */
    boolean waits() {
        return (held || stopped) && !broken && actualReadableBytes() > 0;
    }

    /** Whatever comes is thrown away. */
    void discard() {
        broken = true;
    }

    /** Netty's would read on by itself where nothing could be decoded, although reading was stopped. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        discardSomeReadBytes();
        ctx.fireChannelReadComplete();
    }

    /** Whether half a head has come. */
    boolean isInHead() {
        return inHead && !broken && (scan.isBegun() || actualReadableBytes() > 0);
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf buffer, List<Object> out) throws Exception {
        if (broken) {
            buffer.skipBytes(buffer.readableBytes());
            return;
        }
        if (stopped || held) {
            return;
        }
        if (inHead) {
            try {
                scan.look(buffer);
            } catch (Malformed e) {
                buffer.skipBytes(buffer.readableBytes());
                broken = true;
                HttpMessage nothing = createInvalidMessage();
                nothing.setDecoderResult(DecoderResult.failure(e));
                out.add(nothing);
                return;
            }
        }
        int before = out.size();
        super.decode(ctx, buffer, out);
        if (out.size() > before) {
            Object last = out.get(out.size() - 1);
            for (int i = before; i < out.size(); i++) {
                asksTunnel |= out.get(i) instanceof HttpRequest head && asksTunnel(head);
            }
            if (last instanceof LastHttpContent end) {
                if (end.trailingHeaders().size() > scan.maxHeaders()) {
                    end.setDecoderResult(DecoderResult.failure(new Malformed(431, "too many trailers")));
                }
                inHead = true;
                scan.reset();
                stopped = asksTunnel;
                asksTunnel = false;
            } else {
                inHead = false;
            }
        }
    }

    @Override
    protected HttpMessage createMessage(String[] line) {
        HttpVersion version = version(line[2]);
        HttpMethod method = HttpMethod.valueOf(line[0]);
        return new DefaultHttpRequest(version, method, line[1], headersFactory);
    }

    private static HttpVersion version(String text) {
        if (text.equals("HTTP/1.1")) {
            return HttpVersion.HTTP_1_1;
        }
        if (text.equals("HTTP/1.0")) {
            return HttpVersion.HTTP_1_0;
        }
        throw text.startsWith("HTTP/") && text.length() == 8
                ? new Malformed(505, "not this version of HTTP")
                : new Malformed(400, "not a request line");
    }

    /** RFC 9112 §6.1 lets a server refuse it; who passes it on lets others choose what it means. */
    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new Malformed(400, "both Content-Length and Transfer-Encoding");
    }

    /**
     * What is still to be checked of a head that the decoder took for good.
     *
     * @throws Malformed if it is to be refused
     */
    static void check(HttpRequest head) {
        HttpHeaders headers = head.headers();
        List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() > 1) {
            throw new Malformed(400, "more than one Host");
        }
        if (hosts.isEmpty() && HttpVersion.HTTP_1_1.equals(head.protocolVersion())) {
            throw new Malformed(400, "no Host");
        }
        try {
            Authority.host(hosts.isEmpty() ? "" : hosts.get(0));
        } catch (BadTarget e) {
            throw new Malformed(400, "not a Host"); // also where the target names another
        }
        if (headers.contains("sec-websocket-key1") && headers.contains("sec-websocket-key2")) {
            throw new Malformed(400, "a draft of WebSocket"); // to Netty eight bytes behind it are its body
        }
        List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (!codings.isEmpty() && (codings.size() > 1 || !codings.get(0).equalsIgnoreCase("chunked"))) {
            throw new Malformed(501, "not this Transfer-Encoding");
        }
    }
}
