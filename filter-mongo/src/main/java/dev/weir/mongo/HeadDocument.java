package dev.weir.mongo;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Walks the elements of a command's document, at any split, for its name, its {@code $db}, and whether the pipeline of an
 * {@code aggregate} writes. Values are skipped by their lengths; which has to add up, as it is by lengths that the server
 * finds the same fields.
 *
 * <pre>
 *   size i32 · ( type u8 · name cstring · value )* · 0
 * </pre>
 */
final class HeadDocument {
    /** Longest text that is kept; databases have 63 bytes, stages and fields of interest less. */
    private static final int TEXT = 256;

    private enum State {
        SIZE,
        TYPE,
        NAME,
        VALUE_SIZE,
        DATABASE,
        TWO_TEXTS,
        DONE
    }

    /** What a document on the way is. */
    private enum Role {
        /** The command. */
        COMMAND,
        /** What a command is wrapped in ({@code $query}). */
        WRAPPER,
        PIPELINE,
        STAGE
    }

    /** The document, its command if wrapped, a pipeline, a stage. */
    private static final int DEPTH = 4;

    private static final byte[] DB = "$db".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PIPELINE = "pipeline".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] QUERY = "query".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DOLLAR_QUERY = "$query".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] OUT = "$out".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] MERGE = "$merge".getBytes(StandardCharsets.US_ASCII);

    private final long[] ends = new long[DEPTH];
    private final Role[] roles = new Role[DEPTH];
    private final boolean[] begun = new boolean[DEPTH];
    private final byte[] text = new byte[TEXT];

    private State state = State.DONE;
    private int depth;
    private long pos;
    private long limit;
    private long skip;
    private int number;
    private int numberBytes;
    private int textLength;
    private int type;
    private int texts;
    private boolean legacy;
    private @Nullable Role descends;
    private boolean wantsDatabase;

    private CommandNames.@Nullable Entry command;
    private CommandNames.@Nullable Entry expected;
    private @Nullable String database;
    private @Nullable String last;
    private boolean databaseSeen;
    private boolean pipelineSeen;
    private boolean pipelineWalked;
    private boolean writes;

    /**
     * A document begins.
     *
     * @param most bytes it may have
     * @param wrapped whether the command may be wrapped, and its database is told elsewhere (OP_QUERY)
     */
    void begin(long most, boolean wrapped) {
        state = State.SIZE;
        depth = 0;
        pos = 0;
        limit = most;
        skip = 0;
        numberBytes = 0;
        legacy = wrapped;
        command = null;
        expected = null;
        database = null;
        databaseSeen = false;
        pipelineSeen = false;
        pipelineWalked = false;
        writes = false;
    }

    /** Goes on as the command that was already told of. Anything else is an error. */
    void expect(CommandNames.Entry told) {
        expected = told;
    }

    boolean done() {
        return state == State.DONE;
    }

    CommandNames.@Nullable Entry command() {
        return command;
    }

    @Nullable
    String database() {
        return database;
    }

    boolean databaseSeen() {
        return databaseSeen;
    }

    /** Whether {@link #reads} will not change any more. */
    boolean readsKnown() {
        return done() || command != CommandNames.AGGREGATE || pipelineWalked;
    }

    boolean reads() {
        CommandNames.Entry known = command;
        return known != null && known.reads() && (known != CommandNames.AGGREGATE || pipelineWalked && !writes);
    }

    /**
     * Walks on.
     *
     * @return the index of the first byte that was not taken: {@code to}, or the one behind the document
     */
    int feed(ByteBuf data, int from, int to) {
        int i = from;
        while (i < to && (state != State.DONE || skip > 0)) {
            if (skip > 0) {
                int n = (int) Math.min(skip, to - i);
                skip -= n;
                pos += n;
                i += n;
            } else {
                pos++;
                take(data.getByte(i++));
            }
        }
        return i;
    }

    private void take(byte b) {
        switch (state) {
            case SIZE -> {
                if (number(b)) {
                    if (number < Bson.EMPTY || number > limit) {
                        throw bad();
                    }
                    open(0, number, Role.COMMAND);
                }
            }
            case TYPE -> type(b & 0xff);
            case NAME -> {
                if (text(b)) {
                    named();
                }
            }
            case VALUE_SIZE -> {
                if (number(b)) {
                    sized();
                }
            }
            case DATABASE -> database(b);
            case TWO_TEXTS -> {
                if (text(b) && ++texts == 2) {
                    state = State.TYPE;
                }
            }
            default -> throw bad();
        }
    }

    private void open(int at, long end, Role role) {
        depth = at;
        ends[at] = end;
        roles[at] = role;
        begun[at] = false;
        state = State.TYPE;
    }

    private void type(int t) {
        if (t == 0) {
            close();
            return;
        }
        type = t;
        if (Bson.size(t) == Bson.UNKNOWN) {
            throw bad();
        }
        textLength = 0;
        state = State.NAME;
    }

    private void close() {
        if (pos != ends[depth]) {
            throw bad();
        }
        if (roles[depth] == Role.PIPELINE) {
            pipelineWalked = true;
        }
        if (depth > 0) {
            depth--;
            return;
        }
        state = State.DONE;
        if (command == null) {
            found(CommandNames.OTHER);
        }
    }

    private void found(CommandNames.Entry entry) {
        if (expected != null && expected != entry) {
            throw new SniffException("section");
        }
        command = entry;
    }

    private void named() {
        boolean first = !begun[depth];
        begun[depth] = true;
        descends = null;
        wantsDatabase = false;
        switch (roles[depth]) {
            case COMMAND -> commandField(first);
            case PIPELINE -> descends = type == Bson.DOCUMENT ? Role.STAGE : null;
            case STAGE -> writes |= first && (is(OUT) || is(MERGE));
            default -> {
                // What is beside the command in its wrapper does not matter.
            }
        }
        value();
    }

    private void commandField(boolean first) {
        if (first) {
            if (legacy && depth == 0 && type == Bson.DOCUMENT && (is(QUERY) || is(DOLLAR_QUERY))) {
                roles[0] = Role.WRAPPER;
                descends = Role.COMMAND;
            } else {
                found(CommandNames.find(text, textLength));
            }
        } else if (!legacy && is(DB)) {
            if (databaseSeen || type != Bson.STRING) {
                throw bad();
            }
            wantsDatabase = true;
        } else if (command == CommandNames.AGGREGATE && is(PIPELINE)) {
            if (pipelineSeen) {
                throw bad();
            }
            pipelineSeen = true;
            writes |= type != Bson.ARRAY;
            descends = type == Bson.ARRAY ? Role.PIPELINE : null;
        }
    }

    private void value() {
        int size = Bson.size(type);
        if (ValueSizes.sized(size)) {
            numberBytes = 0;
            state = State.VALUE_SIZE;
        } else if (size == Bson.TWO_CSTRINGS) {
            texts = 0;
            textLength = 0;
            state = State.TWO_TEXTS;
        } else {
            skip(size);
        }
    }

    private void sized() {
        long rest = ValueSizes.rest(Bson.size(type), number);
        if (rest < 0 || pos + rest > ends[depth] - 1) {
            throw bad();
        }
        Role role = descends;
        if (role != null) {
            open(depth + 1, pos + rest, role);
        } else if (wantsDatabase) {
            if (rest > TEXT) {
                throw bad();
            }
            number = (int) rest;
            textLength = 0;
            state = State.DATABASE;
        } else {
            skip(rest);
        }
    }

    private void skip(long n) {
        if (pos + n > ends[depth] - 1) {
            throw bad();
        }
        skip = n;
        state = State.TYPE;
    }

    /** Collects the name of the database, whose zero byte is its last and its only one. */
    private void database(byte b) {
        boolean lastByte = textLength == number - 1;
        if (lastByte != (b == 0)) {
            throw bad();
        }
        if (!lastByte) {
            text[textLength++] = b;
            return;
        }
        databaseSeen = true;
        database = kept(0, textLength);
        state = State.TYPE;
    }

    /** A part of the text that was collected, the same object as the last time if it is the same text. */
    private String kept(int from, int to) {
        last = Texts.same(last, text, from, to);
        return last;
    }

    private boolean number(byte b) {
        number = numberBytes == 0 ? b & 0xff : number | (b & 0xff) << (8 * numberBytes);
        return ++numberBytes == 4;
    }

    /** Collects a text up to its zero byte; what is beyond {@link #TEXT} counts only. */
    private boolean text(byte b) {
        if (pos > ends[depth] - 1) {
            throw bad();
        }
        if (b == 0) {
            return true;
        }
        if (textLength < TEXT) {
            text[textLength++] = b;
        }
        return false;
    }

    private boolean is(byte[] name) {
        return Texts.equal(text, textLength, name);
    }

    private static SniffException bad() {
        return new SniffException("bson");
    }
}
