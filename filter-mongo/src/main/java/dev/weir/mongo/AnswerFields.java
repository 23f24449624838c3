package dev.weir.mongo;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads answers: whether it worked, how many documents it gave or changed, what a greeting tells. One per connection. */
final class AnswerFields implements Body.Reader {
    // Contexts of documents.
    private static final int TOP = 1;
    private static final int CURSOR = 2;
    private static final int WRITE_ERRORS = 3;
    private static final int WRITE_ERROR = 4;
    private static final int WRITE_CONCERN_ERROR = 5;
    private static final int LABELS = 6;
    private static final int LAST_ERROR = 7;
    private static final int IGNORED = 8;

    private static final NameTable FIELDS = new NameTable(List.of(
            ("ok code codeName errmsg $err cursor firstBatch nextBatch id n nModified nMatched nInserted nUpserted nDeleted"
                            + " upserted writeErrors writeConcernError errorLabels values lastErrorObject setName primary hosts"
                            + " ismaster isWritablePrimary secondary arbiterOnly msg maxWireVersion done")
                    .split(" ", -1)));
    private static final int OK = 0;
    private static final int CODE = 1;
    private static final int CODE_NAME = 2;
    private static final int ERRMSG = 3;
    private static final int ERR = 4;
    private static final int CURSOR_FIELD = 5;
    private static final int FIRST_BATCH = 6;
    private static final int NEXT_BATCH = 7;
    private static final int ID = 8;
    private static final int N = 9;
    private static final int N_MODIFIED = 10;
    private static final int N_MATCHED = 11;
    private static final int N_INSERTED = 12;
    private static final int N_UPSERTED = 13;
    private static final int N_DELETED = 14;
    private static final int UPSERTED = 15;
    private static final int WRITE_ERRORS_FIELD = 16;
    private static final int WRITE_CONCERN_ERROR_FIELD = 17;
    private static final int LABELS_FIELD = 18;
    private static final int VALUES = 19;
    private static final int LAST_ERROR_FIELD = 20;
    private static final int SET_NAME = 21;
    private static final int PRIMARY = 22;
    private static final int HOSTS = 23;
    private static final int IS_MASTER = 24;
    private static final int WRITABLE = 25;
    private static final int SECONDARY = 26;
    private static final int ARBITER = 27;
    private static final int MSG = 28;
    private static final int WIRE_VERSION = 29;
    private static final int DONE = 30;

    /** What a server says it is. */
    static final int ROLE_PRIMARY = 1;

    static final int ROLE_SECONDARY = 1 << 1;
    static final int ROLE_ARBITER = 1 << 2;
    static final int ROLE_MONGOS = 1 << 3;
    static final int ROLE_MEMBERS = 1 << 4;
    static final int AUTHENTICATED = 1 << 5;

    private static final byte[] DBGRID = "isdbgrid".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_LABELS = 8;
    private static final int LABEL = 48;

    private final Loop loop;
    private @Nullable Command command;
    private int counted;
    private boolean failed;
    private boolean moreToCome;
    private byte @Nullable [] labels;
    private int labelBytes;

    AnswerFields(Loop loop) {
        this.loop = loop;
    }

    /** An answer to {@code asked} begins. */
    void begin(Command asked) {
        command = asked;
        counted = NameTable.NONE;
        failed = false;
        moreToCome = false;
        labelBytes = 0;
    }

    /** It is complete; whether further ones follow. */
    boolean end() {
        Command c = command();
        if (labelBytes > 0 && labels != null) {
            c.labels = loop.names.of(labels, 0, labelBytes - 1);
            labels = null;
        }
        command = null;
        return moreToCome;
    }

    private Command command() {
        if (command == null) {
            throw new IllegalStateException("no answer");
        }
        return command;
    }

    // ---- structure

    @Override
    public void flags(int flags) {
        moreToCome = (flags & Wire.MORE_TO_COME) != 0;
    }

    @Override
    public void reply(int flags, long cursor, int returned) {
        Command c = command();
        failed = (flags & (Wire.REPLY_QUERY_FAILURE | Wire.REPLY_CURSOR_NOT_FOUND)) != 0;
        if (failed) {
            c.okSeen = true;
        }
        if ((flags & Wire.REPLY_CURSOR_NOT_FOUND) != 0) {
            code(c, CURSOR_NOT_FOUND);
            c.codeName = "CursorNotFound";
        }
        if (c.bare) {
            c.documents = failed ? -1 : returned;
            c.newCursor = cursor;
            c.cursorSeen = true;
            // An exhaust cursor of that time goes on as long as there is a cursor.
            moreToCome = c.exhaust && cursor != 0;
        }
    }

    private static final int CURSOR_NOT_FOUND = 43;

    private static void code(Command c, int code) {
        c.error = code;
        c.errorSeen = true;
    }

    @Override
    public int sequence(byte[] a, int name, int nameEnd) {
        return 0;
    }

    @Override
    public void sequenceEnds(int documents) {}

    @Override
    public int document() {
        return command().bare && !failed ? IGNORED : TOP;
    }

    // ---- fields

    @Override
    public NameTable names() {
        return FIELDS;
    }

    @Override
    public int element(int context, int type, int field, byte[] a, int name, int nameEnd, int value, int length) {
        switch (context) {
            case TOP -> {
                return field(command(), type, field, a, value, length);
            }
            case CURSOR -> {
                return cursor(command(), type, field, a, value);
            }
            case WRITE_ERRORS -> {
                return type == Bson.DOCUMENT ? WRITE_ERROR : SKIP;
            }
            case WRITE_ERROR -> writeError(command(), type, field, a, value);
            case WRITE_CONCERN_ERROR -> writeConcernError(command(), type, field, a, value, length);
            case LABELS -> label(type, a, value, length);
            case LAST_ERROR -> {
                if (field == N) {
                    command().affected = Bson.number(type, a, value, -1);
                }
            }
            default -> {}
        }
        return SKIP;
    }

    private int field(Command c, int type, int field, byte[] a, int value, int length) {
        if (field == NameTable.NONE) {
            return SKIP;
        }
        switch (type) {
            case Bson.DOCUMENT -> {
                return document(c, field);
            }
            case Bson.ARRAY -> {
                return array(c, field);
            }
            case Bson.STRING -> string(c, field, a, value, length);
            default -> number(c, field, type, a, value);
        }
        return SKIP;
    }

    private static int document(Command c, int field) {
        return switch (field) {
            case CURSOR_FIELD -> CURSOR;
            case WRITE_CONCERN_ERROR_FIELD -> {
                c.writeConcernError = 0;
                yield WRITE_CONCERN_ERROR;
            }
            case LAST_ERROR_FIELD -> c.code == Commands.FIND_AND_MODIFY ? LAST_ERROR : SKIP;
            default -> SKIP;
        };
    }

    private int array(Command c, int field) {
        counted = field;
        return switch (field) {
            case UPSERTED -> COUNT;
            case VALUES -> c.code == Commands.DISTINCT ? COUNT : SKIP;
            case WRITE_ERRORS_FIELD -> WRITE_ERRORS;
            case LABELS_FIELD -> LABELS;
            case HOSTS -> {
                c.roles |= ROLE_MEMBERS;
                yield SKIP;
            }
            default -> SKIP;
        };
    }

    private void string(Command c, int field, byte[] a, int value, int length) {
        int end = value + Math.min(length, BsonWalker.TEXT);
        switch (field) {
            case CODE_NAME -> c.codeName = loop.names.of(a, value, end);
            case ERRMSG, ERR -> {
                if (loop.settings.messages()) {
                    c.message = new String(a, value, end - value, StandardCharsets.UTF_8);
                }
                if (field == ERR) {
                    c.okSeen = true;
                }
            }
            case SET_NAME -> c.replicaSet = loop.names.of(a, value, end);
            case PRIMARY -> c.primary = loop.names.of(a, value, end);
            case MSG -> {
                if (end - value == DBGRID.length && java.util.Arrays.equals(a, value, end, DBGRID, 0, DBGRID.length)) {
                    c.roles |= ROLE_MONGOS;
                }
            }
            default -> {}
        }
    }

    private static void number(Command c, int field, int type, byte[] a, int value) {
        long number = Bson.number(type, a, value, 0);
        switch (field) {
            case OK -> {
                c.okSeen = true;
                c.ok = type == Bson.DOUBLE ? Double.longBitsToDouble(Bson.int64(a, value)) != 0 : number != 0;
            }
            case CODE -> code(c, (int) number);
            case N -> c.affected = number;
            case N_MODIFIED -> c.modified = number;
            case N_MATCHED, N_INSERTED, N_DELETED -> c.affected = Math.max(0, c.affected) + number;
            case N_UPSERTED -> {
                c.upserted = number;
                c.affected = Math.max(0, c.affected) + number;
            }
            case IS_MASTER, WRITABLE -> c.roles |= number != 0 ? ROLE_PRIMARY : 0;
            case SECONDARY -> c.roles |= number != 0 ? ROLE_SECONDARY : 0;
            case ARBITER -> c.roles |= number != 0 ? ROLE_ARBITER : 0;
            case WIRE_VERSION -> c.wireVersion = (int) number;
            case DONE -> c.roles |= number != 0 ? AUTHENTICATED : 0;
            default -> {}
        }
    }

    private int cursor(Command c, int type, int field, byte[] a, int value) {
        if (field == ID) {
            c.newCursor = Bson.number(type, a, value, 0);
            c.cursorSeen = true;
        } else if (type == Bson.ARRAY && (field == FIRST_BATCH || field == NEXT_BATCH)) {
            counted = field;
            // What bulkWrite returns are its errors, or results of each operation.
            return c.code == Commands.BULK_WRITE ? WRITE_ERRORS : COUNT;
        }
        return SKIP;
    }

    private static void writeError(Command c, int type, int field, byte[] a, int value) {
        if (field == CODE) {
            if (c.writeErrors++ == 0) {
                c.writeError = (int) Bson.number(type, a, value, 0);
            }
        }
    }

    private void writeConcernError(Command c, int type, int field, byte[] a, int value, int length) {
        if (field == CODE) {
            c.writeConcernError = Bson.number(type, a, value, 0);
        } else if (field == CODE_NAME && type == Bson.STRING && c.codeName == null) {
            c.codeName = loop.names.of(a, value, value + Math.min(length, BsonWalker.TEXT));
        }
    }

    private void label(int type, byte[] a, int value, int length) {
        byte[] to = labels;
        if (to == null) {
            to = new byte[MAX_LABELS * (LABEL + 1)];
            labels = to;
        }
        if (type == Bson.STRING && length <= LABEL && labelBytes + length + 1 <= to.length) {
            System.arraycopy(a, value, to, labelBytes, length);
            labelBytes += length;
            to[labelBytes++] = ',';
        }
    }

    @Override
    public void counted(int context, int elements) {
        Command c = command();
        switch (counted) {
            case UPSERTED -> c.upserted = elements;
            case VALUES, FIRST_BATCH, NEXT_BATCH -> c.documents = elements;
            default -> {}
        }
    }

    @Override
    public void ends(int context) {}
}
