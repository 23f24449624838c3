package dev.weir.core.compress;

/**
 * Inflates one frame, piece by piece. Leased from {@link Inflaters} for that frame only, and to be given back by
 * {@link #release} whatever comes of it. On the loop of its pool.
 */
public interface Inflation {
    /**
     * Inflates from {@code in} into {@code out} until either is used up or the frame ends. May consume without writing.
     *
     * @return bytes written; {@link #consumed} tells how many were read
     * @throws InflateException if the bytes are malformed, or want more memory than there is
     */
    int inflate(byte[] in, int from, int to, byte[] out, int outFrom, int outTo);

    /** How many bytes of {@code in} the last call has read. */
    int consumed();

    /** Whether the frame is complete. */
    boolean finished();

    /** Gives it back to its pool; it must not be used any more. */
    void release();
}
