package dev.weir.core.net;

import dev.weir.core.config.Address;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerDomainSocketChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** The way to the operating system: native epoll, NIO where it is missing, io_uring by choice. */
public enum Transport {
    /** Linux, by Netty's native library. */
    EPOLL,
    /** Linux ≥ 5.9 or so, by choice. */
    IO_URING,
    /** Everywhere. */
    NIO;

    /**
     * The transport for the word in the configuration.
     *
     * @throws IllegalStateException if it is asked for by name and cannot be had, with the cause
     */
    public static Transport of(String name) {
        switch (name) {
            case "epoll":
                require(Epoll.isAvailable(), name, Epoll.unavailabilityCause());
                return EPOLL;
            case "io_uring":
                require(IoUring.isAvailable(), name, IoUring.unavailabilityCause());
                return IO_URING;
            case "nio":
                return NIO;
            default:
                return Epoll.isAvailable() ? EPOLL : NIO;
        }
    }

    private static void require(boolean available, String name, Throwable cause) {
        if (!available) {
            throw new IllegalStateException(
                    "transport: \"" + name + "\" is not available here: " + cause + " (expected: auto, nio)", cause);
        }
    }

    /** The word in the configuration. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    EventLoopGroup group(int loops) {
        return new MultiThreadIoEventLoopGroup(loops, new DefaultThreadFactory("weir-loop"), ioHandlers());
    }

    /** What event loops of this transport are made with. */
    public IoHandlerFactory ioHandlers() {
        return switch (this) {
            case EPOLL -> EpollIo.factory();
            case IO_URING -> IoUringIoHandler.newFactory();
            case NIO -> NioIoHandler.newFactory();
        };
    }

    /** A new channel to listen with, not bound yet. */
    public ServerChannel server(Address address) {
        return switch (this) {
            case EPOLL -> address.isUnix() ? new EpollServerDomainSocketChannel() : new EpollServerSocketChannel();
            case IO_URING ->
                address.isUnix() ? new IoUringServerDomainSocketChannel() : new IoUringServerSocketChannel();
            case NIO -> address.isUnix() ? new NioServerDomainSocketChannel() : new NioServerSocketChannel();
        };
    }

    /** A new, unconnected channel to an address, of which {@code target} is the socket address. */
    Channel client(Address address, SocketAddress target) {
        return switch (this) {
            case EPOLL -> address.isUnix() ? new EpollDomainSocketChannel() : epoll(target);
            case IO_URING -> address.isUnix() ? new IoUringDomainSocketChannel() : new IoUringSocketChannel();
            case NIO -> address.isUnix() ? new NioDomainSocketChannel() : new NioSocketChannel();
        };
    }

    /** What is made for IPv4 alone costs the system less than what would reach both. */
    private static Channel epoll(SocketAddress target) {
        boolean v4 = target instanceof InetSocketAddress inet && inet.getAddress() instanceof Inet4Address;
        return v4 ? new EpollSocketChannel(SocketProtocolFamily.INET) : new EpollSocketChannel();
    }

    /** Sets TCP_NODELAY of a channel that is new. Netty has switched it on already: another call of the system for each connection says nothing new. */
    static void noDelay(SocketChannel channel, boolean wanted) {
        if (!wanted || !(channel instanceof EpollSocketChannel)) {
            channel.config().setTcpNoDelay(wanted);
        }
    }

    Class<? extends DatagramChannel> datagram() {
        return switch (this) {
            case EPOLL -> EpollDatagramChannel.class;
            case IO_URING -> IoUringDatagramChannel.class;
            case NIO -> NioDatagramChannel.class;
        };
    }

    /** NIO takes the JDK's addresses for Unix sockets. */
    public SocketAddress socketAddress(Address address) {
        return this == NIO && address.isUnix()
                ? java.net.UnixDomainSocketAddress.of(address.host())
                : address.socketAddress();
    }

    /** Whether several sockets of this process may listen on one address. */
    boolean canReusePort(Address address) {
        return this != NIO && !address.isUnix();
    }
}
