package dev.weir.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/** Finds the trace that a request belongs to: by W3C's {@code traceparent}, else by B3's single header, else by {@code X-B3-TraceId}. */
final class TraceIds {
    private static final AsciiString TRACEPARENT = AsciiString.cached("traceparent");
    private static final AsciiString B3 = AsciiString.cached("b3");
    private static final AsciiString B3_TRACE_ID = AsciiString.cached("x-b3-traceid");
    private static final int LENGTH = 32;
    private static final String HALF = "0000000000000000";

    private TraceIds() {}

    /** The 32 digits of the trace, or null. B3's short ones are filled up with zeros in front. */
    static @Nullable String of(HttpHeaders headers) {
        String w3c = headers.get(TRACEPARENT);
        if (w3c != null) {
            String trace = w3c(w3c);
            if (trace != null) {
                return trace;
            }
        }
        String single = headers.get(B3);
        if (single != null) {
            int dash = single.indexOf('-');
            return dash < 0 ? null : b3(single, dash); // without a dash it is the sampling decision alone
        }
        String id = headers.get(B3_TRACE_ID);
        return id == null ? null : b3(id, id.length());
    }

    /** {@code version-trace-parent-flags}; of version 00 nothing may follow, of later ones it may after a dash. */
    private static @Nullable String w3c(String header) {
        int n = header.length();
        if (n < 55 || header.charAt(2) != '-' || header.charAt(35) != '-' || header.charAt(52) != '-') {
            return null;
        }
        boolean first = header.charAt(0) == '0' && header.charAt(1) == '0';
        boolean never = header.charAt(0) == 'f' && header.charAt(1) == 'f';
        if (never || n > 55 && (first || header.charAt(55) != '-') || !isHex(header, 0, 2)) {
            return null;
        }
        boolean valid = isId(header, 3, 35) && isId(header, 36, 52) && isHex(header, 53, 55);
        return valid ? header.substring(3, 35) : null;
    }

    private static @Nullable String b3(String header, int end) {
        if (end == LENGTH && isId(header, 0, end)) {
            return header.length() == end ? header : header.substring(0, end);
        }
        return end == HALF.length() && isId(header, 0, end) ? HALF + header.substring(0, end) : null;
    }

    private static boolean isId(String text, int from, int to) {
        if (!isHex(text, from, to)) {
            return false;
        }
        for (int i = from; i < to; i++) {
            if (text.charAt(i) != '0') {
                return true;
            }
        }
        return false;
    }

    private static boolean isHex(String text, int from, int to) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
                return false;
            }
        }
        return true;
    }
}
