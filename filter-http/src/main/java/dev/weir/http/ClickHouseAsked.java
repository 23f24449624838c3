package dev.weir.http;

import dev.weir.core.exchange.Operation;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import org.jspecify.annotations.Nullable;

/**
 * Which statement a request has for ClickHouse. It reads the parameter {@code query}, a line break and the body as one text, so the first keyword of the parameter
 * is that of the statement; where the parameter has none, or does not end where data begin, the statement is in the body, which rules do not see. Names of parameters
 * are the same in any case of letters, and the first of a name counts.
 */
final class ClickHouseAsked {
    private static final Operation UNKNOWN = ClickHouseDetails.ALL.other();
    private static final String QUERY = "query";

    /** The setting that makes another language of it. */
    private static final String DIALECT = "dialect";

    private ClickHouseAsked() {}

    /** The first keyword, {@code _OTHER} if that is not sure; null if there is no statement. */
    static @Nullable Operation of(CarriedNames.Sent sent) {
        String target = sent.target();
        for (String type : sent.headers().getAll(HttpHeaderNames.CONTENT_TYPE)) {
            if (type.regionMatches(true, 0, "multipart", 0, 9)) {
                return UNKNOWN; // its parts are parameters, too; those of other forms are not
            }
        }
        int mark = target.indexOf('?');
        int at = mark < 0 ? target.length() : mark + 1;
        int statement = -1;
        int statementEnd = -1;
        while (at < target.length()) {
            int amp = target.indexOf('&', at);
            int end = amp < 0 ? target.length() : amp;
            int equals = target.indexOf('=', at);
            int nameEnd = equals < 0 || equals > end ? end : equals;
            boolean named = isNamed(target, at, nameEnd, QUERY);
            boolean other = isNamed(target, at, nameEnd, DIALECT) || isOdd(target, at, nameEnd);
            if (named && statement >= 0 || other) {
                return UNKNOWN;
            }
            if (named) {
                statement = Math.min(nameEnd + 1, end);
                statementEnd = end;
            }
            at = end + 1;
        }
        if (statement >= 0) {
            Operation known = ClickHouseStatement.operation(target, statement, statementEnd, !sent.bodyless());
            return known == null ? UNKNOWN : known;
        }
        boolean asksNothing = HttpMethod.GET.equals(sent.method()) || HttpMethod.HEAD.equals(sent.method());
        return asksNothing && sent.bodyless() ? null : UNKNOWN;
    }

    private static boolean isNamed(String target, int from, int to, String name) {
        return to - from == name.length() && target.regionMatches(true, from, name, 0, name.length());
    }

    /** A name that may be read as another one. */
    private static boolean isOdd(String target, int from, int to) {
        for (int i = from; i < to; i++) {
            char c = target.charAt(i);
            if (c == '%' || c == '+' || c == ';') {
                return true;
            }
        }
        return false;
    }
}
