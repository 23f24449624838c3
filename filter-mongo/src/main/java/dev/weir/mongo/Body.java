package dev.weir.mongo;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of one message, whole or in pieces: flags, sections, legacy heads and the documents in them. What is cut by the end
 * of a piece waits in a carry of some hundred bytes. Lent for one message.
 */
final class Body {
    /** What is told of a message, in the order of its bytes; and the fields of its documents. */
    interface Reader extends BsonWalker.Fields {
        /** Flags of OP_MSG, known bits only. */
        void flags(int flags);

        /**
         * A sequence of documents begins.
         *
         * @return how many of them are to be walked, from the first on; the others are counted
         */
        int sequence(byte[] a, int name, int nameEnd);

        /** The sequence had so many documents. */
        void sequenceEnds(int documents);

        /** The context of the next document, or SKIP. */
        int document();

        /** The head of a legacy message: its namespace, and its numbers as they are named in {@link Wire}. */
        default void legacy(int opcode, int flags, byte[] a, int name, int nameEnd, long number) {}

        /** Where the bytes of the body are to go, too; null for nowhere. */
        default @Nullable RawText raw() {
            return null;
        }

        /** The head of OP_REPLY. */
        default void reply(int flags, long cursor, int returned) {}
    }

    private enum Mode {
        FLAGS,
        SECTION,
        SEQUENCE,
        DOCUMENTS,
        WALK,
        LEGACY,
        REPLY,
        REST
    }

    private static final int CARRY = 640;
    private static final int IDENTIFIER = 128;
    private static final int NAMESPACE = 384;

    private Reader reader;
    private @Nullable RawText raw;
    private final BsonWalker walker;
    private final byte[] carry = new byte[CARRY + 8];
    private int carried;

    private Mode mode = Mode.REST;
    private Mode afterDocument = Mode.REST;
    private int opcode;
    private int length;
    /** Where sections end: before the checksum. */
    private int end;

    private int at;
    private int skip;
    private int sequenceEnd;
    private int documents;
    private int toWalk;
    private boolean hasBody;
    private boolean pauses;

    /** What is read is told to {@code reader}. */
    Body(Reader reader) {
        this.reader = reader;
        this.walker = new BsonWalker(reader);
    }

    /** A message of {@code op} with a body of so many bytes begins. */
    void begin(Reader told, int op, int bytes) {
        reader = told;
        walker.fields(told);
        raw = told.raw();
        opcode = op;
        length = bytes;
        end = bytes;
        at = 0;
        skip = 0;
        carried = 0;
        hasBody = false;
        pauses = false;
        mode = switch (op) {
            case Wire.OP_MSG -> Mode.FLAGS;
            case Wire.OP_REPLY -> Mode.REPLY;
            case Wire.OP_COMMAND, Wire.OP_COMMANDREPLY -> Mode.REST;
            default -> Mode.LEGACY;
        };
        if (mode == Mode.REST) {
            skip = bytes;
        }
    }

    private static SniffException bad(String reason) {
        return new SniffException(reason);
    }

    /** Who wants all bytes as they are. */
    @Nullable
    RawText raw() {
        return raw;
    }

    /** Bytes that may be left out now. */
    int skippable() {
        return carried > 0 ? 0 : mode == Mode.WALK ? walker.skippable() : skip;
    }

    /** {@code n} of them are left out. */
    void skipped(int n) {
        if (mode == Mode.WALK) {
            walker.skipped(n);
        } else {
            skip -= n;
        }
        at += n;
    }

    /** The message is complete: so has to be everything in it. */
    void complete() {
        if (mode == Mode.DOCUMENTS && at == sequenceEnd) {
            mode = Mode.SECTION;
            reader.sequenceEnds(documents);
        }
        boolean between = mode == Mode.SECTION && at == end || mode == Mode.REST && skip == 0;
        if (at != length || carried > 0 || !between) {
            // A document that is not over has said how long it is.
            throw bad(mode == Mode.WALK ? "bson" : "length");
        }
        if (opcode == Wire.OP_MSG && !hasBody) {
            throw bad("section");
        }
    }

    /**
     * Takes bytes; not all of them where a count begins that goes beyond them (see {@link #counting}).
     *
     * @return up to where
     */
    int feed(byte[] a, int from, int to) {
        int i = carried > 0 ? fromCarry(a, from, to) : from;
        if (i < to && !pauses) {
            int j = read(a, i, to, to);
            at += j - i;
            i = j;
        }
        if (pauses) {
            pauses = false;
            return i;
        }
        if (i < to) {
            if (to - i > CARRY) {
                throw bad("section");
            }
            System.arraycopy(a, i, carry, 0, to - i);
            carried = to - i;
        }
        return to;
    }

    /** Reads on from the carry, and {@code a} behind it, until the carry is used up. */
    private int fromCarry(byte[] a, int from, int to) {
        while (true) {
            int n = Math.min(CARRY - carried, to - from);
            System.arraycopy(a, from, carry, carried, n);
            int i = read(carry, 0, carried, carried + n);
            // Then the size of a document was cut: it is known now, though no byte is used up.
            boolean known = pauses;
            pauses = false;
            at += i;
            if (i >= carried) {
                int used = i - carried;
                carried = 0;
                return from + used;
            }
            if (i == 0 && !known) {
                if (carried + n == CARRY) {
                    throw bad("section");
                }
                carried += n;
                return from + n;
            }
            carried -= i;
            System.arraycopy(carry, i, carry, 0, carried);
        }
    }

    /** Reads what begins before {@code until}. */
    private int read(byte[] a, int from, int until, int to) {
        int i = from;
        while (i < until && !pauses) {
            int n;
            if (mode == Mode.WALK) {
                n = walker.walk(a, i, until, to);
                pauses = walker.paused();
                if (walker.done()) {
                    mode = afterDocument;
                } else if (n < until && !pauses) {
                    return n;
                }
                i = n;
                continue;
            }
            if (skip > 0) {
                n = Math.min(skip, until - i);
                skip -= n;
                i += n;
                continue;
            }
            n = head(a, i, to, at + i - from);
            if (n < 0) {
                return i;
            }
            i = n;
        }
        return i;
    }

    private int head(byte[] a, int i, int to, int position) {
        return switch (mode) {
            case FLAGS -> flags(a, i, to, position);
            case SECTION -> section(a, i, position);
            case SEQUENCE -> sequence(a, i, to, position);
            case DOCUMENTS -> document(a, i, to, position);
            case LEGACY -> legacy(a, i, to, position);
            case REPLY -> reply(a, i, to, position);
            default -> throw bad("length"); // bytes behind the end
        };
    }

    // ---- OP_MSG

    private int flags(byte[] a, int i, int to, int position) {
        if (to - i < 4) {
            return -1;
        }
        int flags = Bson.int32(a, i);
        int known = Wire.CHECKSUM_PRESENT | Wire.MORE_TO_COME;
        if ((flags & Wire.REQUIRED_BITS & ~known) != 0) {
            throw bad("flags");
        }
        if ((flags & Wire.CHECKSUM_PRESENT) != 0) {
            end = length - 4;
        }
        reader.flags(flags);
        mode = Mode.SECTION;
        if (end < position + 4) {
            throw bad("length");
        }
        return i + 4;
    }

    private int section(byte[] a, int i, int position) {
        if (position == end) {
            mode = Mode.REST;
            skip = length - end;
            return i;
        }
        int kind = a[i];
        if (kind == 1) {
            mode = Mode.SEQUENCE;
            return i + 1;
        }
        if (kind != 0 || hasBody) {
            throw bad("section");
        }
        hasBody = true;
        beginDocument(reader.document(), end - position - 1, Mode.SECTION);
        return i + 1;
    }

    private void beginDocument(int context, int most, Mode after) {
        walker.begin(context, most);
        mode = Mode.WALK;
        afterDocument = after;
    }

    private int sequence(byte[] a, int i, int to, int position) {
        int nameEnd = zero(a, i + 4, to, IDENTIFIER);
        if (nameEnd < 0) {
            return -1;
        }
        int size = Bson.int32(a, i);
        if (size < nameEnd + 1 - i || size > end - position) {
            throw bad("section");
        }
        sequenceEnd = position + size;
        documents = 0;
        toWalk = reader.sequence(a, i + 4, nameEnd);
        mode = Mode.DOCUMENTS;
        return nameEnd + 1;
    }

    /** Where the zero is, or -1 if it is not there yet. */
    private static int zero(byte[] a, int from, int to, int most) {
        for (int i = from; i < to && i - from <= most; i++) {
            if (a[i] == 0) {
                return i;
            }
        }
        if (to - from > most) {
            throw bad("section");
        }
        return -1;
    }

    private int document(byte[] a, int i, int to, int position) {
        if (position == sequenceEnd) {
            mode = Mode.SECTION;
            reader.sequenceEnds(documents);
            return i;
        }
        int most = sequenceEnd - position;
        if (documents < toWalk) {
            documents++;
            beginDocument(reader.document(), most, Mode.DOCUMENTS);
            return i;
        }
        if (to - i < 4) {
            return -1;
        }
        skip = size(Bson.int32(a, i), most);
        documents++;
        pauses = skip > to - i;
        return i;
    }

    private static int size(int size, int most) {
        if (size < Bson.EMPTY || size > most) {
            throw bad("bson");
        }
        return size;
    }

    // ---- before OP_MSG

    private int legacy(byte[] a, int i, int to, int position) {
        if (opcode == Wire.OP_KILL_CURSORS) {
            if (to - i < 8) {
                return -1;
            }
            reader.legacy(opcode, 0, a, i, i, Bson.int32(a, i + 4));
            return rest(i + 8, position + 8);
        }
        int nameEnd = zero(a, i + 4, to, NAMESPACE);
        int numbers = switch (opcode) {
            case Wire.OP_QUERY -> 8;
            case Wire.OP_GET_MORE -> 12;
            case Wire.OP_UPDATE, Wire.OP_DELETE -> 4;
            default -> 0;
        };
        if (nameEnd < 0 || to - nameEnd - 1 < numbers) {
            return -1;
        }
        long number = opcode == Wire.OP_GET_MORE ? Bson.int64(a, nameEnd + 5) : 0;
        reader.legacy(opcode, Bson.int32(a, i), a, i + 4, nameEnd, number);
        int next = nameEnd + 1 + numbers;
        int then = position + next - i;
        if (then > length) {
            throw bad("length");
        }
        if (opcode == Wire.OP_GET_MORE) {
            return rest(next, then);
        }
        sequenceEnd = length;
        documents = 0;
        toWalk = opcode == Wire.OP_INSERT ? 0 : opcode == Wire.OP_UPDATE ? 2 : 1;
        mode = Mode.DOCUMENTS;
        return next;
    }

    /** Nothing behind {@code position} is of interest. */
    private int rest(int next, int position) {
        if (position > length) {
            throw bad("length");
        }
        mode = Mode.REST;
        skip = length - position;
        return next;
    }

    private int reply(byte[] a, int i, int to, int position) {
        if (to - i < 20) {
            return -1;
        }
        reader.reply(Bson.int32(a, i), Bson.int64(a, i + 4), Bson.int32(a, i + 16));
        if (position + 20 > length) {
            throw bad("length");
        }
        sequenceEnd = length;
        documents = 0;
        toWalk = 1;
        mode = Mode.DOCUMENTS;
        return i + 20;
    }

    // ---- counting in place

    /** Whether it counts documents now, which {@link #count} may do. */
    boolean counting() {
        return carried == 0
                && (mode == Mode.WALK ? walker.counting() : mode == Mode.DOCUMENTS && skip == 0 && documents >= toWalk);
    }

    /** Counts documents where they are; up to where. */
    int count(ByteBuf data, int from, int to) {
        if (mode == Mode.WALK) {
            int i = walker.count(data, from, to);
            at += i - from;
            return i;
        }
        int i = from;
        while (skip == 0 && to - i >= 4 && at < sequenceEnd) {
            int size = size(data.getIntLE(i), sequenceEnd - at);
            int n = Math.min(to - i, size);
            documents++;
            i += n;
            at += n;
            skip = size - n;
        }
        return i;
    }

    /** Forgets what is half read. */
    void release() {
        carried = 0;
        skip = 0;
        mode = Mode.REST;
        raw = null;
    }
}
