package dev.weir.mongo;

/** What follows the name of a BSON element (bsonspec.org, version 1.1). */
final class BsonTypes {
    static final int STRING = 0x02;
    static final int DOCUMENT = 0x03;
    static final int ARRAY = 0x04;
    static final int REGEX = 0x0B;

    /** Size of the smallest document: its length and its end. */
    static final int SMALLEST = 5;

    /** A length of 4 bytes comes first; {@link #rest} tells what it means. */
    static final int SIZED = -1;
    /** Two texts, each up to its zero byte. */
    static final int TWO_TEXTS = -2;
    /** There is no such type. */
    static final int UNKNOWN = -3;

    private BsonTypes() {}

    /** Bytes of a value of {@code type}, or one of the constants above. */
    static int size(int type) {
        return switch (type) {
            case 0x06, 0x0A, 0x7F, 0xFF -> 0;
            case 0x08 -> 1;
            case 0x10 -> 4;
            case 0x01, 0x09, 0x11, 0x12 -> 8;
            case 0x07 -> 12;
            case 0x13 -> 16;
            case STRING, DOCUMENT, ARRAY, 0x05, 0x0C, 0x0D, 0x0E, 0x0F -> SIZED;
            case REGEX -> TWO_TEXTS;
            default -> UNKNOWN;
        };
    }

    /** Bytes behind the length {@code n} of a value that is {@link #SIZED}; negative if it cannot be. */
    static long rest(int type, int n) {
        return switch (type) {
            case STRING, 0x0D, 0x0E -> n < 1 ? -1 : n;
            case 0x0C -> n < 1 ? -1 : n + 12L;
            case 0x05 -> n < 0 ? -1 : n + 1L;
            default -> n < SMALLEST ? -1 : n - 4L;
        };
    }
}
