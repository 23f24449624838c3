package dev.weir.tls.starttls;

import dev.weir.core.filter.Side;
import io.netty.buffer.ByteBuf;

/** What is said before TLS in one protocol, and after it before the peers talk to each other. One per connection, on its loop. */
abstract class Talk {
    /** The connection is open; toward the upstream it may still be on its way. */
    abstract void begin(Wire wire);

    /**
     * Reads the begin of what a peer has sent.
     *
     * @param data from its reader index; lent
     * @return how many bytes are done with, 0 if more are needed
     */
    abstract int read(Wire wire, Side from, ByteBuf data);

    /** TLS is there, or none is wanted. */
    void secured(Wire wire) {
        wire.open();
    }

    /** The client has begun with TLS instead of talking; it is there now. */
    void direct(Wire wire) {
        wire.open();
    }

    /** Whether the terminal is not to begin before {@link Wire#open}. */
    boolean choosesTarget() {
        return false;
    }

    /** How long a client is waited for that begins with TLS by itself, in milliseconds, before {@link #begin}; 0 for not at all. */
    int patience() {
        return 0;
    }
}
