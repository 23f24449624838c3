package dev.weir.mongo;

/** Reads requests of the time before OP_MSG. One per connection. */
final class LegacyFields {
    /** Contexts: of the document of a query, of one that changes others. */
    static final int FIND = 16;

    static final int CHANGE = 17;

    private static final int SKIP = BsonWalker.Fields.SKIP;

    private final CommandFields fields;
    private final Selection selection;
    private int opcode;
    private int documents;
    private boolean commandSpace;
    /** Whether the first field of the document was seen, and whether the document itself is the part of a shape. */
    private boolean begun;

    private boolean open;

    LegacyFields(CommandFields fields, Selection selection) {
        this.fields = fields;
        this.selection = selection;
    }

    void begin() {
        opcode = 0;
        documents = 0;
        commandSpace = false;
        begun = false;
        open = false;
    }

    /** Whether the message is a legacy one. */
    boolean reads() {
        return opcode != 0;
    }

    /** Whether it asks for documents, or is a command. */
    boolean queries() {
        return opcode == Wire.OP_QUERY;
    }

    void head(int op, int flags, byte[] a, int name, int nameEnd, long number) {
        Command c = fields.command();
        opcode = op;
        if (op == Wire.OP_KILL_CURSORS) {
            c.code = Commands.KILL_CURSORS;
            c.silent = true;
            return;
        }
        int dot = name;
        while (dot < nameEnd && a[dot] != '.') {
            dot++;
        }
        c.namespace = fields.loop().names.of(a, name, dot);
        commandSpace = nameEnd - dot == 5 && a[dot + 1] == '$' && a[dot + 2] == 'c' && a[dot + 4] == 'd';
        if (!commandSpace && dot < nameEnd) {
            c.collection = fields.loop().names.of(a, dot + 1, nameEnd);
        }
        c.bare = !commandSpace;
        switch (op) {
            case Wire.OP_INSERT -> writes(c, Commands.INSERT);
            case Wire.OP_UPDATE -> writes(c, Commands.UPDATE);
            case Wire.OP_DELETE -> writes(c, Commands.DELETE);
            case Wire.OP_GET_MORE -> {
                c.code = Commands.GET_MORE;
                c.cursor = number;
            }
            default -> {
                c.code = commandSpace ? Commands.UNKNOWN : Commands.FIND;
                fields.tailable = (flags & Wire.QUERY_TAILABLE) != 0;
                fields.awaits = (flags & Wire.QUERY_AWAIT_DATA) != 0;
                c.exhaust = (flags & Wire.QUERY_EXHAUST) != 0;
            }
        }
    }

    private static void writes(Command c, int code) {
        c.code = code;
        c.silent = true;
        c.batch = 1;
    }

    void sequenceEnds(int count) {
        if (opcode == Wire.OP_INSERT) {
            fields.command().batch = count;
        }
    }

    /** The context of the next document. */
    int document() {
        int index = documents++;
        begun = false;
        open = false;
        if (opcode == Wire.OP_QUERY) {
            return index > 0 ? CommandFields.ignoredContext() : commandSpace ? CommandFields.commandContext() : FIND;
        }
        return index > 1 ? CommandFields.ignoredContext() : opcode == Wire.OP_UPDATE && index == 1 ? CHANGE : FIND;
    }

    /** Whether the first field wraps a command: {@code {$query: {…}, $readPreference: …}}. */
    boolean wraps(int type, int field) {
        return commandSpace && type == Bson.DOCUMENT && isQuery(field);
    }

    private static boolean isQuery(int field) {
        return field == FieldNames.OLD_QUERY || field == FieldNames.QUERY;
    }

    int element(int context, int type, int field, byte[] a, int name, int nameEnd, int value, int length) {
        if (!begun) {
            begun = true;
            if (context == FIND && opcode == Wire.OP_QUERY && type == Bson.DOCUMENT && isQuery(field)) {
                return selection.part(type, Shape.FILTER);
            }
            if (context == CHANGE && a[name] != '$') {
                selection.valuePart();
            } else {
                open = selection.part(Bson.DOCUMENT, Shape.FILTER) != SKIP;
            }
        }
        if (open) {
            return selection.filter(Shape.FILTER, type, field, a, name, nameEnd, value, length);
        }
        if (context == CHANGE) {
            return SKIP;
        }
        switch (field) {
            case FieldNames.OLD_SORT, FieldNames.OLDER_SORT -> {
                return type == Bson.DOCUMENT ? selection.sort() : SKIP;
            }
            case FieldNames.READ_PREFERENCE -> {
                return type == Bson.DOCUMENT ? CommandDetails.READ_PREFERENCE : SKIP;
            }
            case FieldNames.OLD_COMMENT -> {
                if (type == Bson.STRING) {
                    fields.comment(a, value, length);
                }
            }
            default -> fields.number(fields.command(), field, type, a, value);
        }
        return SKIP;
    }

    /** A document ends. */
    void ends() {
        if (open) {
            open = false;
            selection.shape().ends(Shape.FILTER);
        } else if (!begun) {
            selection.emptyPart();
        }
    }
}
