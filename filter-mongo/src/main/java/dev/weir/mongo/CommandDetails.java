package dev.weir.mongo;

import org.jspecify.annotations.Nullable;

/** Reads the small documents in a command: its session, concerns, who the client is, comments. One per connection. */
final class CommandDetails {
    // Contexts of these documents.
    static final int SESSION = 2;
    static final int READ_PREFERENCE = 3;
    static final int READ_CONCERN = 4;
    static final int WRITE_CONCERN = 5;
    static final int CLIENT = 6;
    static final int APPLICATION = 7;
    static final int DRIVER = 8;
    static final int COMMENT = 9;

    /** A session's document with a UUID alone: {@code size · 5 "id" 0 · 16 · 4 · UUID · 0}, and its bytes behind the size. */
    private static final int SESSION_BYTES = 30;

    private static final long SESSION_HEAD = Bson.word(new byte[] {Bson.BINARY, 'i', 'd', 0, 16, 0, 0, 0}, 0, 8);

    /** The same of {@code 2 "mode" 0 · length · text 0 · 0}. */
    private static final long MODE_HEAD = Bson.word(new byte[] {Bson.STRING, 'm', 'o', 'd', 'e', 0}, 0, 6);

    private static final int SKIP = BsonWalker.Fields.SKIP;

    private final Loop loop;
    private final Session session;
    private @Nullable String driver;
    private @Nullable String version;

    /** Of the session id. */
    long high;

    long low;

    CommandDetails(Loop loop, Session session) {
        this.loop = loop;
        this.session = session;
    }

    /** A request begins. */
    void begin() {
        high = 0;
        low = 0;
        driver = null;
        version = null;
    }

    /** The document of a session: usually its id alone, which is read at once. */
    int session(byte[] a, int value, int length) {
        if (length != SESSION_BYTES || Bson.word(a, value + 4, 8) != SESSION_HEAD) {
            return SESSION;
        }
        high = Bson.int64(a, value + 13);
        low = Bson.int64(a, value + 21);
        return SKIP;
    }

    /** The document of a read preference: usually its mode alone. */
    int preference(Command c, byte[] a, int value, int length) {
        if (length < 16 || length > BsonWalker.SMALL || Bson.word(a, value + 4, 6) != MODE_HEAD) {
            return READ_PREFERENCE;
        }
        int text = Bson.int32(a, value + 10);
        if (length != text + 15) {
            return READ_PREFERENCE;
        }
        c.readPreference = loop.names.of(a, value + 14, value + 13 + text);
        return SKIP;
    }

    /** An element of such a document; the context of one in it, or SKIP. */
    int element(Command c, int context, int type, int field, byte[] a, int value, int length) {
        if (context == SESSION) {
            if (field == FieldNames.SESSION_ID && type == Bson.BINARY && length >= 16) {
                high = Bson.int64(a, value);
                low = Bson.int64(a, value + 8);
            }
            return SKIP;
        }
        if (context == COMMENT) {
            if (type == Bson.STRING) {
                Comment.field(c, loop, field, a, value, value + Math.min(length, BsonWalker.TEXT));
            }
            return SKIP;
        }
        if (type == Bson.DOCUMENT && context == CLIENT) {
            return field == FieldNames.APPLICATION ? APPLICATION : field == FieldNames.DRIVER ? DRIVER : SKIP;
        }
        if (type == Bson.STRING) {
            text(c, context, field, loop.names.of(a, value, value + Math.min(length, BsonWalker.TEXT)));
        } else if (context == WRITE_CONCERN && field == FieldNames.W) {
            c.writeConcern = loop.code((int) Bson.number(type, a, value, 0));
        }
        return SKIP;
    }

    private void text(Command c, int context, int field, String text) {
        switch (context) {
            case READ_PREFERENCE -> c.readPreference = field == FieldNames.MODE ? text : c.readPreference;
            case READ_CONCERN -> c.readConcern = field == FieldNames.LEVEL ? text : c.readConcern;
            case WRITE_CONCERN -> c.writeConcern = field == FieldNames.W ? text : c.writeConcern;
            case APPLICATION -> {
                if (field == FieldNames.NAME && !text.isEmpty()) {
                    session.app(text);
                }
            }
            case DRIVER -> driver(field, text);
            default -> {}
        }
    }

    private void driver(int field, String text) {
        if (field == FieldNames.NAME) {
            driver = text;
        } else if (field == FieldNames.VERSION) {
            version = text;
        }
        if (driver != null) {
            session.library = version == null ? driver : driver + ' ' + version;
        }
    }
}
