package dev.weir.http;

import dev.weir.core.filter.CloseReason;
import dev.weir.http.ProtocolErrors.Reason;
import io.netty.handler.codec.http2.Http2Error;

/** What both sides of HTTP/2 need to know of it. */
final class Http2 {
    /** SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441, 3). */
    static final char ENABLE_CONNECT_PROTOCOL = 8;

    /** Windows are of this size before anybody says something else (RFC 9113, 6.9.2). */
    static final int DEFAULT_WINDOW = 65_535;

    private Http2() {}

    /** What is counted where Netty finds something wrong with a client. */
    static Reason reason(Http2Error error) {
        return switch (error) {
            case FLOW_CONTROL_ERROR -> Reason.FLOW_CONTROL;
            case COMPRESSION_ERROR -> Reason.COMPRESSION;
            case ENHANCE_YOUR_CALM -> Reason.CONTINUATIONS;
            case REFUSED_STREAM -> Reason.STREAMS;
            default -> Reason.FRAME;
        };
    }

    /** What requests are told whose connection is closed. */
    static Failure failure(CloseReason reason) {
        return switch (reason) {
            case CLIENT_RESET -> Failure.CLIENT_RESET;
            case SHUTDOWN, DRAINED -> Failure.SHUTDOWN;
            case PROTOCOL_ERROR -> Failure.CLIENT_PROTOCOL;
            case INTERNAL_ERROR -> Failure.INTERNAL;
            default -> Failure.CLIENT_CLOSED;
        };
    }

    /** What a client is told when its answer fails. {@code begun}: it has part of it. */
    static Http2Error code(Failure failure, boolean begun) {
        if (failure.isUnprocessed() && !begun) {
            return Http2Error.REFUSED_STREAM;
        }
        return switch (failure) {
            case CLIENT_PROTOCOL -> Http2Error.PROTOCOL_ERROR;
            case CLIENT_CLOSED, CLIENT_RESET, CLIENT_TIMEOUT, UPSTREAM_TIMEOUT, IDLE_TIMEOUT, SHUTDOWN ->
                Http2Error.CANCEL;
            default -> Http2Error.INTERNAL_ERROR;
        };
    }
}
