package dev.weir.core.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ServerChannel;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Listening sockets by their descriptors, with epoll. Numbers: {@code asm-generic/socket.h}. */
public final class Descriptors {
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int SO_ACCEPTCONN = 30;
    private static final int O_NONBLOCK = 04000;

    private Descriptors() {}

    /**
     * A channel for a socket that another process has made; the descriptor is the channel's from here on. Its close removes no path.
     *
     * @throws IOException if it is no listening socket
     */
    public static ServerChannel adopt(int descriptor, boolean unix) throws IOException {
        if (new Socket(descriptor).getIntOpt(SOL_SOCKET, SO_ACCEPTCONN) == 0) {
            throw new IOException("descriptor " + descriptor + " does not listen");
        }
        ServerChannel channel =
                unix ? new EpollServerDomainSocketChannel(descriptor) : new EpollServerSocketChannel(descriptor);
        if (blocks(descriptor)) {
            channel.config().setRecvByteBufAllocator(new ServerChannelRecvByteBufAllocator()); // one at a time
            hurry(descriptor);
        }
        return channel;
    }

    /** A channel that listens on the path of a Unix socket. A channel that has bound it itself would remove it at its close. */
    public static ServerChannel listen(String path, int backlog) throws IOException {
        Socket socket = Socket.newSocketDomain();
        try {
            socket.bind(new DomainSocketAddress(path));
            socket.listen(backlog);
            return new EpollServerDomainSocketChannel(socket.intValue());
        } catch (IOException e) {
            try {
                socket.close();
            } catch (IOException second) {
                e.addSuppressed(second);
            }
            throw e;
        }
    }

    /** Lets a channel of {@link #adopt} or {@link #listen} accept what {@code bootstrap} says. */
    public static ChannelFuture open(ServerChannel channel, ServerBootstrap bootstrap) {
        ChannelFuture registering = bootstrap.channelFactory(() -> channel).register();
        // As it did not bind, it is not told that it is active, which would make it read.
        return registering.addListener(done -> channel.read());
    }

    /** The descriptor of an epoll channel; it stays the channel's. */
    public static Socket of(Channel channel) {
        return (Socket) ((UnixChannel) channel).fd();
    }

    static boolean sharesPort(int descriptor) {
        try {
            return new Socket(descriptor).isReusePort();
        } catch (IOException e) {
            return false; // a Unix socket
        }
    }

    /** Whether accepting from it waits when there is nothing, which would stop an event loop. */
    private static boolean blocks(int descriptor) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + descriptor))) {
                if (line.startsWith("flags:")) {
                    return (Integer.parseInt(line.substring("flags:".length()).trim(), 8) & O_NONBLOCK) == 0;
                }
            }
        } catch (IOException | NumberFormatException e) {
            // Without /proc: the cautious way works for both.
        }
        return true;
    }

    /** Limits the wait of an accept on a blocking socket to the shortest there is: a tick of the kernel. */
    private static void hurry(int descriptor) throws IOException {
        ByteBuffer timeval = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
        timeval.putLong(0).putLong(1).flip();
        new Socket(descriptor).setRawOpt(SOL_SOCKET, SO_RCVTIMEO, timeval);
    }
}
