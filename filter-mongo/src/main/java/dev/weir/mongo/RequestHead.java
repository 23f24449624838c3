package dev.weir.mongo;

import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Walks the body of a request, at any split and without keeping any of it, for what it asks for: the command, its
 * database, whether it only reads, whether it is answered. Goes on to the end of the message, so that nothing further
 * back contradicts what was said at its begin: a body of its own, a second {@code $db}. {@link Wire} has the pictures.
 */
final class RequestHead {
    private static final int TEXT = 256;

    private enum State {
        FLAGS,
        KIND,
        DOCUMENT,
        SEQUENCE_SIZE,
        SEQUENCE_NAME,
        CONTEXT_SIZE,
        LEGACY_FLAGS,
        NAMESPACE,
        DATABASE,
        COMMAND,
        REST
    }

    private final HeadDocument document = new HeadDocument();
    private final byte[] text = new byte[TEXT];

    private State state = State.REST;
    private int opcode;
    private int flags;
    private long length;
    private long pos;
    private long skip;
    private long sectionsEnd;
    private long sequenceEnd;
    private int number;
    private int numberBytes;
    private int textLength;
    private boolean hasBody;
    private CommandNames.@Nullable Entry told;
    /** Of legacy messages, and of sequences that come before the body. */
    private CommandNames.@Nullable Entry implied;

    private boolean databaseKnown;
    private @Nullable String database;
    private @Nullable String last;

    /** A message begins whose body, behind its header, has {@code bytes} bytes. */
    void begin(int op, long bytes) {
        opcode = op;
        flags = 0;
        length = bytes;
        pos = 0;
        skip = 0;
        numberBytes = 0;
        textLength = 0;
        hasBody = false;
        told = null;
        implied = null;
        database = null;
        databaseKnown = false;
        sectionsEnd = bytes;
        state = switch (op) {
            case Wire.OP_MSG -> State.FLAGS;
            case Wire.OP_QUERY, Wire.OP_INSERT, Wire.OP_UPDATE, Wire.OP_DELETE, Wire.OP_GET_MORE -> State.LEGACY_FLAGS;
            case Wire.OP_COMMAND -> State.DATABASE;
            case Wire.OP_KILL_CURSORS -> State.REST;
            default -> throw new SniffException("opcode");
        };
        if (op == Wire.OP_KILL_CURSORS) {
            implied = CommandNames.KILL_CURSORS;
            databaseKnown = true;
            skip = bytes;
        }
    }

    // ---- what was found

    int opcode() {
        return opcode;
    }

    /** The command, or null as long as it is not known. */
    CommandNames.@Nullable Entry command() {
        return hasBody ? document.command() : opcode == Wire.OP_MSG ? null : implied;
    }

    @Nullable
    String database() {
        return opcode == Wire.OP_MSG ? hasBody ? document.database() : null : database;
    }

    boolean reads() {
        CommandNames.Entry command = command();
        return hasBody ? document.reads() : command != null && command.reads() && command != CommandNames.AGGREGATE;
    }

    /** Whether all of the above is known. */
    boolean known() {
        if (!hasBody) {
            return opcode != Wire.OP_MSG && implied != null;
        }
        boolean hasDatabase = opcode == Wire.OP_MSG ? document.databaseSeen() : databaseKnown;
        return document.done() || document.command() != null && hasDatabase && document.readsKnown();
    }

    /** Whether the server answers it. */
    boolean answered() {
        return switch (opcode) {
            case Wire.OP_MSG -> (flags & Wire.MORE_TO_COME) == 0;
            case Wire.OP_QUERY, Wire.OP_GET_MORE, Wire.OP_COMMAND -> true;
            default -> false;
        };
    }

    /** Whether the answer may be a stream of answers. */
    boolean exhaust() {
        return opcode == Wire.OP_MSG
                ? (flags & Wire.EXHAUST_ALLOWED) != 0
                : opcode == Wire.OP_QUERY && (flags & Wire.QUERY_EXHAUST) != 0;
    }

    /** Whether it is a query on a collection, or the next documents of one: its errors are documents of their own kind. */
    boolean legacyQuery() {
        return opcode == Wire.OP_GET_MORE || opcode == Wire.OP_QUERY && !hasBody;
    }

    /**
     * The command, if it can be told by the sequences of documents that came before the body; the body has to agree with
     * it when it comes.
     */
    CommandNames.@Nullable Entry byItsSequences() {
        CommandNames.Entry entry = implied;
        if (entry == null || entry == CommandNames.OTHER || opcode != Wire.OP_MSG) {
            return null;
        }
        told = entry;
        if (hasBody) {
            document.expect(entry);
        }
        return entry;
    }

    // ---- the way through the body

    /** Walks on. */
    void feed(ByteBuf data, int from, int to) {
        int i = from;
        while (i < to) {
            if (skip > 0) {
                int n = (int) Math.min(skip, to - i);
                skip -= n;
                pos += n;
                i += n;
            } else if (state == State.DOCUMENT) {
                int next = document.feed(data, i, to);
                pos += next - i;
                i = next;
                if (document.done()) {
                    documentEnded();
                }
            } else {
                pos++;
                take(data.getByte(i++));
            }
        }
    }

    /** The body is complete: what is missing is an error. */
    void end() {
        boolean complete = state == State.REST || state == State.KIND && hasBody && pos == sectionsEnd;
        if (pos != length || skip > 0 || !complete) {
            throw new SniffException("section");
        }
    }

    private void take(byte b) {
        switch (state) {
            case FLAGS -> {
                if (number(b)) {
                    messageFlags();
                }
            }
            case KIND -> kind(b);
            case SEQUENCE_SIZE -> {
                if (number(b)) {
                    sequenceEnd = pos - 4 + number;
                    if (number < 5 || sequenceEnd > sectionsEnd) {
                        throw new SniffException("section");
                    }
                    textLength = 0;
                    state = State.SEQUENCE_NAME;
                }
            }
            case SEQUENCE_NAME -> {
                if (text(b, sequenceEnd)) {
                    sequence();
                }
            }
            case CONTEXT_SIZE -> {
                if (number(b)) {
                    if (number < Bson.EMPTY || pos - 4 + number > sectionsEnd) {
                        throw new SniffException("section");
                    }
                    skip = number - 4L;
                    state = State.KIND;
                }
            }
            default -> takeLegacy(b);
        }
    }

    private void takeLegacy(byte b) {
        switch (state) {
            case LEGACY_FLAGS -> {
                if (number(b)) {
                    flags = number;
                    state = State.NAMESPACE;
                }
            }
            case NAMESPACE -> {
                if (text(b, length)) {
                    namespace();
                }
            }
            case DATABASE -> {
                if (text(b, length)) {
                    database(textLength);
                    textLength = 0;
                    state = State.COMMAND;
                }
            }
            case COMMAND -> {
                if (text(b, length)) {
                    implied = CommandNames.find(text, textLength);
                    rest();
                }
            }
            default -> throw new SniffException("length");
        }
    }

    private void messageFlags() {
        flags = number;
        if ((flags & Wire.REQUIRED_BITS & ~(Wire.CHECKSUM_PRESENT | Wire.MORE_TO_COME)) != 0) {
            throw new SniffException("flags");
        }
        sectionsEnd = length - ((flags & Wire.CHECKSUM_PRESENT) != 0 ? 4 : 0);
        state = State.KIND;
    }

    private void kind(int kind) {
        if (pos > sectionsEnd) {
            rest(); // the checksum, whose first byte this was
            return;
        }
        numberBytes = 0;
        switch (kind) {
            case 0 -> {
                if (hasBody) {
                    throw new SniffException("section");
                }
                body(sectionsEnd - pos, false);
            }
            case 1 -> state = State.SEQUENCE_SIZE;
            case 3 -> state = State.CONTEXT_SIZE;
            default -> throw new SniffException("section");
        }
    }

    private void body(long most, boolean wrapped) {
        hasBody = true;
        document.begin(most, wrapped);
        if (told != null) {
            document.expect(told);
        }
        state = State.DOCUMENT;
    }

    private void documentEnded() {
        if (opcode == Wire.OP_MSG) {
            state = State.KIND;
        } else {
            rest();
        }
    }

    private void sequence() {
        if (implied == null) {
            implied = CommandNames.withSequence(text, textLength);
        }
        skip = sequenceEnd - pos;
        state = State.KIND;
    }

    /** {@code database.collection} of a legacy message. */
    private void namespace() {
        int dot = 0;
        while (dot < textLength && text[dot] != '.') {
            dot++;
        }
        database(dot);
        implied = switch (opcode) {
            case Wire.OP_INSERT -> CommandNames.INSERT;
            case Wire.OP_UPDATE -> CommandNames.UPDATE;
            case Wire.OP_DELETE -> CommandNames.DELETE;
            case Wire.OP_GET_MORE -> CommandNames.GET_MORE;
            default -> queried(dot + 1);
        };
        if (implied != null) {
            rest();
        } else if (length - pos < 8 + Bson.EMPTY) {
            throw new SniffException("length");
        } else {
            skip = 8;
            body(length - pos - skip, true);
        }
    }

    /** What a query on the collection whose name begins at {@code at} is; null if its document tells. */
    private CommandNames.@Nullable Entry queried(int at) {
        String collection =
                new String(text, Math.min(at, textLength), Math.max(0, textLength - at), StandardCharsets.UTF_8);
        if (collection.contains("$cmd")) {
            return switch (collection) {
                case "$cmd" -> null;
                case "$cmd.sys.inprog" -> CommandNames.CURRENT_OP;
                case "$cmd.sys.killop" -> CommandNames.KILL_OP;
                case "$cmd.sys.unlock" -> CommandNames.FSYNC_UNLOCK;
                default -> CommandNames.OTHER;
            };
        }
        return CommandNames.FIND;
    }

    private void database(int end) {
        last = Texts.same(last, text, 0, end);
        database = last;
        databaseKnown = true;
    }

    private void rest() {
        skip = length - pos;
        state = State.REST;
    }

    private boolean number(byte b) {
        number = numberBytes == 0 ? b & 0xff : number | (b & 0xff) << (8 * numberBytes);
        return ++numberBytes == 4;
    }

    private boolean text(byte b, long end) {
        if (b == 0) {
            return true;
        }
        if (pos >= end) {
            throw new SniffException("length");
        }
        if (textLength < TEXT) {
            text[textLength++] = b;
        }
        return false;
    }
}
