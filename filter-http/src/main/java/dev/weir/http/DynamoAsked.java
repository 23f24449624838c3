package dev.weir.http;

import dev.weir.core.exchange.Operation;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which operation a DynamoDB, or what speaks as it does, would take a request for. */
final class DynamoAsked {
    private static final String TARGET = "x-amz-target";
    private static final String SMITHY = "smithy-protocol";
    private static final String RPC_V2 = "rpc-v2-cbor";

    private static final Map<String, Operation> BY_TARGET = new HashMap<>();
    private static final Map<String, Operation> BY_PATH = new HashMap<>();
    private static final Operation UNKNOWN = DynamoOperations.ALL.other();

    static {
        for (String service : List.of("DynamoDB_20120810", "DynamoDBStreams_20120810")) {
            for (Operation operation : DynamoOperations.ALL.all()) {
                if (!operation.equals(UNKNOWN)) {
                    BY_TARGET.put(service + '.' + operation.name(), operation);
                    BY_PATH.put("/service/" + service + "/operation/" + operation.name(), operation);
                }
            }
        }
    }

    private DynamoAsked() {}

    /** The operation, {@code _OTHER} if that is not sure; null if it is none for any of them. */
    static @Nullable Operation of(CarriedNames.Sent sent) {
        if (sent.edited()) {
            return UNKNOWN;
        }
        HttpHeaders headers = sent.headers();
        int targets = 0;
        int protocols = 0;
        boolean odd = false;
        for (Map.Entry<String, String> header : headers) {
            String name = header.getKey();
            if (isLike(name, TARGET)) {
                targets++;
                odd |= name.indexOf('_') >= 0;
            } else if (isLike(name, SMITHY)) {
                protocols++;
                odd |= name.indexOf('_') >= 0 || !RPC_V2.equals(header.getValue());
            }
        }
        String path = Paths.of(sent.target());
        boolean byPath = protocols > 0 || isRpc(Paths.loose(path));
        if (targets == 0 && !byPath) {
            return null;
        }
        if (odd || targets > 1 || protocols > 1) {
            return UNKNOWN;
        }
        Operation first = targets == 0 ? null : BY_TARGET.getOrDefault(headers.get(TARGET), UNKNOWN);
        Operation second = byPath ? BY_PATH.getOrDefault(path, UNKNOWN) : null;
        if (first == null) {
            return second != null && protocols == 1 ? second : UNKNOWN;
        }
        return second == null || second.equals(first) ? first : UNKNOWN; // one server looks here, another one there
    }

    private static boolean isRpc(String path) {
        return path.contains("/service/") && path.contains("/operation");
    }

    /** Whether it is that name, or what some servers take for it. */
    private static boolean isLike(String name, String wanted) {
        if (name.length() != wanted.length()) {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            char lower = c >= 'A' && c <= 'Z' ? (char) (c + 32) : c == '_' ? '-' : c;
            if (lower != wanted.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}
