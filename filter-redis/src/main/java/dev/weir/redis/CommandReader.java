package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the commands of one client whole, for who has to look at their arguments: an array of bulk strings, or a line
 * ({@link InlineCursor}), which is turned into such an array. Resumable: what has been read of a command is not read again.
 * Every limit is checked on the number that announces something, before anything is kept for it.
 */
final class CommandReader {
    /** What the bytes hold. */
    enum Step {
        /** Not a whole command yet. */
        MORE,
        /** A command from {@link CommandReader#start()} to {@link CommandReader#end()}. */
        COMMAND,
        /** An empty line or array: to be passed over. */
        NOTHING,
        /** A line with a command: {@link CommandReader#takeInline()} holds it as an array. */
        INLINE,
        /**
         * A command whose next argument is large; what is before it has been read. It is for {@link CommandReader#stream()} or {@link
         * CommandReader#keep()} to say how it goes on.
         */
        LARGE,
        /** A command that is longer than allowed: {@link CommandReader#problem()} says so. It is passed over, then COMMAND ends it. */
        TOO_LONG,
        /** No command, nor can what follows be read: {@link CommandReader#problem()}. */
        BROKEN
    }

    /**
     * Limits of one command.
     *
     * @param arguments most arguments, with the name
     * @param bulk longest argument
     * @param request longest command that is read whole
     * @param large an argument longer than this need not be read whole
     */
    record Limits(int arguments, long bulk, int request, int large) {}

    private static final int FIRST = 16;
    private static final int KEPT = 1024;
    /** As the server has it ({@code PROTO_INLINE_MAX_SIZE}). */
    private static final int MAX_LINE = 64 << 10;
    /** Longest line of digits, behind its first byte. */
    private static final int MAX_HEADER = 32;

    private static final String NO_LINE = "Protocol error: expected CRLF behind an argument";

    private Limits limits;
    private int[] at = new int[FIRST];
    private int[] lengths = new int[FIRST];

    private int start;
    private int end;
    /** Announced arguments; 0 between commands. */
    private int count;
    /** Arguments whose header has been read. */
    private int read;
    /** Where reading goes on, behind the start. */
    private int next;
    /** Bytes that are still to be passed over, of a command that is too long. */
    private long skip;

    private int skipArguments;
    private boolean skipping;
    /** Whether the command is to be read whole although an argument is large. */
    private boolean kept;

    private long large;
    private @Nullable String problem;
    private @Nullable ByteBuf inline;

    CommandReader(Limits limits) {
        this.limits = limits;
    }

    /** Number of arguments of the command, its name counted. */
    int count() {
        return count;
    }

    /** Where argument {@code i} begins, behind the begin of its command. */
    int at(int i) {
        return at[i];
    }

    int length(int i) {
        return lengths[i];
    }

    /** Whether argument {@code i} is the upper-case {@code word}, in any case. */
    boolean is(ByteBuf buf, int i, String word) {
        if (lengths[i] != word.length()) {
            return false;
        }
        for (int k = 0; k < word.length(); k++) {
            int b = buf.getByte(start + at[i] + k);
            if ((b >= 'a' && b <= 'z' ? b - 32 : b) != word.charAt(k)) {
                return false;
            }
        }
        return true;
    }

    /** Whether one of the arguments is {@code word}. */
    boolean has(ByteBuf buf, String word) {
        for (int i = 1; i < count; i++) {
            if (is(buf, i, word)) {
                return true;
            }
        }
        return false;
    }

    /** Begin of the command in the buffer. */
    int start() {
        return start;
    }

    /** Its end; what follows begins here. */
    int end() {
        return end;
    }

    /** What is wrong, as the text of an error. */
    String problem() {
        return problem == null ? "" : problem;
    }

    /** Whether nothing of a command has been read. */
    boolean atBoundary() {
        return count == 0 && !skipping;
    }

    /** The command of a line as an array; the caller's to release. */
    ByteBuf takeInline() {
        ByteBuf taken = inline;
        if (taken == null) {
            throw new IllegalStateException("no inline command was read");
        }
        inline = null;
        return taken;
    }

    /** Number of arguments that have been read, where the next one is large. */
    int read() {
        return read;
    }

    /** What follows {@link #end()} of a command with a large argument is only passed over, {@link Step#MORE} by MORE, until {@link Step#COMMAND}. */
    void stream() {
        skipping = true;
        skip = large + 2;
        skipArguments = count - read - 1;
    }

    /** The command is to be read whole, if it is not too long for that. */
    void keep() {
        kept = true;
    }

    /** Other limits from the next command on. */
    void limits(Limits others) {
        limits = others;
    }

    /** The command has been dealt with. */
    void done() {
        kept = false;
        count = 0;
        read = 0;
        next = 0;
        if (at.length > KEPT) {
            at = new int[FIRST];
            lengths = new int[FIRST];
        }
    }

    /**
     * Reads from {@code from}, which is where the last step ended, or where the begun command still begins.
     *
     * @param to end of the bytes
     */
    Step next(ByteBuf buf, int from, int to) {
        start = from;
        if (skipping) {
            return passOver(buf, from, to);
        }
        if (count == 0) {
            Step begun = begin(buf, from, to);
            if (begun != null) {
                return begun;
            }
        }
        return arguments(buf, from, to);
    }

    private @Nullable Step begin(ByteBuf buf, int from, int to) {
        if (from == to) {
            return Step.MORE;
        }
        if (buf.getByte(from) != '*') {
            return line(buf, from, to);
        }
        long head = header(buf, from, to, '*');
        if (head == INCOMPLETE) {
            return Step.MORE;
        }
        long announced = head >> 8;
        if (head == WRONG || announced > Integer.MAX_VALUE) {
            return broken("Protocol error: invalid multibulk length");
        }
        if (announced <= 0) {
            end = from + (int) (head & 0xff);
            return Step.NOTHING;
        }
        if (announced > limits.arguments) {
            return broken("Protocol error: invalid multibulk length (" + announced + " arguments, at most "
                    + limits.arguments + ")");
        }
        count = (int) announced;
        next = (int) (head & 0xff);
        read = 0;
        return null;
    }

    private Step arguments(ByteBuf buf, int from, int to) {
        int i = from + next;
        while (read < count) {
            if (read > 0 && i <= to && !endsLine(buf, i)) {
                return broken(NO_LINE);
            }
            if (i >= to) {
                return more(from, i);
            }
            long head = header(buf, i, to, '$');
            if (head == INCOMPLETE) {
                return more(from, i);
            }
            long length = head >> 8;
            if (head == WRONG) {
                return broken(
                        buf.getByte(i) == '$'
                                ? "Protocol error: invalid bulk length"
                                : "Protocol error: expected '$', got '" + printable(buf.getByte(i)) + "'");
            }
            if (length < 0 || length > limits.bulk) {
                return broken("Protocol error: invalid bulk length");
            }
            int payload = i + (int) (head & 0xff);
            if (length > limits.large && !kept && read > 0) {
                next = i - from;
                end = payload;
                large = length;
                return Step.LARGE;
            }
            if (payload - from + length + 2 > limits.request) {
                return tooLong(payload, length);
            }
            room();
            at[read] = payload - from;
            lengths[read] = (int) length;
            read++;
            i = payload + (int) length + 2;
        }
        if (i > to) {
            return more(from, i);
        }
        if (!endsLine(buf, i)) {
            return broken(NO_LINE);
        }
        end = i;
        next = i - from; // it may be asked for again
        return Step.COMMAND;
    }

    private static boolean endsLine(ByteBuf buf, int i) {
        return buf.getByte(i - 2) == '\r' && buf.getByte(i - 1) == '\n';
    }

    private Step more(int from, int i) {
        next = i - from;
        return Step.MORE;
    }

    private void room() {
        if (read == at.length) {
            int larger = (int) Math.min(limits.arguments, at.length * 2L);
            at = Arrays.copyOf(at, larger);
            lengths = Arrays.copyOf(lengths, larger);
        }
    }

    private Step broken(String text) {
        problem = text;
        return Step.BROKEN;
    }

    private static String printable(byte b) {
        return b >= ' ' && b < 0x7f
                ? String.valueOf((char) b)
                : "\\x" + Integer.toHexString(b & 0xff | 0x100).substring(1);
    }

    // ---- headers

    private static final long INCOMPLETE = Long.MIN_VALUE;
    private static final long WRONG = Long.MIN_VALUE + 1;

    /** {@code value << 8 | bytes of the line}, {@link #INCOMPLETE} or {@link #WRONG}. */
    private static long header(ByteBuf buf, int i, int to, char type) {
        long fast = RequestCursor.header(Bytes.window(buf, i, to), type);
        if (fast >= 0) {
            return fast;
        }
        if (buf.getByte(i) != type) {
            return WRONG;
        }
        long value = 0;
        int digits = 0;
        boolean negative = false;
        for (int k = i + 1; k < to; k++) {
            byte b = buf.getByte(k);
            if (b == '\r') {
                if (digits == 0) {
                    return WRONG;
                }
                if (k + 1 == to) {
                    return INCOMPLETE;
                }
                // As strict as the strictest server: it gets the same bytes, on a connection that others share.
                boolean wrong = buf.getByte(k + 1) != '\n' || negative && value == 0;
                return wrong ? WRONG : (negative ? -value : value) << 8 | k + 2 - i;
            }
            if (b == '-' && digits == 0 && !negative) {
                negative = true;
            } else if (b >= '0' && b <= '9' && digits < 10 && !(value == 0 && digits > 0)) {
                value = value * 10 + b - '0';
                digits++;
            } else {
                return WRONG;
            }
        }
        return to - i > MAX_HEADER ? WRONG : INCOMPLETE;
    }

    // ---- commands that are too long

    private Step tooLong(int payload, long length) {
        problem = "request of more than " + limits.request + " bytes";
        skipping = true;
        skip = length + 2;
        skipArguments = count - read - 1;
        end = payload;
        return Step.TOO_LONG;
    }

    private Step passOver(ByteBuf buf, int from, int to) {
        int i = from;
        while (true) {
            int n = (int) Math.min(skip, to - i);
            skip -= n;
            i += n;
            end = i;
            if (skip > 0) {
                return Step.MORE;
            }
            if (skipArguments == 0) {
                skipping = false;
                return Step.COMMAND;
            }
            long head = i == to ? INCOMPLETE : header(buf, i, to, '$');
            if (head == INCOMPLETE) {
                return Step.MORE;
            }
            if (head == WRONG || head < 0 || head >> 8 > limits.bulk) {
                return broken("Protocol error: invalid bulk length");
            }
            skip = (head >> 8) + 2;
            skipArguments--;
            i += (int) (head & 0xff);
        }
    }

    // ---- lines

    private Step line(ByteBuf buf, int from, int to) {
        int feed = buf.indexOf(from, Math.min(to, from + MAX_LINE), (byte) '\n');
        if (feed < 0) {
            return to - from >= MAX_LINE ? broken("Protocol error: too big inline request") : Step.MORE;
        }
        end = feed + 1;
        InlineLine parsed = InlineLine.parse(buf, from, feed);
        if (parsed == null) {
            return broken("Protocol error: unbalanced quotes in request");
        }
        if (parsed.isEmpty()) {
            return Step.NOTHING;
        }
        if (parsed.looksLikeHttp()) {
            return broken("Protocol error: this is HTTP");
        }
        inline = parsed.encode(buf.alloc());
        return Step.INLINE;
    }

    void release() {
        if (inline != null) {
            inline.release();
            inline = null;
        }
    }
}
