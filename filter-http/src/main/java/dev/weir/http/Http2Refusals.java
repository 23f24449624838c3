package dev.weir.http;

import dev.weir.http.ProtocolErrors.Reason;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Exception.HeaderListSizeException;
import io.netty.handler.codec.http2.Http2Exception.StreamException;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** What a client gets for requests that are not as they should be. Too many of them, and the connection fails. */
final class Http2Refusals {
    private final Http2Connection connection;
    private final Http2ConnectionEncoder encoder;
    private final Http2Fields.Decoder fields;
    private final ProtocolErrors errors;
    private final Http2Credit credit;
    private final Http2Past past;
    private final BiConsumer<Reason, Http2Error> fail;

    Http2Refusals(
            Http2Codec codec,
            ProtocolErrors errors,
            Http2Credit credit,
            Http2Past past,
            BiConsumer<Reason, Http2Error> fail) {
        this.connection = codec.connection();
        this.encoder = codec.encoder();
        this.fields = codec.fields();
        this.errors = errors;
        this.credit = credit;
        this.past = past;
        this.fail = fail;
    }

    /** A stream ends badly on account of the client. */
    void spend(Reason reason) {
        if (!credit.spend()) {
            fail.accept(reason, Http2Error.ENHANCE_YOUR_CALM);
        }
    }

    /** A head, or trailers, beyond a limit: counts it. */
    void tooLong() {
        errors.count(Reason.HEADER_LIMIT);
    }

    /** Whether a head is beyond a limit: then it has been answered. {@code bytes}: of its headers. */
    boolean isTooLong(ChannelHandlerContext at, int id, Http2Request request, int bytes, ClientLimits limits) {
        boolean line = request.uri().length() > limits.requestLine();
        if (!line && bytes <= limits.headerBytes() && request.headers().size() <= limits.headers() + 1) {
            return false;
        }
        tooLong();
        answer(
                at,
                id,
                line ? HttpResponseStatus.REQUEST_URI_TOO_LONG : HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE);
        spend(Reason.PROVOKED_RESETS);
        return true;
    }

    /** Answers a request that nobody is to see; what else there is of it is not wanted. */
    private void answer(ChannelHandlerContext at, int id, HttpResponseStatus status) {
        Http2Headers head = new DefaultHttp2Headers(false, 2).status(status.codeAsText());
        head.add("content-length", "0");
        encoder.writeHeaders(at, id, head, 0, true, at.newPromise());
        encoder.writeRstStream(at, id, Http2Error.NO_ERROR.code(), at.newPromise());
    }

    /** Something is wrong with what came for a stream, which may be unknown. */
    void refuse(ChannelHandlerContext at, StreamException error, @Nullable Http2Stream stream) {
        int id = error.streamId();
        if (stream == null && isTooLate(error)) {
            return;
        }
        if (error instanceof HeaderListSizeException) {
            tooLong(at, id);
        } else {
            // To Netty a head too many is one that is malformed.
            boolean late =
                    stream != null && fields.takeFresh() && !stream.state().remoteSideOpen();
            boolean malformed = error.error() == Http2Error.PROTOCOL_ERROR && !late;
            errors.count(malformed ? Reason.MALFORMED : Http2.reason(error.error()));
            reset(at, id, late ? Http2Error.STREAM_CLOSED : error.error());
        }
        // Streams that are gone have cost nothing, and what the client sent before it knew is not its fault.
        if (stream != null || error.error() == Http2Error.REFUSED_STREAM) {
            spend(Reason.PROVOKED_RESETS);
        }
    }

    /** Whether the whole connection fails, as the client cannot have taken the stream for open. */
    private boolean isTooLate(StreamException error) {
        if (error.error() == Http2Error.STREAM_CLOSED && past.isUnused(error.streamId())) {
            fail.accept(Reason.FRAME, Http2Error.PROTOCOL_ERROR);
            return true;
        }
        if (error.error() == Http2Error.STREAM_CLOSED && past.isEnded(error.streamId())) {
            fail.accept(Reason.FRAME, Http2Error.STREAM_CLOSED);
            return true;
        }
        return false;
    }

    /** What there is of it is not known. */
    private void tooLong(ChannelHandlerContext at, int id) {
        tooLong();
        try {
            if (connection.stream(id) == null && !connection.streamMayHaveExisted(id)) {
                connection.remote().createStream(id, false);
                answer(at, id, HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE);
            } else {
                reset(at, id, Http2Error.PROTOCOL_ERROR);
            }
        } catch (Http2Exception e) {
            reset(at, id, Http2Error.REFUSED_STREAM);
        }
    }

    private void reset(ChannelHandlerContext at, int id, Http2Error code) {
        encoder.writeRstStream(at, id, code.code(), at.newPromise());
    }
}
