package dev.weir.redis;

import dev.weir.core.protocol.SniffException;

/**
 * Which commands get no answer because the client said so (CLIENT REPLY). It changes in the order of the requests, so
 * it is kept on their side:
 *
 * <pre>
 *            OFF ──────────────▶
 *   on                            off     (RESET and CLIENT REPLY ON lead back, and are answered)
 *            ◀────────────── ON
 *   SKIP: no answer to itself nor to the command behind it; means nothing while off
 * </pre>
 */
final class ReplyMode {
    /** No word of CLIENT REPLY, or an unknown one. */
    static final int NONE = 0;
    /** CLIENT REPLY ON. */
    static final int ON = 1;
    /** CLIENT REPLY OFF. */
    static final int OFF = 2;
    /** CLIENT REPLY SKIP. */
    static final int SKIP = 3;

    private boolean off;
    private boolean skips;
    /** Between MULTI and its end, as far as the requests tell. */
    private boolean queues;

    /** The word behind CLIENT REPLY. */
    static int word(byte[] bytes, int n) {
        return Bytes.equalsIgnoreCase(bytes, n, "ON")
                ? ON
                : Bytes.equalsIgnoreCase(bytes, n, "OFF")
                        ? OFF
                        : Bytes.equalsIgnoreCase(bytes, n, "SKIP") ? SKIP : NONE;
    }

    /** Whether every ordinary command gets an answer. */
    boolean plain() {
        return !off && !skips;
    }

    /** Whether the next command would get an answer. Changes nothing. */
    boolean answers(CommandInfo info, int count, int word) {
        if (info.kind == CommandInfo.Kind.CLIENT_REPLY && count == 3 && !queues && word != NONE) {
            return word == ON;
        }
        if (info.kind == CommandInfo.Kind.RESET && count == 1) {
            return !skips;
        }
        return !off && !skips;
    }

    /** A command was sent. */
    void sent(CommandInfo info, int count, int word) {
        boolean skipNext = false;
        switch (info.kind) {
            case CLIENT_REPLY:
                if (count == 3 && !queues) {
                    skipNext = word == SKIP && !off;
                    off = word == OFF || word != ON && off;
                }
                break;
            case MULTI:
                queues = true;
                break;
            case EXEC, DISCARD:
                queues = false;
                break;
            case RESET:
                if (count == 1) {
                    off = false;
                    queues = false;
                }
                break;
            default:
        }
        skips = skipNext;
    }

    /** Whether a transaction seems to be open: then CLIENT REPLY is queued like any other command. */
    boolean queues() {
        return queues;
    }

    /** Whether the next command is skipped. */
    boolean skips() {
        return skips;
    }

    /** A request of no arguments: for Redis up to 7 and Valkey it uses up a SKIP, for Redis 8 it does not. */
    void nothingSent() {
        if (skips) {
            throw new SniffException("reply_mode");
        }
    }
}
