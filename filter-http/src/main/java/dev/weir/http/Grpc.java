package dev.weir.http;

import dev.weir.core.cluster.Endpoint.Outcome;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;

/** What a proxy has to know of gRPC ({@code PROTOCOL-HTTP2} of its specification): whose errors are in trailers, and whose deadline in a header. */
final class Grpc {
    private static final AsciiString CONTENT_TYPE = AsciiString.cached("application/grpc");
    private static final AsciiString STATUS = AsciiString.cached("grpc-status");
    private static final AsciiString MESSAGE = AsciiString.cached("grpc-message");
    private static final AsciiString TIMEOUT = AsciiString.cached("grpc-timeout");
    private static final int MAX_DIGITS = 8;

    private static final String UNAVAILABLE = "14";

    private Grpc() {}

    /** Whether the client speaks it: not gRPC-Web, which is HTTP of its own kind. */
    static boolean isRequest(HttpHeaders headers) {
        String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
        if (type == null || !type.startsWith("application/grpc")) {
            return false;
        }
        return type.length() == CONTENT_TYPE.length() || "+;".indexOf(type.charAt(CONTENT_TYPE.length())) >= 0;
    }

    /** How long the client waits, in nanoseconds; 0 if it does not say, or not well. */
    static long timeoutNanos(HttpHeaders headers) {
        String text = headers.get(TIMEOUT);
        if (text == null || text.length() < 2 || text.length() > MAX_DIGITS + 1) {
            return 0;
        }
        long value = 0;
        for (int i = 0; i < text.length() - 1; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            value = value * 10 + digit;
        }
        long unit = switch (text.charAt(text.length() - 1)) {
            case 'n' -> 1L;
            case 'u' -> 1_000L;
            case 'm' -> 1_000_000L;
            case 'S' -> 1_000_000_000L;
            case 'M' -> 60_000_000_000L;
            case 'H' -> 3_600_000_000_000L;
            default -> 0L;
        };
        return value > Long.MAX_VALUE / 2 / Math.max(unit, 1) ? Long.MAX_VALUE / 2 : value * unit;
    }

    /** How an endpoint did, told by the trailers. */
    static Outcome outcome(HttpHeaders trailers, Outcome before) {
        return UNAVAILABLE.equals(trailers.get(STATUS)) ? Outcome.FAILURE : before;
    }

    /** An error, as a client of gRPC understands it: trailers only. */
    static HttpResponse answer(int status, String message) {
        HttpResponse answer = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        answer.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, CONTENT_TYPE)
                .set(STATUS, code(status))
                .set(MESSAGE, printable(message));
        return answer;
    }

    /** Percent-encoded where it has to be; what does not print is left out. */
    private static String printable(String message) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < message.length(); i++) {
            char c = message.charAt(i);
            text.append(c == '%' ? "%25" : c >= ' ' && c <= '~' ? String.valueOf(c) : " ");
        }
        return text.toString();
    }

    /** After {@code http-grpc-status-mapping} of its documentation; the time-out is the deadline, too long a head is what grpc-java calls it. */
    private static int code(int status) {
        return switch (status) {
            case 400 -> 13;
            case 401 -> 16;
            case 403 -> 7;
            case 404 -> 12;
            case 408, 504 -> 4;
            case 431 -> 8;
            case 429, 502, 503 -> 14;
            default -> 2;
        };
    }
}
