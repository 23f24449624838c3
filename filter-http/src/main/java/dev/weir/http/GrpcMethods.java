package dev.weir.http;

import dev.weir.core.exchange.Operation;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The methods of gRPC that have a name: the first so many that a server has answered otherwise than that it does not know them. So no client can make up
 * names. Of one terminal; from any thread.
 */
final class GrpcMethods {
    static final Operation OTHER = new Operation(Operation.OTHER, 0, false);

    private static final int LONGEST = 255;

    private final int most;
    private final Map<String, Operation> byPath = new ConcurrentHashMap<>();

    GrpcMethods(int most) {
        this.most = most;
    }

    /** The method of a path, if it has a name. */
    @Nullable
    Operation find(String path) {
        return byPath.get(path);
    }

    /** A server knows the method of this path; {@code _OTHER} if there are too many. */
    Operation admit(String path) {
        Operation known = byPath.get(path);
        if (known != null) {
            return known;
        }
        return byPath.size() >= most || !isMethod(path) ? OTHER : add(path);
    }

    private synchronized Operation add(String path) {
        Operation known = byPath.get(path);
        if (known == null && byPath.size() < most) {
            known = new Operation(path.substring(1), byPath.size() + 1, false);
            byPath.put(path, known);
        }
        return known == null ? OTHER : known;
    }

    /** {@code /package.Service/Method}, of printable characters. */
    private static boolean isMethod(String path) {
        int slash = path.lastIndexOf('/');
        if (path.length() > LONGEST || slash < 2 || slash == path.length() - 1 || path.charAt(0) != '/') {
            return false;
        }
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == '?' || c == '"') {
                return false;
            }
        }
        return true;
    }
}
