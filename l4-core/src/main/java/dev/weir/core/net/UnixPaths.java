package dev.weir.core.net;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Paths of Unix sockets. */
final class UnixPaths {
    private static final Logger LOG = LoggerFactory.getLogger(UnixPaths.class);

    private UnixPaths() {}

    /**
     * Makes room for a socket: what nobody listens on is removed. What somebody listens on is left alone, which has to be found
     * out here, as Netty removes whatever is in the way.
     *
     * @throws IllegalStateException if somebody listens there, or a file is there
     */
    static void makeRoom(String listener, Address address) {
        Path path = Path.of(address.host());
        if (!Files.exists(path)) {
            return;
        }
        if (Files.isRegularFile(path) || Files.isDirectory(path)) {
            throw new IllegalStateException("listener " + listener + " cannot listen on " + address
                    + ": there is a file that is no socket; remove it if nobody needs it");
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException nobody) {
            remove(address);
            return;
        }
        throw new IllegalStateException(
                "listener " + listener + " cannot listen on " + address + ": Address already in use");
    }

    /** Who may connect, in octal digits. */
    static void setMode(Address address, String mode) throws IOException {
        int bits = Integer.parseInt(mode, 8);
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        PosixFilePermission[] all = PosixFilePermission.values(); // from the owner's reading on
        for (int i = 0; i < all.length; i++) {
            if ((bits >> (all.length - 1 - i) & 1) != 0) {
                permissions.add(all[i]);
            }
        }
        Files.setPosixFilePermissions(Path.of(address.host()), permissions);
    }

    static void remove(Address address) {
        try {
            Files.deleteIfExists(Path.of(address.host()));
        } catch (IOException e) {
            LOG.debug("cannot remove {}", address, e);
        }
    }
}
