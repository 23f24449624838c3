package dev.weir.proxy;

import dev.weir.core.ListenSocket;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sockets that listen already when the program starts.
 *
 * @param listeners for listeners
 * @param admin for the admin server, or null
 */
record Inherited(List<ListenSocket> listeners, @Nullable ListenSocket admin) {
    private static final Logger LOG = LoggerFactory.getLogger(Inherited.class);
    static final Inherited NOTHING = new Inherited(List.of(), null);

    /** Closes a socket that nobody wants. */
    static void drop(ListenSocket socket) {
        try {
            new FileDescriptor(socket.descriptor()).close();
        } catch (IOException e) {
            LOG.debug("cannot close {}", socket, e);
        }
    }
}
