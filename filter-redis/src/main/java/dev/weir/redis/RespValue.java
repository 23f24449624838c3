package dev.weir.redis;

/** What a {@link RespCursor} tells of the value it walked, and of the element that ended last. Only it writes. */
final class RespValue {
    private static final byte[] EMPTY = {};

    /** First byte of the value. */
    byte type;

    boolean isNull;
    /** Elements of an aggregate, pairs of a map; else 0. */
    long count;
    /** Elements that are not null. */
    long found;
    /** Elements of the second element (what SCAN answers). */
    long secondCount;
    /** Elements that have ended. */
    int elements;
    /** When the value ends: whether an element ended with it that was not told of before. */
    boolean lastElement;

    byte elementType;
    boolean elementNull;
    long elementCount;
    /** The same as {@link #found} and {@link #secondCount}, of the element; only where elements are watched. */
    long elementFound;

    long elementSecondCount;
    private int innerElements;

    /** The first bytes of an error or, if watched, of a status. */
    byte[] text = EMPTY;

    int textLength;

    /** What the first element says, if watched. */
    PubSub.Kind messageKind = PubSub.Kind.NONE;
    /** Hash of the second element, if watched; 0 if it is null. */
    long channelHash;
    /** The third element, if watched and an integer; else -1. */
    long third;

    void begins(byte first, byte[] scratch) {
        type = first;
        isNull = false;
        count = 0;
        found = 0;
        secondCount = 0;
        elements = 0;
        lastElement = false;
        elementBegins();
        text = scratch;
        messageKind = PubSub.Kind.NONE;
        channelHash = 0;
        third = -1;
    }

    void elementBegins() {
        elementCount = 0;
        elementFound = 0;
        elementSecondCount = 0;
        innerElements = 0;
        textLength = 0;
    }

    /** An aggregate of {@code number} values begins inside the element. */
    void innerBegins(long number) {
        if (innerElements == 1) {
            elementSecondCount = number;
        }
    }

    /** A value inside the element ended. */
    void innerEnded(boolean nil) {
        innerElements++;
        if (!nil) {
            elementFound++;
        }
    }

    void elementEnded(byte kind, boolean nil, boolean streamed) {
        elementType = kind;
        elementNull = nil;
        elements++;
        if (!nil) {
            found++;
        }
        if (streamed) {
            count = elements;
        }
    }

    /** The element that ended is one whose text was wanted; {@code length} is its full length. */
    void watched(long length) {
        if (elements == 1) {
            messageKind =
                    elementType == '$' || elementType == '+' ? PubSub.Kind.of(text, textLength) : PubSub.Kind.NONE;
        } else if (elements == 2 && !elementNull) {
            channelHash = Bytes.hash(text, textLength, length);
        } else if (elements == 3 && elementType == ':') {
            third = PubSub.parse(text, textLength);
        }
    }

    /** Bytes before the first element of an aggregate: its type, its number of elements, and the end of the line. */
    int headerLength() {
        int digits = 1;
        for (long rest = count; rest > 9; rest /= 10) {
            digits++;
        }
        return digits + 3;
    }
}
