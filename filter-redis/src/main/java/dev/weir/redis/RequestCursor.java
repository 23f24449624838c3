package dev.weir.redis;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Walks the requests of one connection, resumable at any byte, without keeping any:
 *
 * <pre>
 * *2 CR LF $3 CR LF G E T CR LF $1 CR LF k CR LF      an array of bulk strings
 * GET "k" CR LF                                       an inline command ({@link InlineCursor})
 * *0 CR LF, *-1 CR LF, CR LF                          nothing: no command, no answer
 * </pre>
 *
 * A command that lies whole in the buffer takes the short way: its lengths are read eight bytes at a time, then
 * it is named. Else the states below go byte by byte through lines and skip payload. Both accept the same:
 * what a server accepts (the two bytes behind a bulk are not looked at; Valkey 9 does, and answers an error).
 */
final class RequestCursor {
    /** Is told of the arguments that matter. */
    interface Arguments {
        /**
         * The command is known.
         *
         * @param count number of arguments with the name, or -1 if not known yet
         * @return whether {@link #wants} and {@link #argument} shall be called
         */
        boolean begin(CommandInfo info, int count);

        /** Whether {@link #argument} shall be called for argument {@code index}. Never true for a secret. */
        boolean wants(int index);

        /** The first {@code n} of the {@code length} bytes of an argument; the array is only lent. */
        void argument(int index, byte[] bytes, int n, long length);
    }

    /** Longest part of an argument that is shown. */
    static final int SHOWN = Loop.SCRATCH;
    /** {@code proto-max-bulk-len}, as servers have it by default. */
    static final long MAX_BULK = 512L << 20;

    private static final int START = 0;
    private static final int COUNT = 1;
    private static final int COUNT_LF = 2;
    private static final int DOLLAR = 3;
    private static final int LENGTH = 4;
    private static final int LENGTH_LF = 5;
    private static final int PAYLOAD = 6;
    private static final int AFTER_PAYLOAD = 7;
    private static final int AFTER_PAYLOAD_2 = 8;
    private static final int INLINE = 9;

    // *d CR LF $d CR LF, digits left out
    private static final long SHORT_HEAD = 0x0a0d_0024_0a0d_002aL;
    private static final long SHORT_HEAD_MASK = 0xffff_00ff_ffff_00ffL;
    private static final int CRLF = 0x0a0d;

    private final Loop loop;
    private final CommandTable table;
    private final Arguments arguments;

    private int state;
    private int index;
    private long number;
    private int digits;
    private boolean negative;
    private long left;
    private boolean shows;
    private boolean wanted;
    private int captured;
    private byte @Nullable [] capture;
    private @Nullable InlineCursor inline;
    private boolean isInline;
    private CommandInfo info;
    private int count;
    private long size;
    private boolean complete;

    // Found by whole().
    private int nameAt;
    private int nameLength;
    private int subAt;
    private int subLength;

    RequestCursor(Loop loop, Arguments arguments) {
        this.loop = loop;
        this.table = loop.table;
        this.arguments = arguments;
        this.info = table.other();
    }

    /** Whether no command is half seen. */
    boolean atBoundary() {
        return state == START;
    }

    /** Whether the last step ended a command, or nothing that counts as one ({@link #count()} 0). */
    boolean complete() {
        return complete;
    }

    /** The command that was completed. */
    CommandInfo info() {
        return info;
    }

    /** Number of its arguments, the name counted. */
    int count() {
        return count;
    }

    /** Its bytes on the wire. */
    long size() {
        return size;
    }

    /** Whether the last command was inline, and the server reads its arguments in another way. */
    boolean ambiguous() {
        return isInline && inline != null && inline.ambiguous();
    }

    /** Whether the last command was the first line of an HTTP request. */
    boolean looksLikeHttp() {
        return isInline && inline != null && inline.looksLikeHttp();
    }

    /**
     * Goes on from {@code from} to the end of one command, or of the bytes.
     *
     * @return where it stopped
     */
    int step(ByteBuf buf, int from, int to) {
        complete = false;
        if (state == START) {
            int end = whole(buf, from, to);
            if (end > 0) {
                finish(buf, to);
                size = (long) end - from;
                return end;
            }
            size = 0;
            isInline = false;
        }
        int end = slow(buf, from, to);
        size += end - from;
        return end;
    }

    /** Gives back what was borrowed, and begins anew. */
    void release() {
        state = START;
        byte[] borrowed = capture;
        if (borrowed != null) {
            capture = null;
            loop.giveBack(borrowed);
        }
    }

    // ---- the short way

    /** The end of a command that lies whole between {@code i} and {@code to}, or -1 if there is anything special. */
    private int whole(ByteBuf buf, int i, int to) {
        long word = Bytes.window(buf, i, to);
        int n;
        int length;
        if ((word & SHORT_HEAD_MASK) == SHORT_HEAD) {
            n = (int) (word >> 8 & 0xff) - '0';
            length = (int) (word >> 40 & 0xff) - '0';
            if (n < 1 || n > 9 || length < 1 || length > 9) {
                return -1;
            }
            i += 8;
        } else {
            long head = header(word, '*');
            if (head <= 0xff) {
                return -1;
            }
            n = (int) (head >> 8);
            i += (int) head & 0xff;
            head = header(Bytes.window(buf, i, to), '$');
            if (head < 0) {
                return -1;
            }
            length = (int) (head >> 8);
            i += (int) head & 0xff;
        }
        nameAt = i;
        nameLength = length;
        i += length + 2;
        if (i > to) {
            return -1;
        }
        count = n;
        for (int k = 1; k < n; k++) {
            long head = header(Bytes.window(buf, i, to), '$');
            if (head < 0) {
                return -1;
            }
            i += (int) head & 0xff;
            int argument = (int) (head >> 8);
            if (k == 1) {
                subAt = i;
                subLength = argument;
            }
            i += argument + 2;
            if (i > to) {
                return -1;
            }
        }
        return i;
    }

    /** {@code value << 8 | bytes} of a header line of at most 5 digits; -1 if it is anything else. */
    static long header(long word, int type) {
        int value = (int) (word >> 8 & 0xff) - '0';
        if ((word & 0xff) != type || value < 0 || value > 9) {
            return -1;
        }
        int next = (int) (word >> 16);
        if ((next & 0xffff) == CRLF) {
            return (long) value << 8 | 4;
        }
        int digits = 1;
        while (value > 0 && digits < 5) {
            int digit = (next & 0xff) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
            next = (int) (word >> (++digits + 1 << 3));
            if ((next & 0xffff) == CRLF) {
                return (long) value << 8 | digits + 3;
            }
        }
        return -1;
    }

    private void finish(ByteBuf buf, int to) {
        complete = true;
        isInline = false;
        CommandInfo found = table.find(buf, nameAt, nameLength, to);
        int first = 1;
        if (found.container && count > 1) {
            found = table.findSub(found, buf, subAt, subLength, to);
            first = 2;
        }
        info = found;
        if (arguments.begin(found, count)) {
            walk(buf, first, to);
        }
    }

    private void walk(ByteBuf buf, int first, int to) {
        int i = nameAt + nameLength + 2;
        byte[] scratch = loop.scratch;
        for (int k = 1; k < count; k++) {
            long head = header(Bytes.window(buf, i, to), '$');
            i += (int) head & 0xff;
            int length = (int) (head >> 8);
            if (k >= first && arguments.wants(k)) {
                int n = Math.min(length, SHOWN);
                buf.getBytes(i, scratch, 0, n);
                arguments.argument(k, scratch, n, length);
            }
            i += length + 2;
        }
    }

    // ---- byte by byte

    private int slow(ByteBuf buf, int from, int to) {
        int i = from;
        while (i < to && !complete) {
            switch (state) {
                case START:
                    i = start(buf, i);
                    break;
                case COUNT, LENGTH:
                    digit(buf.getByte(i++));
                    break;
                case COUNT_LF:
                    i++;
                    counted();
                    break;
                case DOLLAR:
                    if (buf.getByte(i++) != '$') {
                        throw new SniffException("request_type");
                    }
                    number(LENGTH);
                    break;
                case LENGTH_LF:
                    i++;
                    measured();
                    break;
                case PAYLOAD:
                    i = payload(buf, i, to);
                    break;
                case AFTER_PAYLOAD:
                    i++;
                    state = AFTER_PAYLOAD_2;
                    break;
                case AFTER_PAYLOAD_2:
                    i++;
                    argumentEnded();
                    break;
                default:
                    i = inline(buf, i, to);
            }
        }
        return i;
    }

    private int start(ByteBuf buf, int i) {
        index = 0;
        count = -1;
        info = table.other();
        shows = false;
        if (buf.getByte(i) == '*') {
            number(COUNT);
            return i + 1;
        }
        state = INLINE;
        isInline = true;
        if (inline == null) {
            inline = new InlineCursor();
        }
        inline.reset();
        beginArgument();
        return i;
    }

    private void number(int next) {
        state = next;
        number = 0;
        digits = 0;
        negative = false;
    }

    /** As string2ll of the server: no sign but '-', no leading zeros. */
    private void digit(byte b) {
        if (b == '\r') {
            if (digits == 0) {
                throw new SniffException(state == COUNT ? "request_count" : "request_length");
            }
            state++;
        } else if (b == '-' && digits == 0 && !negative) {
            negative = true;
        } else if (b >= '0' && b <= '9' && digits < 18 && !(number == 0 && digits > 0)) {
            number = number * 10 + b - '0';
            digits++;
        } else {
            throw new SniffException(state == COUNT ? "request_count" : "request_length");
        }
    }

    private void counted() {
        if (number > Integer.MAX_VALUE && !negative) {
            throw new SniffException("request_count");
        }
        if (negative || number == 0) {
            count = 0;
            commandEnded();
            return;
        }
        count = (int) number;
        state = DOLLAR;
    }

    private void measured() {
        if (negative || number > MAX_BULK) {
            throw new SniffException("request_length");
        }
        left = number;
        beginArgument();
        state = PAYLOAD;
        if (left == 0) {
            state = AFTER_PAYLOAD;
        }
    }

    private void beginArgument() {
        captured = 0;
        wanted = index == 0 || index == 1 && info.container || shows && arguments.wants(index);
        if (wanted && capture == null) {
            capture = loop.borrow();
        }
    }

    private int payload(ByteBuf buf, int i, int to) {
        int n = (int) Math.min(left, to - i);
        byte[] into = capture;
        if (wanted && into != null && captured < SHOWN) {
            int k = Math.min(n, SHOWN - captured);
            buf.getBytes(i, into, captured, k);
            captured += k;
        }
        left -= n;
        if (left == 0) {
            state = AFTER_PAYLOAD;
        }
        return i + n;
    }

    private void argumentEnded() {
        showArgument(number);
        if (++index == count) {
            commandEnded();
        } else {
            state = DOLLAR;
        }
    }

    private void showArgument(long length) {
        byte[] bytes = capture;
        if (!wanted || bytes == null) {
            return;
        }
        if (index == 0) {
            info = table.find(bytes, captured, length);
            if (!info.container) {
                shows = arguments.begin(info, count);
            }
        } else if (index == 1 && info.container) {
            info = table.findSub(info, bytes, captured, length);
            shows = arguments.begin(info, count);
        } else {
            arguments.argument(index, bytes, captured, length);
        }
    }

    private void commandEnded() {
        if (index == 1 && info.container) {
            arguments.begin(info, 1); // a container without its sub-command
        }
        byte[] borrowed = capture;
        if (borrowed != null) {
            capture = null;
            loop.giveBack(borrowed);
        }
        complete = true;
        state = START;
    }

    private int inline(ByteBuf buf, int i, int to) {
        InlineCursor line = inline;
        if (line == null) {
            throw new IllegalStateException("no inline command begun");
        }
        while (i < to) {
            int event = line.next(buf.getByte(i++));
            if (event >= 0) {
                byte[] into = capture;
                if (wanted && into != null && captured < SHOWN) {
                    into[captured++] = (byte) event;
                }
                continue;
            }
            if (event == InlineCursor.ARGUMENT || event == InlineCursor.LAST_ARGUMENT) {
                showArgument(line.length());
                index++;
                beginArgument();
            }
            if (event == InlineCursor.END || event == InlineCursor.LAST_ARGUMENT) {
                count = index;
                commandEnded();
                return i;
            }
        }
        return i;
    }
}
