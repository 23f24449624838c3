package dev.weir.core.net;

import dev.weir.core.config.Address;
import dev.weir.core.config.ClusterConfig;
import dev.weir.core.tls.TlsHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundInvoker;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsNameResolverChannelStrategy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Makes upstream connections; resolves names without blocking. One per proxy. */
final class Connector implements AutoCloseable {
    private static final int LONGEST_TTL_SECONDS = 60;

    private final Transport transport;
    private final WriteBufferWaterMark waterMark = new WriteBufferWaterMark(32 << 10, 64 << 10);
    private @Nullable DnsAddressResolverGroup resolvers;

    Connector(Transport transport) {
        this.transport = transport;
    }

    Transport transport() {
        return transport;
    }

    /**
     * How a connection begins, below all handlers.
     *
     * @param greeting what is written before anything else, or null
     * @param secure TLS that follows it, or null
     * @param name what the peer is called beside its address, or null
     */
    record Begin(
            @Nullable ProxyGreeting greeting,
            @Nullable UpstreamTls secure,
            @Nullable String name) {
        void start(Channel channel, Address address, ChannelPromise promise) {
            if (greeting != null) {
                ChannelHandlerContext first = channel.pipeline().firstContext();
                ChannelOutboundInvoker below = first == null ? channel : first;
                below.writeAndFlush(greeting.write(channel.alloc()));
            }
            if (secure == null) {
                promise.trySuccess();
                return;
            }
            TlsHandler handler;
            try {
                handler = secure.client().handler(channel, address, name);
            } catch (RuntimeException e) {
                promise.tryFailure(e);
                channel.close();
                return;
            }
            handler.handshakeFuture().addListener(done -> {
                if (handler.session() != null) {
                    promise.trySuccess();
                } else {
                    promise.tryFailure(
                            done.cause() == null ? new SSLException("the peer is not trusted") : done.cause());
                    channel.close();
                }
            });
            channel.pipeline().addFirst(handler);
        }
    }

    /** The connection is there when its TLS is. */
    ChannelFuture connect(
            Address address, ClusterConfig config, EventLoop loop, ChannelHandler initializer, Begin begin) {
        SocketAddress target = transport.socketAddress(address);
        Channel channel = transport.client(address, target);
        var options = channel.config();
        options.setAutoRead(false);
        options.setAllocator(Buffers.ALLOCATOR);
        options.setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        // A server may answer and leave while the client still sends: what it said is to be read first.
        options.setAutoClose(false);
        options.setConnectTimeoutMillis((int) config.connectTimeout().toMillis());
        options.setWriteBufferWaterMark(waterMark);
        ChannelPromise promise = channel.newPromise();
        if (channel instanceof SocketChannel socket) {
            Transport.noDelay(socket, config.noDelay());
            if (config.keepAlive()) {
                socket.config().setKeepAlive(true);
            }
        }
        channel.pipeline().addLast(initializer);
        ChannelFuture registered = loop.register(channel);
        registered.addListener(done -> {
            if (!done.isSuccess()) {
                channel.unsafe().closeForcibly();
                promise.tryFailure(done.cause());
            } else {
                resolveAndConnect(address, target, config, channel, promise, begin);
            }
        });
        return promise;
    }

    private void resolveAndConnect(
            Address address,
            SocketAddress target,
            ClusterConfig config,
            Channel channel,
            ChannelPromise promise,
            Begin begin) {
        if (target instanceof InetSocketAddress inet && inet.isUnresolved()) {
            resolvers().getResolver(channel.eventLoop()).resolve(inet).addListener(done -> {
                if (done.isSuccess()) {
                    connect(address, (SocketAddress) done.getNow(), config, channel, promise, begin);
                } else {
                    channel.close();
                    promise.tryFailure(done.cause());
                }
            });
        } else {
            connect(address, target, config, channel, promise, begin);
        }
    }

    private static void connect(
            Address address,
            SocketAddress target,
            ClusterConfig config,
            Channel channel,
            ChannelPromise promise,
            Begin begin) {
        Address source = config.sourceAddress();
        InetAddress from = source == null ? null : source.literal();
        ChannelFuture connecting =
                from == null ? channel.connect(target) : channel.connect(target, new InetSocketAddress(from, 0));
        connecting.addListener(done -> {
            if (done.isSuccess()) {
                begin.start(channel, address, promise);
            } else {
                channel.close();
                promise.tryFailure(done.cause());
            }
        });
    }

    private synchronized DnsAddressResolverGroup resolvers() {
        if (resolvers == null) {
            resolvers = new DnsAddressResolverGroup(new DnsNameResolverBuilder()
                    .datagramChannelType(transport.datagram())
                    // Clients may choose names, and whoever answers for these how long they are kept.
                    .ttl(0, LONGEST_TTL_SECONDS)
                    // A channel that could not be made, for lack of descriptors, would be kept for ever.
                    .datagramChannelStrategy(DnsNameResolverChannelStrategy.ChannelPerResolution));
        }
        return resolvers;
    }

    @Override
    public synchronized void close() {
        if (resolvers != null) {
            resolvers.close();
        }
    }
}
