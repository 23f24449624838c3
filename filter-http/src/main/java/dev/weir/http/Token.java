package dev.weir.http;

/** A single value in a body. Holds for the call that tells of it. */
interface Token {
    /** Longest text that is kept, in bytes; of longer ones this much. */
    int LONGEST = 16 << 10;

    /** Whether it is a text. */
    boolean isText();

    /** Whether it is a number. */
    boolean isNumber();

    /** Whether it is {@code true}. */
    boolean isTrue();

    /** A text, or its first part; made anew. */
    String text();

    /** A text of at most {@link Texts#LONGEST} characters, or so much of it: the same instance for the same text, mostly. */
    String name();

    /** A number; NaN if it is none. */
    double number();

    /** A number without its fraction; -1 if it is none, or negative. */
    default long count() {
        double number = number();
        return number >= 0 && number < 1e18 ? (long) number : -1;
    }
}
