package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;

/** A server that joins the demo when it is up. For any thread. */
interface DemoGuest {
    /** What {@code weir sniff} calls it; also names its listener and cluster. */
    String protocol();

    /** The type of the filter that understands it. */
    String filter();

    /** Where Weir listens for it if it can. */
    int port();

    /** What it is, as in "Weir in front of …". */
    String title();

    /** Where it listens. */
    Address address();

    /** What people type to talk to it through Weir. */
    String yourself(Address listen);

    /**
     * Fills it (past the proxy), and begins to send through {@code proxy}.
     *
     * @throws IOException if it does not answer
     */
    Traffic begin(Address proxy) throws IOException;

    /** Sample traffic, until it is closed. */
    interface Traffic extends AutoCloseable {
        @Override
        void close();
    }
}
