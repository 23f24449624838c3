package dev.weir.proxy;

import dev.weir.core.config.Address;
import dev.weir.core.config.ListenerConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Whether addresses are free to listen on. Binding alone does not tell: with {@code SO_REUSEPORT} two processes get the
 * same port and each some of the connections, and binding a Unix socket removes whatever has its name.
 */
final class FreeAddresses {
    private FreeAddresses() {}

    /**
     * Looks at the addresses of listeners that are about to start.
     *
     * @param own addresses that this process listens on already
     * @throws IllegalStateException if one is not to be had
     */
    static void require(List<ListenerConfig> listeners, Collection<Address> own) {
        List<Socket> probes = new ArrayList<>();
        try {
            for (ListenerConfig listener : listeners) {
                if (own.stream().noneMatch(address -> overlap(address, listener.address()))) {
                    probe(listener, probes);
                }
            }
        } finally {
            probes.forEach(FreeAddresses::close);
        }
    }

    /** By port alone: one may be the wildcard, or a name of the other. */
    private static boolean overlap(Address one, Address other) {
        return one.isUnix() || other.isUnix() ? one.equals(other) : one.port() == other.port();
    }

    private static void probe(ListenerConfig listener, List<Socket> probes) {
        Address address = listener.address();
        try {
            if (address.isUnix()) {
                requireUnix(address);
            } else if (address.port() != 0) {
                // Not a server socket: that would listen for a moment. Kept until the end, so that two listeners of
                // one file that want the same are found as well.
                Socket probe = new Socket();
                probes.add(probe);
                probe.setReuseAddress(true);
                probe.bind(new InetSocketAddress(address.host(), address.port()));
            }
        } catch (IOException e) {
            throw new IllegalStateException(
                    "listener " + listener.name() + " cannot listen on " + address + ": " + e.getMessage(), e);
        }
    }

    /** Throws if there is a file that is no socket, or somebody listens there. */
    static void requireUnix(Address address) throws IOException {
        Path path = Path.of(address.host());
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        BasicFileAttributes attributes =
                Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isOther()) {
            throw new IOException("there is a file that is no socket; remove it if nobody needs it");
        }
        if (answers(path)) {
            throw new IOException("Address already in use");
        }
    }

    private static boolean answers(Path path) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException nobody) {
            return false;
        }
    }

    private static void close(Socket probe) {
        try {
            probe.close();
        } catch (IOException e) {
            // It was only bound.
        }
    }
}
