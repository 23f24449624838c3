package dev.weir.mongo;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What a command selects and changes: its filters, updates, pipelines and sort keys, as a {@link Shape}. One per connection. */
final class Selection {
    private static final int SKIP = BsonWalker.Fields.SKIP;
    private static final byte[] PART = bytes(" ");
    private static final byte[] SORT_PART = bytes(" sort ");
    private static final byte[] REMOVE_PART = bytes(" remove");
    private static final byte[] VALUE_PART = bytes(" ?");

    private final Loop loop;
    private @Nullable Command command;
    private @Nullable Shape shape;
    private boolean firstSeen;
    private boolean targeted;
    private boolean byId;

    Selection(Loop loop) {
        this.loop = loop;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** A request begins. */
    void begin(Command next) {
        command = next;
        shape = loop.shape();
        firstSeen = false;
        targeted = false;
        byId = false;
    }

    /** Gives back what it has borrowed. */
    void release() {
        if (shape != null) {
            loop.giveBack(shape);
            shape = null;
        }
        command = null;
    }

    private Command command() {
        if (command == null) {
            throw new IllegalStateException("no request");
        }
        return command;
    }

    Shape shape() {
        if (shape == null) {
            throw new IllegalStateException("no request");
        }
        return shape;
    }

    /** Whether a find goes to one shard, as far as its filter tells. */
    boolean targeted() {
        return targeted;
    }

    /** The key that distinct asks for. */
    void key(byte[] a, int from, int to) {
        shape().write(PART, 0, 1);
        shape().key(a, from, to);
    }

    /** findAndModify removes. */
    void removes() {
        shape().write(REMOVE_PART, 0, REMOVE_PART.length);
    }

    /** A part of the shape: a document or an array of the command. */
    int part(int type, int context) {
        return shape().part(PART, type, context);
    }

    /** A part that is an empty document. */
    void emptyPart() {
        if (part(Bson.DOCUMENT, Shape.FILTER) != SKIP) {
            shape().ends(Shape.FILTER);
        }
    }

    int sort() {
        return shape().part(SORT_PART, Bson.DOCUMENT, Shape.SORT);
    }

    /** A part that is a value. */
    void valuePart() {
        shape().write(VALUE_PART, 0, VALUE_PART.length);
    }

    /** Statements that are an array in the command, not a sequence of their own; the first makes the shape. */
    int statements() {
        command().batch++;
        boolean later = firstSeen;
        firstSeen = true;
        return later ? SKIP : CommandFields.STATEMENT;
    }

    int statement(int type, int field, byte[] a, int value, int length) {
        if (field == FieldNames.Q && type == Bson.DOCUMENT) {
            return part(type, Shape.FILTER);
        }
        return field == FieldNames.U ? changes(type, a, value, length) : SKIP;
    }

    /** An update: a document of operators, a pipeline, or a document that replaces another one. */
    int changes(int type, byte[] a, int value, int length) {
        if (type == Bson.ARRAY) {
            return part(type, Shape.LIST);
        }
        if (type == Bson.DOCUMENT && length > Bson.EMPTY && a[value + 5] == '$') {
            return part(type, Shape.FILTER);
        }
        valuePart();
        return SKIP;
    }

    int filter(int context, int type, int field, byte[] a, int name, int nameEnd, int value, int length) {
        Shape s = shape();
        if (context == Shape.FILTER && command().code == Commands.FIND && s.level() <= 2) {
            targets(s, type, field, a, name, nameEnd);
        }
        if (field == FieldNames.OLD_COMMENT && type == Bson.STRING) {
            Comment.read(command(), loop, a, value, value + Math.min(length, BsonWalker.TEXT));
        }
        return s.element(context, type, a, name, nameEnd, value, length);
    }

    /** Whether a find goes to one shard, as far as its filter tells (as Envoy counts it: by {@code _id}). */
    private void targets(Shape s, int type, int field, byte[] a, int name, int nameEnd) {
        if (s.level() == 1) {
            byId = field == FieldNames.ID;
            targeted |= byId || loop.settings.targets().find(a, name, nameEnd) != NameTable.NONE;
        } else if (byId && type == Bson.ARRAY && field == FieldNames.IN) {
            command().multiGet = true;
        }
    }
}
