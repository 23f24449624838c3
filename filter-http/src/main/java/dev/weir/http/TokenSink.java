package dev.weir.http;

/** Takes the tokens of a body, in order. */
interface TokenSink {
    /**
     * A map or a list begins.
     *
     * @param name what it is the value of; empty in lists and at the top
     */
    void begin(boolean map, String name);

    /** It ends. */
    void end();

    /** A single value. */
    void value(String name, Token token);
}
