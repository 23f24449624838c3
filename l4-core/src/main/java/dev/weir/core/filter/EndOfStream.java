package dev.weir.core.filter;

/**
 * The end of one direction, as a message: it travels through the chain in order behind the bytes before it.
 * (Netty's own signals overtake bytes that are held or not yet flushed.)
 */
public final class EndOfStream {
    /** The only instance. */
    public static final EndOfStream INSTANCE = new EndOfStream();

    private EndOfStream() {}

    @Override
    public String toString() {
        return "EndOfStream";
    }
}
