package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;

/** Answers of Weir's own. */
final class Answers {
    private Answers() {}

    /** A line of text. */
    static DefaultFullHttpResponse text(int status, String line) {
        byte[] text = (line + "\n").getBytes(StandardCharsets.UTF_8);
        DefaultFullHttpResponse answer = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(text));
        answer.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                .set(HttpHeaderNames.CONTENT_LENGTH, text.length);
        return answer;
    }

    /** For what is no request: the connection ends with it. */
    static DefaultFullHttpResponse last(Malformed why) {
        DefaultFullHttpResponse answer = text(why.status(), String.valueOf(why.getMessage()));
        answer.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        return answer;
    }

    /** A head of Weir's own with its text. */
    record Own(HttpResponse head, ByteBuf text) {}

    /**
     * What a client is told in the words of its protocol.
     *
     * @param grpc whether it speaks gRPC
     * @param retryAfterSeconds when it may come again; 0 if that is not known
     */
    static Own own(boolean grpc, int status, String message, long retryAfterSeconds) {
        if (grpc) {
            return new Own(Grpc.answer(status, message), Unpooled.EMPTY_BUFFER);
        }
        DefaultFullHttpResponse text = text(status, message);
        if (retryAfterSeconds > 0) {
            text.headers().set(HttpHeaderNames.RETRY_AFTER, retryAfterSeconds);
        }
        return new Own(new DefaultHttpResponse(HttpVersion.HTTP_1_1, text.status(), text.headers()), text.content());
    }

    /** The agreement to an upgrade. */
    static DefaultHttpResponse switching(CharSequence protocol) {
        DefaultHttpResponse answer =
                new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.SWITCHING_PROTOCOLS);
        answer.headers()
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
                .set(HttpHeaderNames.UPGRADE, protocol);
        return answer;
    }
}
