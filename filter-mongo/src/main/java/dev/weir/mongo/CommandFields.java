package dev.weir.mongo;

import dev.weir.core.sql.DigestTable;
import org.jspecify.annotations.Nullable;

/**
 * Reads requests: the first field names the command, {@code $db} the database, wherever it stands; of the others only those
 * are looked at that an exchange shows. One per connection.
 */
final class CommandFields implements Body.Reader {
    // Contexts of documents; those of CommandDetails are between, those of shapes follow.
    private static final int TOP = 1;
    private static final int STATEMENTS = 10;
    static final int STATEMENT = 11;
    private static final int NAMESPACES = 12;
    private static final int NAMESPACE = 13;
    private static final int CURSORS = 14;
    private static final int IGNORED = 15;

    private static final int MAX_NAMESPACES = 8;

    private final Loop loop;
    private final Session session;
    private final CommandDetails details;
    private final LegacyFields legacy;
    private final Selection selection;

    private @Nullable Command command;
    private @Nullable RawText raw;
    private boolean named;
    private int sequence;
    private boolean topologyKnown;
    private boolean autocommitOff;
    private long number;
    private int namespaces;
    private boolean oneDatabase;
    /** Cursors of the command wait for documents that are not there yet, if both are true. */
    boolean tailable;

    boolean awaits;

    CommandFields(Loop loop, Session session) {
        this.loop = loop;
        this.session = session;
        this.details = new CommandDetails(loop, session);
        this.selection = new Selection(loop);
        this.legacy = new LegacyFields(this, selection);
    }

    /** A request begins, to be told to {@code next}. */
    void begin(Command next) {
        command = next;
        named = false;
        sequence = NameTable.NONE;
        topologyKnown = false;
        autocommitOff = false;
        number = 0;
        namespaces = 0;
        oneDatabase = true;
        tailable = false;
        awaits = false;
        raw = loop.settings.statements() ? loop.rawText() : null;
        details.begin();
        selection.begin(next);
        legacy.begin();
    }

    Command command() {
        if (command == null) {
            throw new IllegalStateException("no request");
        }
        return command;
    }

    Loop loop() {
        return loop;
    }

    /** The request is there: what follows from several of its fields. */
    void end(DigestTable digests, boolean lossy) {
        Command c = command();
        Shape s = selection.shape();
        s.end();
        c.operation = c.explains ? Commands.explained(c.code) : Commands.operation(c.code);
        c.tails = tailable && awaits || s.changes;
        boolean hello = c.code == Commands.HELLO || c.code == Commands.IS_MASTER;
        c.waits = hello && topologyKnown;
        session.asks(hello, c.waits);
        if (autocommitOff) {
            c.inTransaction = c.code != Commands.COMMIT && c.code != Commands.ABORT;
            c.transaction = Transactions.id(details.high, details.low, number);
        }
        if (namespaces > 0 && c.code == Commands.BULK_WRITE) {
            namespacesOf(c, s);
        }
        if (c.code == Commands.GET_MORE) {
            fetches(c);
        }
        if (c.statement == null && c.collection != null && !lossy) {
            c.statement = loop.statements.of(digests, c, c.collection, s);
        }
        if (raw != null && !lossy) {
            show(c, raw);
        }
        c.scatter = c.code == Commands.FIND && !c.explains && !lossy && !selection.targeted();
        release();
    }

    private void fetches(Command c) {
        Cursors.Cursor cursor = loop.cursors.find(c.cursor);
        if (cursor == null) {
            loop.counters.unknownCursors().increment();
            c.waits = c.maxTimeMillis >= 0; // allowed for cursors that wait only
        } else {
            c.waits = cursor.tails();
            c.tails = cursor.tails();
            c.cursorOf = cursor.operation().name();
            c.statement = cursor.statement();
        }
    }

    /** Of bulkWrite: its collections, with their databases where those differ. */
    private void namespacesOf(Command c, Shape s) {
        String all = loop.names.of(s.collections(), 2, wholeNames(s.collections(), s.collectionBytes()));
        int dot = all.indexOf('.');
        if (oneDatabase && dot > 0) {
            c.namespace = all.substring(0, dot);
            all = withoutDatabase(all, all.substring(0, dot + 1));
        }
        c.target = all;
        if (namespaces == 1) {
            c.collection = all;
        }
        s.forgetCollections();
    }

    /** The end of the last name that is kept as a whole, where longer texts are cut. */
    private static int wholeNames(byte[] names, int bytes) {
        int end = Math.min(bytes, 2 + Interned.LONGEST);
        while (end < bytes && end > 2 && (names[end] != ',' || names[end + 1] != ' ')) {
            end--;
        }
        return end;
    }

    private static String withoutDatabase(String names, String prefix) {
        StringBuilder text = new StringBuilder(names.length());
        for (String name : names.split(", ", -1)) {
            // A name with a comma in it looks like two.
            int from = name.startsWith(prefix) ? prefix.length() : 0;
            text.append(text.isEmpty() ? "" : ", ").append(name, from, name.length());
        }
        return text.toString();
    }

    /** The request as it was sent, where that may be seen: not what explains something that is not a command of its own. */
    private void show(Command c, RawText sent) {
        String of = c.target != null ? c.target : c.collection;
        boolean system =
                of != null && (of.startsWith("system.") || of.contains(", system.") || of.contains(".system."));
        boolean readable = !legacy.reads() || legacy.queries();
        if (readable && c.code != Commands.EXPLAIN && !Commands.is(c.code, Commands.SECRET) && !system) {
            c.text = sent.json(legacy.reads());
        }
    }

    @Override
    public @Nullable RawText raw() {
        return raw;
    }

    /** Gives back what it has borrowed. */
    void release() {
        if (raw != null) {
            loop.giveBack(raw);
            raw = null;
        }
        selection.release();
        command = null;
    }

    // ---- structure

    @Override
    public void flags(int flags) {
        Command c = command();
        c.silent = (flags & Wire.MORE_TO_COME) != 0;
        c.exhaust = (flags & Wire.EXHAUST_ALLOWED) != 0;
    }

    @Override
    public void legacy(int opcode, int flags, byte[] a, int name, int nameEnd, long number) {
        legacy.head(opcode, flags, a, name, nameEnd, number);
    }

    @Override
    public int sequence(byte[] a, int name, int nameEnd) {
        sequence = FieldNames.find(a, name, nameEnd);
        return switch (sequence) {
            case FieldNames.UPDATES, FieldNames.DELETES -> 1;
            case FieldNames.NS_INFO -> MAX_NAMESPACES;
            default -> 0;
        };
    }

    @Override
    public void sequenceEnds(int documents) {
        switch (sequence) {
            case FieldNames.UPDATES, FieldNames.DELETES, FieldNames.DOCUMENTS, FieldNames.OPS ->
                command().batch = documents;
            default -> legacy.sequenceEnds(documents);
        }
        sequence = NameTable.NONE;
    }

    @Override
    public int document() {
        if (legacy.reads()) {
            return legacy.document();
        }
        return switch (sequence) {
            case FieldNames.UPDATES, FieldNames.DELETES -> STATEMENT;
            case FieldNames.NS_INFO -> NAMESPACE;
            default -> TOP;
        };
    }

    /** The context of a document that is a command. */
    static int commandContext() {
        return TOP;
    }

    /** The context of a document nobody looks at. */
    static int ignoredContext() {
        return IGNORED;
    }

    // ---- fields

    @Override
    public NameTable names() {
        return FieldNames.TABLE;
    }

    @Override
    public int element(int context, int type, int field, byte[] a, int name, int nameEnd, int value, int length) {
        if (context >= Shape.CONTEXTS) {
            return selection.filter(context, type, field, a, name, nameEnd, value, length);
        }
        return switch (context) {
            case TOP ->
                named ? field(type, field, a, value, length) : first(type, field, a, name, nameEnd, value, length);
            case STATEMENT -> selection.statement(type, field, a, value, length);
            case STATEMENTS -> selection.statements();
            case NAMESPACES -> namespaces < MAX_NAMESPACES && type == Bson.DOCUMENT ? NAMESPACE : SKIP;
            case NAMESPACE -> namespace(type, field, a, value, length);
            case CURSORS -> killed(type, a, value);
            case IGNORED -> SKIP;
            case LegacyFields.FIND, LegacyFields.CHANGE ->
                legacy.element(context, type, field, a, name, nameEnd, value, length);
            default -> details.element(command(), context, type, field, a, value, length);
        };
    }

    /** The first field names the command. */
    private int first(int type, int field, byte[] a, int name, int nameEnd, int value, int length) {
        if (legacy.wraps(type, field)) {
            return TOP;
        }
        Command c = command();
        named = true;
        c.code = Commands.find(a, name, nameEnd);
        if (c.code == Commands.EXPLAIN && type == Bson.DOCUMENT && !c.explains) {
            c.explains = true;
            named = false;
            return TOP;
        }
        if (c.code == Commands.GET_MORE) {
            c.cursor = Bson.number(type, a, value, 0);
        } else if (type == Bson.STRING && Commands.is(c.code, Commands.COLLECTION)) {
            c.collection = collection(a, value, length);
        }
        return SKIP;
    }

    /** A name that cursors over no collection have, like {@code $cmd.aggregate}, is none. */
    private @Nullable String collection(byte[] a, int value, int length) {
        return length > 0 && a[value] == '$' ? null : text(a, value, length);
    }

    private String text(byte[] a, int value, int length) {
        return loop.names.of(a, value, value + Math.min(length, BsonWalker.TEXT));
    }

    private int field(int type, int field, byte[] a, int value, int length) {
        if (field == NameTable.NONE) {
            return SKIP;
        }
        Command c = command();
        return switch (type) {
            case Bson.DOCUMENT -> document(c, field, a, value, length);
            case Bson.ARRAY -> array(c, field);
            case Bson.STRING -> string(c, field, a, value, length);
            default -> {
                number(c, field, type, a, value);
                yield SKIP;
            }
        };
    }

    private int document(Command c, int field, byte[] a, int value, int length) {
        return switch (field) {
            case FieldNames.SESSION -> details.session(a, value, length);
            case FieldNames.READ_PREFERENCE -> details.preference(c, a, value, length);
            case FieldNames.READ_CONCERN -> CommandDetails.READ_CONCERN;
            case FieldNames.WRITE_CONCERN -> CommandDetails.WRITE_CONCERN;
            case FieldNames.COMMENT -> Commands.is(c.code, Commands.SECRET) ? SKIP : CommandDetails.COMMENT;
            case FieldNames.FILTER, FieldNames.QUERY ->
                Commands.is(c.code, Commands.COLLECTION) ? selection.part(Bson.DOCUMENT, Shape.FILTER) : SKIP;
            case FieldNames.SORT -> {
                boolean sorts = c.code == Commands.FIND || c.code == Commands.FIND_AND_MODIFY;
                yield sorts ? selection.sort() : SKIP;
            }
            case FieldNames.UPDATE ->
                c.code == Commands.FIND_AND_MODIFY ? selection.changes(Bson.DOCUMENT, a, value, length) : SKIP;
            case FieldNames.CLIENT -> {
                c.introduces = c.code == Commands.HELLO || c.code == Commands.IS_MASTER;
                yield c.introduces ? CommandDetails.CLIENT : SKIP;
            }
            case FieldNames.TOPOLOGY_VERSION -> {
                topologyKnown = true;
                yield SKIP;
            }
            default -> SKIP;
        };
    }

    private int array(Command c, int field) {
        switch (field) {
            case FieldNames.PIPELINE -> {
                return c.code == Commands.AGGREGATE ? selection.part(Bson.ARRAY, Shape.LIST) : SKIP;
            }
            case FieldNames.UPDATE -> {
                return c.code == Commands.FIND_AND_MODIFY ? selection.part(Bson.ARRAY, Shape.LIST) : SKIP;
            }
            case FieldNames.UPDATES, FieldNames.DELETES -> {
                c.batch = 0;
                return STATEMENTS;
            }
            case FieldNames.DOCUMENTS, FieldNames.OPS -> {
                return COUNT;
            }
            case FieldNames.NS_INFO -> {
                return c.code == Commands.BULK_WRITE ? NAMESPACES : SKIP;
            }
            case FieldNames.CURSORS -> {
                return c.code == Commands.KILL_CURSORS ? CURSORS : SKIP;
            }
            default -> {
                return SKIP;
            }
        }
    }

    private int string(Command c, int field, byte[] a, int value, int length) {
        switch (field) {
            case FieldNames.DB -> c.namespace = text(a, value, length);
            case FieldNames.COLLECTION -> {
                if (c.code == Commands.GET_MORE) {
                    c.collection = collection(a, value, length);
                }
            }
            case FieldNames.KEY -> {
                if (c.code == Commands.DISTINCT) {
                    selection.key(a, value, value + Math.min(length, BsonWalker.TEXT));
                }
            }
            case FieldNames.COMMENT, FieldNames.OLD_COMMENT -> {
                if (!Commands.is(c.code, Commands.SECRET)) {
                    comment(a, value, length);
                }
            }
            case FieldNames.MECHANISMS -> candidate(a, value, value + Math.min(length, BsonWalker.TEXT));
            default -> {}
        }
        return SKIP;
    }

    void number(Command c, int field, int type, byte[] a, int value) {
        switch (field) {
            case FieldNames.TXN_NUMBER -> number = Bson.number(type, a, value, 0);
            case FieldNames.START_TRANSACTION -> c.startsTransaction = Bson.number(type, a, value, 0) != 0;
            case FieldNames.AUTOCOMMIT -> autocommitOff = Bson.number(type, a, value, 1) == 0;
            case FieldNames.MAX_TIME, FieldNames.OLD_MAX_TIME ->
                c.maxTimeMillis = Math.max(0, Bson.number(type, a, value, 0));
            case FieldNames.TAILABLE -> tailable = Bson.number(type, a, value, 0) != 0;
            case FieldNames.AWAIT_DATA -> awaits = Bson.number(type, a, value, 0) != 0;
            case FieldNames.EXPLAIN, FieldNames.OLD_EXPLAIN -> c.explains |= Bson.number(type, a, value, 0) != 0;
            case FieldNames.REMOVE -> {
                if (c.code == Commands.FIND_AND_MODIFY && Bson.number(type, a, value, 0) != 0) {
                    selection.removes();
                }
            }
            default -> {}
        }
    }

    /** {@code saslSupportedMechs: "database.user"}. */
    private void candidate(byte[] a, int from, int to) {
        int dot = from;
        while (dot < to && a[dot] != '.') {
            dot++;
        }
        if (dot + 1 < to) {
            session.candidate = loop.names.of(a, dot + 1, to);
        }
    }

    void comment(byte[] a, int value, int length) {
        Comment.read(command(), loop, a, value, value + Math.min(length, BsonWalker.TEXT));
    }

    private int namespace(int type, int field, byte[] a, int value, int length) {
        if (type == Bson.STRING && field == FieldNames.NS && namespaces < MAX_NAMESPACES) {
            namespaces++;
            oneDatabase &= selection.shape().namespace(a, value, value + Math.min(length, BsonWalker.TEXT));
        }
        return SKIP;
    }

    private int killed(int type, byte[] a, int value) {
        if (type == Bson.INT64) {
            loop.cursors.remove(Bson.int64(a, value));
        }
        return SKIP;
    }

    @Override
    public void counted(int context, int elements) {
        if (context == TOP) {
            command().batch = elements;
        }
    }

    @Override
    public void ends(int context) {
        if (context >= Shape.CONTEXTS) {
            selection.shape().ends(context);
        } else if (context == LegacyFields.FIND || context == LegacyFields.CHANGE) {
            legacy.ends();
        }
    }
}
