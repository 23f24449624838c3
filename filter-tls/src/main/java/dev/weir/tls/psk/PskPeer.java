package dev.weir.tls.psk;

import dev.weir.core.tls.TlsSession;

/** Weir's side of a handshake, as its handler sees it. */
interface PskPeer {
    /** Whether the handshake is done. */
    boolean isDone();

    /** What it found out; only when it is done. */
    TlsSession session();
}
