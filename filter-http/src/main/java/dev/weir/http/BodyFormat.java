package dev.weir.http;

/** Cuts the bytes of a body into tokens, whatever the pieces they come in. */
interface BodyFormat {
    /**
     * Goes on with these bytes, which are not kept.
     *
     * @throws MalformedException if they cannot be what they should
     */
    void feed(byte[] bytes, int from, int to);

    /** There are no more. Whether it was complete. */
    boolean finish();

    /** Gives back what it has borrowed. */
    void close();
}
