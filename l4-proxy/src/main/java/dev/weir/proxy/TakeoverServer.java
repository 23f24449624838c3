package dev.weir.proxy;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import dev.weir.core.net.Descriptors;
import dev.weir.core.net.Transport;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where this process can be asked for its sockets by the one that takes its place: a Unix socket for processes of the same user. On a
 * thread of its own. The path appears by a renaming, so that it leads to the new process as soon as there is one, and is removed
 * at the end only if it still leads here.
 */
final class TakeoverServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TakeoverServer.class);

    /** What can be passed on. Called on the thread of the takeover. */
    interface Source {
        /**
         * The sockets of the listeners, and that of the admin server.
         *
         * @throws IllegalStateException if they cannot be passed on
         */
        List<ListenSocket> listenSockets();

        @Nullable
        ListenSocket adminSocket();

        boolean draining();

        /** Another process accepts at these addresses: stops to, and lets connections finish. */
        void handOver(Set<Address> kept);
    }

    private final Path path;
    private final EventLoopGroup group;
    private final Channel channel;
    private final @Nullable Object file;

    private TakeoverServer(Path path, EventLoopGroup group, Channel channel, @Nullable Object file) {
        this.path = path;
        this.group = group;
        this.channel = channel;
        this.file = file;
    }

    /**
     * Opens one.
     *
     * @throws IOException if the path is not to be had
     */
    static TakeoverServer open(Path path, Source source) throws IOException {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("weir-takeover", true), Transport.EPOLL.ioHandlers());
        try {
            Path hidden = path.resolveSibling(
                    path.getFileName() + "." + ProcessHandle.current().pid());
            ServerChannel listening = Descriptors.listen(hidden.toString(), 8);
            Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rw-------"));
            int user = TakeoverPath.userId();
            ServerBootstrap bootstrap = new ServerBootstrap().group(group).childHandler(new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel child) {
                    child.pipeline()
                            .addLast(new LineBasedFrameDecoder(TakeoverMessages.MAX_LINE))
                            .addLast(new StringDecoder(StandardCharsets.UTF_8))
                            .addLast(new TakeoverConversation(source, user));
                }
            });
            Descriptors.open(listening, bootstrap).syncUninterruptibly();
            Files.move(hidden, path, StandardCopyOption.ATOMIC_MOVE);
            return new TakeoverServer(path, group, listening, key(path));
        } catch (IOException | RuntimeException e) {
            group.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw e;
        }
    }

    /** Whether nobody listens at the path. */
    static boolean free(Path path) {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(path));
            return false;
        } catch (IOException nobody) {
            return true;
        }
    }

    private static @Nullable Object key(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
        } catch (IOException e) {
            return null;
        }
    }

    @Override
    public void close() {
        if (file != null && file.equals(key(path))) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                LOG.debug("cannot remove {}", path, e);
            }
        }
        channel.close();
        group.shutdownGracefully(0, 1_000, TimeUnit.MILLISECONDS);
    }
}
