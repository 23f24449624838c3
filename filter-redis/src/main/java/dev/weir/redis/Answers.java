package dev.weir.redis;

import dev.weir.core.exchange.Exchange.Status;

/** What an answer says, independent of what it answers. */
final class Answers {
    private static final String DENIES = "ERR Can't execute";

    private Answers() {}

    /** Fills in what the value that just ended says. */
    static void value(Outcome outcome, CommandInfo info, RespValue value, ErrorCodes errors) {
        byte type = value.type;
        if (type == '+') {
            return;
        }
        if (type == '-' || type == '!') {
            outcome.status = Status.ERROR;
            outcome.error = errors.code(value.text, value.textLength);
        } else if (type == '*' || type == '%' || type == '~') {
            boolean scan = info.kind == CommandInfo.Kind.SCAN;
            outcome.rows = value.isNull ? 0 : scan ? value.secondCount : value.count;
            outcome.hit = !info.finds() || scan ? -1 : value.found > 0 ? 1 : 0;
        } else {
            scalar(outcome, info, type, value.isNull);
        }
    }

    /** Fills in what the element that just ended says. */
    static void element(Outcome outcome, CommandInfo info, RespValue value, ErrorCodes errors) {
        byte type = value.elementType;
        if (type == '-' || type == '!') {
            outcome.status = Status.ERROR;
            outcome.error = errors.code(value.text, value.textLength);
        } else if (type == '*' || type == '%' || type == '~') {
            boolean scan = info.kind == CommandInfo.Kind.SCAN;
            outcome.rows = value.elementNull ? 0 : scan ? value.elementSecondCount : value.elementCount;
            outcome.hit = !info.finds() || scan ? -1 : value.elementFound > 0 ? 1 : 0;
        } else {
            scalar(outcome, info, type, value.elementNull);
        }
    }

    private static void scalar(Outcome outcome, CommandInfo info, byte type, boolean isNull) {
        if (isNull) {
            outcome.rows = 0;
            outcome.hit = info.finds() ? 0 : -1;
        } else if (type == '$' || type == '=' || type == ',') {
            outcome.rows = 1; // a score is a bulk in RESP2 and a double in RESP3
            outcome.hit = info.finds() ? 1 : -1;
        } else if (type == ':' && info.integerFound) {
            outcome.hit = info.finds() ? 1 : -1;
        }
    }

    /** Whether the value can be an answer to the command; only AUTH and HELLO are that particular. */
    static boolean fits(CommandInfo info, RespValue value) {
        if (info.kind == CommandInfo.Kind.PLAIN || value.type == '-' || value.type == '!') {
            return true;
        }
        switch (info.kind) {
            case AUTH:
                return value.type == '+' && (isQueued(value) || isOk(value));
            case HELLO:
                return value.type == '%' || value.type == '*' || value.type == '+' && isQueued(value);
            default:
                return true;
        }
    }

    private static boolean isOk(RespValue value) {
        return value.textLength == 2 && value.text[0] == 'O' && value.text[1] == 'K';
    }

    /** Whether the value is the status that answers a queued command. */
    static boolean isQueued(RespValue value) {
        byte[] text = value.text;
        return value.type == '+'
                && value.textLength == 6
                && text[0] == 'Q'
                && text[1] == 'U'
                && text[2] == 'E'
                && text[3] == 'U'
                && text[4] == 'E'
                && text[5] == 'D';
    }

    /** Whether the error is one that any command would have got. */
    static boolean deniesAll(Outcome outcome, RespValue value) {
        return "NOAUTH".equals(outcome.error)
                || "NOPERM".equals(outcome.error)
                || starts(value.text, value.textLength, DENIES);
    }

    private static boolean starts(byte[] text, int n, String with) {
        if (n < with.length()) {
            return false;
        }
        for (int i = 0; i < with.length(); i++) {
            if (text[i] != with.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a status is a line of MONITOR: {@code 1339518083.107412 [0 127.0.0.1:60866] "keys" "*"}. */
    static boolean isMonitorLine(byte[] text, int n) {
        int i = 0;
        while (i < n && (text[i] >= '0' && text[i] <= '9' || text[i] == '.')) {
            i++;
        }
        return i > 2 && i + 1 < n && text[i] == ' ' && text[i + 1] == '[';
    }
}
