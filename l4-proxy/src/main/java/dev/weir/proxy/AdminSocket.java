package dev.weir.proxy;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import dev.weir.core.net.Descriptors;
import dev.weir.core.net.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The socket that the admin server accepts from: its own, or one that listened already. */
final class AdminSocket {
    private static final String NAME = "admin";
    private static final int BACKLOG = 64;

    private final Address address;
    private final Transport transport;
    private final @Nullable ListenSocket given;
    private volatile boolean keepsPath;

    /** {@code given} is used in place of binding {@code address}, if it listens there. */
    AdminSocket(Address address, Transport transport, @Nullable ListenSocket given) {
        this.address = address;
        this.transport = transport == Transport.EPOLL ? Transport.EPOLL : Transport.NIO;
        boolean fits = given != null && fits(given);
        if (given != null && !fits) {
            Inherited.drop(given);
        }
        this.given = fits ? given : null;
        this.keepsPath = this.given != null && this.given.configured() == null;
    }

    private boolean fits(ListenSocket socket) {
        return transport == Transport.EPOLL
                && (socket.configured() == null
                        || socket.configured().equals(address)
                        || socket.bound().equals(address));
    }

    Transport transport() {
        return transport;
    }

    /** Begins to listen with what {@code bootstrap} says of the connections. */
    Channel listen(ServerBootstrap bootstrap) throws IOException, InterruptedException {
        ServerChannel ready = ready();
        ChannelFuture listening;
        if (ready != null) {
            listening = Descriptors.open(ready, bootstrap);
        } else {
            bootstrap.channelFactory(() -> transport.server(address)).option(ChannelOption.SO_BACKLOG, BACKLOG);
            if (!address.isUnix()) {
                bootstrap.option(ChannelOption.SO_REUSEADDR, true);
            }
            listening = bootstrap.bind(bindAddress());
        }
        return listening.sync().channel();
    }

    /** What listens before it is a channel; null if there is nothing. */
    private @Nullable ServerChannel ready() throws IOException {
        if (given != null) {
            return Descriptors.adopt(given.descriptor(), given.bound().isUnix());
        }
        if (!address.isUnix()) {
            return null;
        }
        FreeAddresses.requireUnix(address);
        Files.deleteIfExists(Path.of(address.host())); // A socket that nobody listens on.
        return transport == Transport.EPOLL ? Descriptors.listen(address.host(), BACKLOG) : null;
    }

    private SocketAddress bindAddress() {
        // Resolved here, once: at the start, off the event loops.
        return address.isUnix()
                ? transport.socketAddress(address)
                : new InetSocketAddress(address.host(), address.port());
    }

    /** Where {@code channel} listens. */
    Address bound(Channel channel) {
        if (given != null) {
            return given.bound();
        }
        return channel.localAddress() instanceof InetSocketAddress inet
                ? new Address(inet.getAddress().getHostAddress(), inet.getPort())
                : address;
    }

    /** What to pass to another process; null if that cannot be. */
    @Nullable
    ListenSocket forAnother(Channel channel) {
        if (transport != Transport.EPOLL) {
            return null;
        }
        boolean lent = given != null && given.configured() == null;
        return new ListenSocket(
                NAME,
                lent ? null : address,
                bound(channel),
                Descriptors.of(channel).intValue());
    }

    /** The path of a Unix socket is another process's from here on. */
    void keepPath() {
        keepsPath = true;
    }

    /** Nobody is to find it any more; to be called while it still listens. */
    void close() {
        if (address.isUnix() && !keepsPath) {
            try {
                Files.deleteIfExists(Path.of(address.host()));
            } catch (IOException e) {
                // The next start removes it.
            }
        }
    }
}
