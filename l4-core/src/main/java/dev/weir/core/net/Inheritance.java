package dev.weir.core.net;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import dev.weir.core.config.ListenerConfig;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sockets that listen already, for the listeners of the first configuration. Used under the lock of {@link Engine}. */
final class Inheritance {
    private static final Logger LOG = LoggerFactory.getLogger(Inheritance.class);

    private final List<ListenSocket> left;

    Inheritance(List<ListenSocket> sockets) {
        this.left = new ArrayList<>(sockets);
    }

    /** All that are for {@code listener}: by its name, or else by its address. From here on they are the caller's. */
    List<ListenSocket> take(ListenerConfig listener) {
        List<ListenSocket> named = take(socket -> socket.name().equals(listener.name())
                && (socket.configured() == null || socket.configured().equals(listener.address())));
        return named.isEmpty() ? take(socket -> at(socket, listener.address())) : named;
    }

    private static boolean at(ListenSocket socket, Address address) {
        return address.port() != 0 && (address.equals(socket.bound()) || address.equals(socket.configured()));
    }

    private List<ListenSocket> take(Predicate<ListenSocket> wanted) {
        List<ListenSocket> taken = left.stream().filter(wanted).toList();
        left.removeAll(taken);
        return taken;
    }

    /** Closes what nobody has taken. */
    void close() {
        for (ListenSocket socket : left) {
            if (socket.configured() == null) {
                LOG.warn("socket {} at {} is no listener's", socket.name(), socket.bound());
            }
            try {
                new FileDescriptor(socket.descriptor()).close();
            } catch (IOException e) {
                LOG.debug("cannot close {}", socket, e);
            }
        }
        left.clear();
    }
}
