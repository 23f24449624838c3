package dev.weir.http;

import dev.weir.core.exchange.Operation;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which statement a request has for ClickHouse. It reads the parameter {@code query}, a line break and the body as one statement, so the first keyword of the parameter
 * is that of the statement; where the parameter has none, the statement is in the body, which rules do not see.
 */
final class ClickHouseAsked {
    private static final Operation UNKNOWN = ClickHouseDetails.ALL.other();
    private static final String QUERY = "query";
    private static final int LONGEST_WORD = 16;

    private ClickHouseAsked() {}

    /** The first keyword, {@code _OTHER} if that is not sure; null if there is no statement. */
    static @Nullable Operation of(CarriedNames.Sent sent) {
        String target = sent.target();
        String type = sent.headers().get(HttpHeaderNames.CONTENT_TYPE);
        if (type != null && type.regionMatches(true, 0, "multipart", 0, 9)) {
            return UNKNOWN; // its parts are parameters, too
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
            boolean named = nameEnd - at == QUERY.length() && target.regionMatches(at, QUERY, 0, QUERY.length());
            if (named && statement >= 0 || isOdd(target, at, nameEnd)) {
                return UNKNOWN;
            }
            if (named) {
                statement = Math.min(nameEnd + 1, end);
                statementEnd = end;
            }
            at = end + 1;
        }
        if (statement >= 0) {
            return keyword(target, statement, statementEnd);
        }
        boolean asksNothing = HttpMethod.GET.equals(sent.method()) || HttpMethod.HEAD.equals(sent.method());
        return asksNothing && sent.bodyless() ? null : UNKNOWN;
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

    private static Operation keyword(String target, int from, int to) {
        StringBuilder word = new StringBuilder(LONGEST_WORD);
        int at = from;
        while (at < to) {
            char c = target.charAt(at);
            int step = 1;
            if (c == '%' && at + 2 < to) {
                int value =
                        Character.digit(target.charAt(at + 1), 16) << 4 | Character.digit(target.charAt(at + 2), 16);
                c = (char) Math.max(value, 0);
                step = 3;
            } else if (c == '+') {
                c = ' ';
            }
            boolean blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (letter && word.length() < LONGEST_WORD) {
                word.append(c);
            } else if (blank && word.isEmpty()) {
                at += step;
                continue;
            } else if (blank) {
                break;
            } else {
                return UNKNOWN; // a comment, a bracket, or what else there may be before the first keyword
            }
            at += step;
        }
        Operation known = ClickHouseDetails.ALL.find(word.toString().toUpperCase(Locale.ROOT));
        return known == null ? UNKNOWN : known;
    }
}
