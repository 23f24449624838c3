package dev.weir.mongo;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes the shape of what selects: keys and operators stay, values are {@code ?}, a document that is a value, too. Its contexts are those of
 * the documents and arrays that it goes into. Bounded: text beyond {@link #TEXT} bytes is cut.
 */
final class Shape {
    /** Bytes of a shape. */
    static final int TEXT = 1_024;

    /** Nesting that is shown. */
    private static final int DEPTH = 24;

    /** The first context of shapes; smaller ones are not theirs. */
    static final int CONTEXTS = 32;

    /** A document of keys and operators. */
    static final int FILTER = 32;

    /** The array of an operator: its elements are gone into. */
    static final int LIST = 33;

    /** What a comparison compares with: documents only where they are operators. */
    static final int VALUES = 34;

    /** What names another collection. */
    static final int LOOKUP = 35;

    /** Pipelines by name. */
    static final int FACET = 36;

    /** Keys and their directions. */
    static final int SORT = 37;

    private static final int COLLECTIONS = 8;
    /** Bytes of their names; further ones are not shown. */
    private static final int COLLECTION_BYTES = 480;

    private static final byte[] NONE = {};
    private static final byte[] VALUE = {'?'};
    private static final byte[] CUT = ascii(" ...");

    private static final NameTable OPERATORS = new NameTable(java.util.List.of(
            "$eq",
            "$ne",
            "$gt",
            "$gte",
            "$lt",
            "$lte",
            "$in",
            "$nin",
            "$all", // compare with values
            "$literal",
            "$const",
            "$comment", // hold a value, whatever it looks like
            "$lookup",
            "$graphLookup",
            "$unionWith",
            "$out",
            "$merge", // name a collection
            "$facet",
            "$changeStream",
            "$sort"));

    private static final int LAST_COMPARISON = 8;
    private static final int LAST_LITERAL = 11;
    private static final int UNION_WITH = 14;
    private static final int LAST_LOOKUP = 16;
    private static final int FACETS = 17;
    private static final int CHANGES = 18;
    private static final int SORTS = 19;

    private static final NameTable LOOKUP_KEYS = new NameTable(java.util.List.of("from", "coll", "into", "pipeline"));
    private static final int PIPELINE = 3;

    private final byte[] text = new byte[TEXT + CUT.length];
    private int length;
    private boolean full;
    private int level;

    /** Of each level: whether nothing was written in it, and the element before: where it began, or -1 for a value. */
    private final boolean[] empty = new boolean[DEPTH + 2];

    private final int[] element = new int[DEPTH + 2];
    private final int[] before = new int[DEPTH + 2];
    private byte[] collections = NONE;
    private int collectionBytes;
    private int collectionCount;
    /** Whether it watches changes. */
    boolean changes;

    private static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.US_ASCII);
    }

    void clear() {
        length = 0;
        full = false;
        level = 0;
        collectionBytes = 0;
        collectionCount = 0;
        changes = false;
    }

    boolean full() {
        return full;
    }

    /** How deep the document is whose elements are written now: 1 for the first of a part. */
    int level() {
        return level;
    }

    byte[] bytes() {
        return text;
    }

    int length() {
        return length;
    }

    /** Ends the text: if it was cut it says so, and has no half of a character. */
    void end() {
        if (full) {
            int lead = length - 1;
            while (lead > 0 && length - lead < 4 && (text[lead] & 0xc0) == 0x80) {
                lead--;
            }
            int size = text[lead] >= 0 ? 1 : Integer.numberOfLeadingZeros(~text[lead] << 24);
            length = lead + size > length ? lead : length;
            System.arraycopy(CUT, 0, text, length, CUT.length);
            length += CUT.length;
        }
    }

    /** Further collections, separated by a comma and a blank. */
    byte[] collections() {
        return collections;
    }

    int collectionBytes() {
        return collectionBytes;
    }

    /** Writes bytes behind what there is. */
    void write(byte[] a, int from, int to) {
        if (full) {
            return;
        }
        int n = Math.min(to - from, TEXT - length);
        System.arraycopy(a, from, text, length, n);
        length += n;
        full = n < to - from;
    }

    private void write(char c) {
        if (full || length == TEXT) {
            full = true;
            return;
        }
        text[length++] = (byte) c;
    }

    private void write(char c, char d) {
        write(c);
        write(d);
    }

    private void value() {
        write('?');
    }

    // ---- documents and arrays

    /** A part of a command: {@code name} and the document or array behind it, whose context is returned. */
    int part(byte[] name, int type, int context) {
        write(name, 0, name.length);
        return open(type, context);
    }

    private int open(int type, int context) {
        if (level >= DEPTH) {
            value();
            return BsonWalker.Fields.SKIP;
        }
        write(type == Bson.ARRAY ? '[' : '{');
        if (full) {
            return BsonWalker.Fields.SKIP;
        }
        level++;
        empty[level] = true;
        before[level] = Integer.MIN_VALUE;
        return context;
    }

    /** The document or array of {@code context} ends. */
    void ends(int context) {
        boolean array = context == LIST || context == VALUES;
        if (array) {
            elementEnds();
            if (empty[level]) {
                value();
            }
        }
        level--;
        write(array ? ']' : '}');
    }

    /** What an element of an array is gone into for has ended, or another one begins: one like its neighbour is shown once. */
    private void elementEnds() {
        int start = before[level];
        int now = element[level];
        if (!empty[level] && start >= 0 && !full) {
            int size = length - now;
            int gap = 2;
            if (now - gap - start == size && Arrays.equals(text, start, start + size, text, now, length)) {
                length = now - gap;
                element[level] = start;
            }
        }
    }

    /** An element of what it has gone into. */
    int element(int context, int type, byte[] a, int name, int nameEnd, int value, int size) {
        if (full) {
            return BsonWalker.Fields.SKIP;
        }
        if (context == LIST || context == VALUES) {
            return item(context, type, a, value, size);
        }
        if (!empty[level]) {
            write(',', ' ');
        }
        empty[level] = false;
        key(a, name, nameEnd);
        write(':', ' ');
        if (nameEnd > name && a[name] == '$' && context != SORT) {
            return operator(type, a, name, nameEnd, value, size);
        }
        return switch (context) {
            case LOOKUP -> lookup(type, a, name, nameEnd, value, size);
            case FACET -> type == Bson.ARRAY ? open(type, LIST) : plain(type, a, value, size);
            case SORT -> direction(type, a, value, size);
            default -> plain(type, a, value, size);
        };
    }

    /** The value of a key: documents only where they are operators. */
    private int plain(int type, byte[] a, int value, int size) {
        if (type == Bson.DOCUMENT && size > Bson.EMPTY && a[value + 5] == '$') {
            return open(type, FILTER);
        }
        value();
        return BsonWalker.Fields.SKIP;
    }

    private int operator(int type, byte[] a, int name, int nameEnd, int value, int size) {
        int operator = OPERATORS.find(a, name, nameEnd);
        boolean nested = type == Bson.DOCUMENT || type == Bson.ARRAY;
        if (operator == NameTable.NONE) {
            return nested ? open(type, type == Bson.ARRAY ? LIST : FILTER) : scalar();
        }
        changes |= operator == CHANGES;
        if (operator > LAST_LITERAL && operator <= LAST_LOOKUP) {
            if (type == Bson.DOCUMENT) {
                return open(type, LOOKUP);
            }
            return operator >= UNION_WITH && type == Bson.STRING ? collection(a, value, size) : scalar();
        }
        if (operator == FACETS && type == Bson.DOCUMENT) {
            return open(type, FACET);
        }
        if (operator == SORTS && type == Bson.DOCUMENT) {
            return open(type, SORT);
        }
        if (operator <= LAST_COMPARISON) {
            return type == Bson.ARRAY ? open(type, VALUES) : plain(type, a, value, size);
        }
        boolean into = nested && operator > LAST_LITERAL;
        return into ? open(type, type == Bson.ARRAY ? LIST : FILTER) : scalar();
    }

    private int scalar() {
        value();
        return BsonWalker.Fields.SKIP;
    }

    private int lookup(int type, byte[] a, int name, int nameEnd, int value, int size) {
        int key = LOOKUP_KEYS.find(a, name, nameEnd);
        if (key == PIPELINE && type == Bson.ARRAY) {
            return open(type, LIST);
        }
        if (key == NameTable.NONE || key == PIPELINE) {
            return plain(type, a, value, size);
        }
        if (type == Bson.DOCUMENT) {
            return open(type, LOOKUP); // into: {db, coll}
        }
        return type == Bson.STRING ? collection(a, value, size) : scalar();
    }

    private int collection(byte[] a, int value, int size) {
        int end = value + Math.min(size, BsonWalker.TEXT - 1);
        write(a, value, end);
        addCollection(a, value, end);
        return BsonWalker.Fields.SKIP;
    }

    private void addCollection(byte[] a, int from, int to) {
        if (collections.length == 0) {
            collections = new byte[COLLECTION_BYTES];
        }
        if (collectionCount < COLLECTIONS && collectionBytes + 2 + to - from <= collections.length) {
            collectionCount++;
            collections[collectionBytes++] = ',';
            collections[collectionBytes++] = ' ';
            System.arraycopy(a, from, collections, collectionBytes, to - from);
            collectionBytes += to - from;
        }
    }

    /** Adds a namespace to the collections; whether it is in the database of the first one. */
    boolean namespace(byte[] a, int from, int to) {
        addCollection(a, from, to);
        for (int i = from, j = 2; i < to; i++, j++) {
            if (j >= collectionBytes || a[i] != collections[j]) {
                return false;
            }
            if (a[i] == '.') {
                return true;
            }
        }
        return false;
    }

    /** There are none. */
    void forgetCollections() {
        collectionBytes = 0;
        collectionCount = 0;
    }

    private int direction(int type, byte[] a, int value, int size) {
        long number = Bson.number(type, a, value, 0);
        if (type != Bson.BOOLEAN && (number == 1 || number == -1)) {
            if (number < 0) {
                write('-');
            }
            write('1');
            return BsonWalker.Fields.SKIP;
        }
        return plain(type, a, value, size);
    }

    /** An element of an array. */
    private int item(int context, int type, byte[] a, int value, int size) {
        boolean document = type == Bson.DOCUMENT;
        boolean into =
                context == LIST ? document || type == Bson.ARRAY : document && size > Bson.EMPTY && a[value + 5] == '$';
        elementEnds();
        if (!empty[level]) {
            boolean literal = !into && length > element[level] && length - element[level] == 1;
            if (literal && text[length - 1] == '?') {
                return BsonWalker.Fields.SKIP;
            }
            before[level] = element[level];
            write(',', ' ');
        }
        empty[level] = false;
        element[level] = length;
        if (into) {
            return open(type, type == Bson.ARRAY ? LIST : FILTER);
        }
        return scalar();
    }

    // ---- keys

    /** A key; parts of a dotted one that look like values are {@code ?}. */
    void key(byte[] a, int from, int to) {
        int start = from;
        for (int i = from; i <= to; i++) {
            if (i == to || a[i] == '.') {
                if (start > from) {
                    write('.');
                }
                if (looksLikeValue(a, start, i)) {
                    write(VALUE, 0, 1);
                } else {
                    write(a, start, i);
                }
                start = i + 1;
            }
        }
    }

    /** Only digits, 24 hexadecimal ones, or a UUID. */
    private static boolean looksLikeValue(byte[] a, int from, int to) {
        int n = to - from;
        if (n == 0 || !hex(a[from])) {
            return false;
        }
        boolean digits = true;
        boolean hex = n == 24;
        boolean uuid = n == 36;
        for (int i = from; i < to && (digits || hex || uuid); i++) {
            byte c = a[i];
            boolean dash = uuid && (i - from == 8 || i - from == 13 || i - from == 18 || i - from == 23);
            digits &= c >= '0' && c <= '9';
            hex &= hex(c);
            uuid &= dash ? c == '-' : hex(c);
        }
        return digits || hex || uuid;
    }

    private static boolean hex(byte c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
    }
}
