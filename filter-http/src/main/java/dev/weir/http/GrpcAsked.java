package dev.weir.http;

import dev.weir.core.exchange.Operation;
import dev.weir.core.protocol.ServiceOperation;
import io.netty.handler.codec.http.HttpHeaderNames;
import org.jspecify.annotations.Nullable;

/**
 * Which method of gRPC a request may be for: {@code package.Service/Method}. By the path alone: there are servers that take the same methods as JSON, by other
 * content types.
 */
final class GrpcAsked {
    private static final String TYPE = "application/grpc";
    private static final int LONGEST = 255;
    private static final ServiceOperation UNKNOWN = new ServiceOperation(GrpcDetails.PROTOCOL, Operation.OTHER);

    private GrpcAsked() {}

    /** The method, {@code _OTHER} if that is not sure; null if it is none. */
    static @Nullable ServiceOperation of(CarriedNames.Sent sent) {
        String path = Paths.of(sent.target());
        if (isMethod(path)) {
            return path.length() > LONGEST ? UNKNOWN : new ServiceOperation(GrpcDetails.PROTOCOL, path.substring(1));
        }
        String type = sent.headers().get(HttpHeaderNames.CONTENT_TYPE);
        boolean grpc = type != null && type.regionMatches(true, 0, TYPE, 0, TYPE.length());
        return grpc || isMethod(Paths.loose(path)) ? UNKNOWN : null;
    }

    /** {@code /package.Service/Method}, of nothing that could be written otherwise. */
    private static boolean isMethod(String path) {
        int slash = path.lastIndexOf('/');
        if (slash < 2 || slash == path.length() - 1 || path.charAt(0) != '/') {
            return false;
        }
        for (int i = 1; i < path.length(); i++) {
            char c = path.charAt(i);
            boolean good = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-';
            if (!good && i != slash && !(c == '.' && i < slash)) {
                return false;
            }
        }
        return true;
    }
}
