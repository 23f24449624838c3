package dev.weir.tls.starttls;

import dev.weir.core.config.Address;
import dev.weir.core.filter.Side;
import java.nio.charset.StandardCharsets;

/** What a {@link Talk} does to its connection. What it asks for while it reads takes effect behind the bytes that it has read. */
interface Wire {
    /** Sends bytes of Weir's own to a peer. */
    void send(Side to, byte[] data);

    /** Sends a text, one byte per character. */
    default void send(Side to, String text) {
        send(to, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** From now on bytes of this peer are read; those of the other one wait. */
    void listen(Side peer);

    /** Whatever the peer has sent behind what was read is ciphertext. {@link Talk#secured} follows, at once where there is TLS already or none is wanted. */
    void startTls();

    /** The talk is over; what waits goes on, and everything after it. */
    void open();

    /** The client chose where it is to be connected to. */
    void target(Address target);

    /** The talk has failed: the connection ends, behind what was sent. {@code why} is a constant or bounded, and holds no secrets. */
    void fail(Side culprit, String why);

    /** The talk has come to an orderly end, and so does the connection. */
    void goodbye();
}
