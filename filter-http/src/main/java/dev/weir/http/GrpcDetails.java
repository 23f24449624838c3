package dev.weir.http;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/** One call of gRPC: its method, its status, and how many messages there were. */
final class GrpcDetails extends Details {
    static final String PROTOCOL = "grpc";

    private static final String TYPE = "application/grpc";
    private static final AsciiString STATUS = AsciiString.cached("grpc-status");
    private static final AsciiString TIMEOUT = AsciiString.cached("grpc-timeout");
    private static final int LONGEST_TIMEOUT = 8;

    private final GrpcMethods methods;
    private final String path;
    private final long timeoutMillis;
    private final GrpcMessages requests = new GrpcMessages();
    private final GrpcMessages responses = new GrpcMessages();
    private boolean isGrpc = true;
    private boolean local;
    private int status = GrpcStatus.NONE;

    private GrpcDetails(GrpcMethods methods, String path, long timeoutMillis) {
        this.methods = methods;
        this.path = path;
        this.timeoutMillis = timeoutMillis;
    }

    /** For a call; null for requests that are none. */
    static @Nullable GrpcDetails of(GrpcMethods methods, HttpRequest head, String target) {
        HttpHeaders headers = head.headers();
        if (!isGrpc(headers)) {
            return null;
        }
        String timeout = headers.get(TIMEOUT);
        return new GrpcDetails(methods, target, timeout == null ? -1 : millis(timeout));
    }

    /** Also with a format behind a plus, and gRPC-Web; but not its form in base64. */
    private static boolean isGrpc(HttpHeaders headers) {
        String type = headers.get(HttpHeaderNames.CONTENT_TYPE);
        return type != null
                && type.regionMatches(true, 0, TYPE, 0, TYPE.length())
                && !type.regionMatches(true, TYPE.length(), "-web-text", 0, 9);
    }

    /** Of {@code 100m}: up to eight digits and a unit. -1 if it is none. */
    private static long millis(String timeout) {
        int digits = timeout.length() - 1;
        if (digits < 1 || digits > LONGEST_TIMEOUT) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = timeout.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = 10 * value + digit;
        }
        return switch (timeout.charAt(digits)) {
            case 'H' -> value * 3_600_000;
            case 'M' -> value * 60_000;
            case 'S' -> value * 1_000;
            case 'm' -> value;
            case 'u' -> value / 1_000;
            case 'n' -> value / 1_000_000;
            default -> -1;
        };
    }

    @Override
    String protocol() {
        return PROTOCOL;
    }

    @Override
    void requestData(ByteBuf lent) {
        requests.read(lent);
    }

    @Override
    void responseHead(HttpResponse head) {
        responses.clear();
        isGrpc = isGrpc(head.headers());
        status = GrpcStatus.code(head.headers().get(STATUS)); // where there is nothing but trailers
    }

    @Override
    void responseData(ByteBuf lent) {
        if (isGrpc) {
            responses.read(lent);
        }
    }

    @Override
    void responseEnd(@Nullable HttpHeaders trailers) {
        if (trailers != null && trailers.contains(STATUS)) {
            status = GrpcStatus.code(trailers.get(STATUS));
        } else if (status == GrpcStatus.NONE) {
            status = responses.status();
        }
    }

    @Override
    void byWeir() {
        local = true;
    }

    @Override
    Operation operation() {
        Operation known = methods.find(path);
        if (known != null) {
            return known;
        }
        // Weir does not know which methods there are.
        return !local && isGrpc && status == GrpcStatus.OK // others may be answered to any name
                ? methods.admit(path)
                : GrpcMethods.OTHER;
    }

    @Override
    void fill(Exchange e, boolean answered) {
        if (answered && isGrpc && status == GrpcStatus.NONE) {
            status = GrpcStatus.UNKNOWN; // an answer without a status is none
        }
        if (answered && status != GrpcStatus.NONE) {
            e.status = status == GrpcStatus.OK ? Exchange.Status.OK : Exchange.Status.ERROR;
            e.error = status == GrpcStatus.OK ? null : GrpcStatus.name(status);
        }
        e.labels = GrpcStatus.labels(status);
        // Whatever flows on for as long as the two like says nothing of the server's speed.
        e.longWait |= responses.count() > 1 || requests.count() > 1;
        if (status != GrpcStatus.NONE) {
            e.attribute("grpc_status", GrpcStatus.name(status));
        }
        e.attribute("request_messages", requests.count());
        e.attribute("response_messages", responses.count());
        if (timeoutMillis >= 0) {
            e.attribute("timeout_ms", timeoutMillis);
        }
    }
}
