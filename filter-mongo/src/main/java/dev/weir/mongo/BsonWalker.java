package dev.weir.mongo;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;

/**
 * Walks one document after the other, in place, and asks {@link Fields} about each element. Stops before an element that is not
 * there as a whole (of long values: their head) and goes on there when it is shown again with more behind it. Every length is
 * checked against the document that it is in; what is skipped is not looked at.
 */
final class BsonWalker {
    /** Bytes of a text that are there when {@link Fields} are asked about it, at least. */
    static final int TEXT = 256;

    /** Documents of so many bytes are there as a whole when {@link Fields} are asked about them. */
    static final int SMALL = 40;

    /** Longer names are nobody's: elements with them are skipped without asking. */
    static final int NAME = 255;

    /** Most bytes an element takes that has to be there as a whole. */
    static final int LONGEST = 1 + NAME + 1 + 5 + TEXT;

    /** Documents in documents that are gone into. */
    static final int DEPTH = 40;

    /** What is wanted of documents. */
    interface Fields {
        /** Names that it knows. */
        NameTable names();

        /** Leave the value out. */
        int SKIP = 0;

        /** Count the elements of the array: {@link #counted} gets their number. */
        int COUNT = -1;

        /**
         * An element. The value of a text has {@code length} bytes, of which {@link #TEXT} are there; that of a document or
         * an array is shown with its size, of which {@link #SMALL} are there; of bytes, the first 16.
         *
         * @param context what was answered for the document that it is in
         * @param field which of the {@link #names} it has, or {@link NameTable#NONE}
         * @return {@link #SKIP}, or for a document or an array the context to walk it in, above 0, or {@link #COUNT}
         */
        int element(int context, int type, int field, byte[] a, int name, int nameEnd, int value, int length);

        /** The array counted last, in a document of {@code context}, has so many elements. */
        void counted(int context, int elements);

        /** A document that was walked in {@code context} ends. */
        void ends(int context);
    }

    private enum Mode {
        START,
        ELEMENTS,
        /** In a name that is longer than anybody wants. */
        NAME,
        /** Before the value of such a name. */
        VALUE,
        /** In strings that end with a zero. */
        CSTRINGS
    }

    private static final int COUNTING = -1;

    /** Of the name of an element that is counted where it is. */
    private static final int MOST_DIGITS = 6;

    private Fields fields;
    private NameTable names;
    private final int[] ends = new int[DEPTH + 2];
    private final int[] contexts = new int[DEPTH + 2];
    private Mode mode = Mode.START;
    private int depth;
    private int first;
    private int at;
    private int skip;
    private int type;
    private int strings;
    /** Of the value that was measured last: where it is, and its bytes. */
    private int shown;

    private int length;
    private int count;
    private boolean paused;

    BsonWalker(Fields fields) {
        this.fields = fields;
        this.names = fields.names();
    }

    /** Asks these from now on. */
    void fields(Fields asked) {
        fields = asked;
        names = asked.names();
    }

    /** A document begins at the next byte, which has at most {@code most} bytes; its elements are asked for in {@code context}. */
    void begin(int context, int most) {
        mode = Mode.START;
        depth = 0;
        at = 0;
        skip = 0;
        ends[0] = most + 1; // as if there were a zero behind it
        first = context;
    }

    /** Whether the document is complete. */
    boolean done() {
        return depth == 0 && mode == Mode.ELEMENTS && skip == 0;
    }

    /** Whether it has stopped as a count begins, for which there may be a faster way: says so once. */
    boolean paused() {
        boolean was = paused;
        paused = false;
        return was;
    }

    /** How many bytes may be left out now. */
    int skippable() {
        return skip;
    }

    /** {@code n} of them are left out. */
    void skipped(int n) {
        skip -= n;
        at += n;
    }

    /**
     * Walks elements that begin before {@code until}, in bytes that go up to {@code to}.
     *
     * @return where it stopped: at {@code until} or behind it, at the end of the document, where a count begins that goes
     *     beyond {@code to}, or before an element that is cut
     */
    int walk(byte[] a, int from, int until, int to) {
        int i = from;
        while (i < until && !(depth == 0 && mode == Mode.ELEMENTS && skip == 0)) {
            if (skip > 0) {
                int n = Math.min(skip, until - i);
                skipped(n);
                i += n;
                continue;
            }
            int next = switch (mode) {
                case START -> start(a, i, to);
                case ELEMENTS -> elements(a, i, until, to);
                case NAME -> name(a, i, until);
                case VALUE -> value(a, i, to);
                case CSTRINGS -> cstrings(a, i, until);
            };
            if (next < 0) {
                return i;
            }
            at += next - i;
            i = next;
            if (paused) {
                return i;
            }
        }
        return i;
    }

    private static SniffException bad() {
        return new SniffException("bson");
    }

    private int start(byte[] a, int i, int to) {
        if (to - i < 4) {
            return -1;
        }
        push(first, Bson.int32(a, i), at);
        return i + 4;
    }

    /** Goes into a document of {@code size} bytes from {@code start} on. */
    private void push(int context, int size, int start) {
        if (size < Bson.EMPTY || size > ends[depth] - 1 - start) {
            throw bad();
        }
        depth++;
        ends[depth] = start + size;
        contexts[depth] = context;
        mode = Mode.ELEMENTS;
    }

    /**
     * Elements from {@code from} on, up to one that needs more than this; -1 if the first does. There is one place only that asks about
     * elements, as everything that is asked is compiled into it.
     */
    private int elements(byte[] a, int from, int until, int to) {
        int behind = at - from; // what a place in a is behind in the document
        int i = from;
        while (i < until) {
            int end = ends[depth] - 1 - behind;
            int kind = a[i] & 0xff;
            if (kind == 0) {
                if (i != end) {
                    throw bad();
                }
                i++;
                pop();
                if (depth == 0) {
                    return i;
                }
                continue;
            }
            int name = i + 1;
            long word = Bson.word(a, name);
            long zeros = Bson.zeros(word);
            int v = 1 + (zeros == 0 ? Bson.zero(a, name + 8, to) : name + Bson.first(zeros));
            int all = v > to || v - name > NAME + 1 ? -1 : measure(a, kind, v, to - v, end - v);
            if (all < 0) {
                return i > from ? i : cut(a, i, v, to, end);
            }
            int context = contexts[depth];
            int into = Fields.SKIP;
            if (context == COUNTING) {
                count++;
            } else {
                int field = names.find(Bson.before(word, zeros), a, name, v - 1);
                into = fields.element(context, kind, field, a, name, v - 1, shown, length);
            }
            if (kind == Bson.REGEX) {
                return strings(v);
            }
            if (into != Fields.SKIP && (kind == Bson.DOCUMENT || kind == Bson.ARRAY) && depth < DEPTH) {
                i = v + 4;
                if (enter(into, all, v + behind, all > to - v)) {
                    return i;
                }
            } else {
                i = v + Math.min(all, to - v);
                skip = v + all - i;
                if (skip > 0) {
                    return i;
                }
            }
        }
        return i;
    }

    /** Goes into a document or an array; whether it pauses as there may be a faster way. */
    private boolean enter(int context, int size, int start, boolean partly) {
        if (context != Fields.COUNT) {
            push(context, size, start);
            return false;
        }
        count = 0;
        push(COUNTING, size, start);
        paused = partly;
        return partly;
    }

    /** Two strings follow, which end with a zero each. */
    private int strings(int v) {
        mode = Mode.CSTRINGS;
        strings = 2;
        return v;
    }

    /** An element of which not enough is there, or whose name is too long to be anybody's. */
    private int cut(byte[] a, int i, int v, int to, int end) {
        if (v > to) {
            return tooLong(a, i, to, end);
        }
        if (v - i - 2 <= NAME) {
            return -1;
        }
        type = a[i] & 0xff;
        mode = Mode.VALUE;
        return v;
    }

    private void pop() {
        int context = contexts[depth--];
        if (context == COUNTING) {
            fields.counted(contexts[depth], count);
        } else {
            fields.ends(context);
        }
    }

    /** A name whose end is not there: to be shown again, but if it is too long for that. */
    private int tooLong(byte[] a, int i, int to, int end) {
        if (to - i < LONGEST) {
            return -1;
        }
        if (end < to) {
            throw bad();
        }
        type = a[i] & 0xff;
        mode = Mode.NAME;
        return to;
    }

    private int name(byte[] a, int i, int until) {
        for (int j = i; j < until; j++) {
            if (a[j] == 0) {
                mode = Mode.VALUE;
                return j + 1;
            }
        }
        return until;
    }

    private int cstrings(byte[] a, int i, int until) {
        for (int j = i; j < until; j++) {
            if (a[j] == 0 && --strings == 0) {
                mode = Mode.ELEMENTS;
                room(at + j + 1 - i);
                return j + 1;
            }
        }
        return until;
    }

    /** Checks that {@code end} is within the document, before its zero. */
    private void room(int end) {
        if (end > ends[depth] - 1) {
            throw bad();
        }
    }

    /** The value behind a name that is nobody's. */
    private int value(byte[] a, int v, int to) {
        int all = measure(a, type, v, to - v, ends[depth] - 1 - at);
        if (all < 0) {
            return -1;
        }
        mode = Mode.ELEMENTS;
        if (contexts[depth] == COUNTING) {
            count++;
        }
        if (type == Bson.REGEX) {
            return strings(v);
        }
        int there = Math.min(all, to - v);
        skip = all - there;
        return v + there;
    }

    /** Bytes of the value at {@code v}, and what is shown of it; -1 if less is there than that needs. */
    private int measure(byte[] a, int kind, int v, int left, int most) {
        int size = Bson.size(kind);
        if (size < 0) {
            return size == Bson.TWO_CSTRINGS ? pattern(v, most) : sized(size, a, v, left, most);
        }
        if (size > most) {
            throw bad();
        }
        shown = v;
        length = size;
        return left < size ? -1 : size;
    }

    private int pattern(int v, int most) {
        if (most < 2) {
            throw bad();
        }
        shown = v;
        length = 0;
        return 0;
    }

    /** A value that begins with its size. */
    private int sized(int kind, byte[] a, int v, int left, int most) {
        if (kind == Bson.UNKNOWN || most < 4) {
            throw bad();
        }
        if (left < 4) {
            return -1;
        }
        int size = Bson.int32(a, v);
        int head = Bson.head(kind);
        int all = size + head + (kind == Bson.POINTER ? 12 : 0);
        if (size < Bson.least(kind) || all < size || all > most) {
            throw bad();
        }
        shown = v + head;
        length = kind == Bson.TEXT ? size - 1 : size;
        return left - head < Math.min(size, Bson.looked(kind)) ? -1 : all;
    }

    /** Whether it counts elements now, which {@link #count(ByteBuf, int, int)} may do. */
    boolean counting() {
        return skip == 0 && depth > 0 && mode == Mode.ELEMENTS && contexts[depth] == COUNTING;
    }

    /**
     * Counts documents in an array where they are, by their sizes alone.
     *
     * @return up to where; elements of other types, and those that are cut, are left to {@link #walk}
     */
    int count(ByteBuf data, int from, int to) {
        int end = ends[depth] - 1;
        int i = from;
        int digits = digits(count);
        int next = limit(digits);
        while (skip == 0 && digits <= MOST_DIGITS && to - i >= Math.max(8, digits + 6)) {
            // Its type, its name, a zero, and as long as the name is short its size.
            long word = data.getLongLE(i);
            int kind = (int) word & 0xff;
            if (kind != Bson.DOCUMENT && kind != Bson.ARRAY || Bson.first(Bson.zeros(word)) != 1 + digits) {
                break;
            }
            int size = digits <= 2 ? (int) (word >>> 8 * (2 + digits)) : data.getIntLE(i + 2 + digits);
            int start = at + 2 + digits;
            if (size < Bson.EMPTY || size > end - start) {
                throw bad();
            }
            int n = Math.min(to - i, 2 + digits + size);
            at += n;
            i += n;
            skip = start + size - at;
            if (++count == next) {
                digits++;
                next = limit(digits);
            }
        }
        return i;
    }

    private static int digits(int number) {
        int digits = 1;
        for (int n = number; n >= 10; n /= 10) {
            digits++;
        }
        return digits;
    }

    private static int limit(int digits) {
        int limit = 1;
        for (int i = 0; i < digits && i < 9; i++) {
            limit *= 10;
        }
        return limit;
    }
}
