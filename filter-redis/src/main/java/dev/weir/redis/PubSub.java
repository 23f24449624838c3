package dev.weir.redis;

/** The words that messages and confirmations of pub/sub begin with. */
final class PubSub {
    /** What the first element of a push, or of an array to a RESP2 subscriber, says. */
    enum Kind {
        NONE,
        MESSAGE,
        SUBSCRIBE,
        PSUBSCRIBE,
        SSUBSCRIBE,
        UNSUBSCRIBE,
        PUNSUBSCRIBE,
        SUNSUBSCRIBE;

        private static final Kind[] ALL = values();

        /** Whether it confirms a command of the same name. */
        boolean confirms() {
            return ordinal() >= SUBSCRIBE.ordinal();
        }

        /** The command it confirms. */
        CommandInfo.Kind command() {
            return COMMANDS[ordinal() - SUBSCRIBE.ordinal()];
        }

        static Kind of(byte[] bytes, int n) {
            if (n < 7 || n > 12) {
                return NONE;
            }
            if (same(bytes, n, "message") || same(bytes, n, "pmessage") || same(bytes, n, "smessage")) {
                return MESSAGE;
            }
            for (Kind kind : ALL) {
                if (kind.confirms() && Bytes.equalsIgnoreCase(bytes, n, kind.name())) {
                    return kind;
                }
            }
            return NONE;
        }

        private static boolean same(byte[] bytes, int n, String word) {
            if (n != word.length()) {
                return false;
            }
            for (int i = 0; i < n; i++) {
                if (bytes[i] != word.charAt(i)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static final CommandInfo.Kind[] COMMANDS = {
        CommandInfo.Kind.SUBSCRIBE,
        CommandInfo.Kind.PSUBSCRIBE,
        CommandInfo.Kind.SSUBSCRIBE,
        CommandInfo.Kind.UNSUBSCRIBE,
        CommandInfo.Kind.PUNSUBSCRIBE,
        CommandInfo.Kind.SUNSUBSCRIBE
    };

    private PubSub() {}

    /** A number of at most 18 digits, or -1. */
    static long parse(byte[] bytes, int n) {
        if (n == 0 || n > 18) {
            return -1;
        }
        long value = 0;
        for (int i = 0; i < n; i++) {
            if (bytes[i] < '0' || bytes[i] > '9') {
                return -1;
            }
            value = value * 10 + bytes[i] - '0';
        }
        return value;
    }
}
