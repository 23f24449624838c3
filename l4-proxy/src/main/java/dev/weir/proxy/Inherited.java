package dev.weir.proxy;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import dev.weir.core.config.ListenerConfig;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.ArrayList;
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

    /** Addresses of {@code wanted} that this process has, and the real ones. */
    List<Address> own(List<ListenerConfig> wanted) {
        List<Address> own = new ArrayList<>();
        listeners.forEach(socket -> own.add(socket.bound()));
        wanted.stream()
                .filter(one -> listeners.stream()
                        .anyMatch(socket ->
                                socket.configured() == null && socket.name().equals(one.name())))
                .forEach(one -> own.add(one.address()));
        return own;
    }

    /** Closes a socket that nobody wants. */
    static void drop(ListenSocket socket) {
        try {
            new FileDescriptor(socket.descriptor()).close();
        } catch (IOException e) {
            LOG.debug("cannot close {}", socket, e);
        }
    }
}
