package dev.weir.mongo;

/** How long values are whose size is in front of them. */
final class ValueSizes {
    private ValueSizes() {}

    /** Whether a length of 4 bytes comes first. */
    static boolean sized(int kind) {
        return kind < 0 && kind != Bson.UNKNOWN && kind != Bson.TWO_CSTRINGS;
    }

    /** Bytes behind the length {@code n} of a value of that kind ({@link Bson#size}); negative if it cannot be. */
    static long rest(int kind, int n) {
        return switch (kind) {
            case Bson.TEXT -> n < 1 ? -1 : n;
            case Bson.POINTER -> n < 1 ? -1 : n + 12L;
            case Bson.BYTES -> n < 0 ? -1 : n + 1L;
            default -> n < Bson.EMPTY ? -1 : n - 4L;
        };
    }
}
