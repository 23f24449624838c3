package dev.weir.core.discovery;

import dev.weir.core.config.Address;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsNameResolverChannelStrategy;
import io.netty.resolver.dns.DnsServerAddressStream;
import io.netty.resolver.dns.DnsServerAddressStreamProvider;
import io.netty.resolver.dns.DnsServerAddressStreamProviders;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Asks servers of names, on one loop: by UDP, by TCP where an answer does not fit, one server after the other. Nothing is cached: it is the
 * TTL that says when to ask again.
 */
final class DnsLookup implements AutoCloseable {
    private final EventLoop loop;
    private final DnsServerAddressStreamProvider servers;
    private final DnsNameResolver resolver;

    /** Reads files of the system: not on a loop. */
    DnsLookup(EventLoop loop, DnsSettings settings) {
        this.loop = loop;
        servers = settings.servers().isEmpty()
                ? DnsServerAddressStreamProviders.platformDefault()
                : new SequentialDnsServerAddressStreamProvider(settings.servers());
        resolver = channels(new DnsNameResolverBuilder(loop), loop)
                .nameServerProvider(servers)
                .queryTimeoutMillis(settings.timeout().toMillis())
                // A channel that could not be made, for lack of descriptors, would be kept for ever.
                .datagramChannelStrategy(DnsNameResolverChannelStrategy.ChannelPerResolution)
                .build();
    }

    private static DnsNameResolverBuilder channels(DnsNameResolverBuilder builder, EventLoop loop) {
        if (loop instanceof IoEventLoop io && io.isCompatible(EpollIoHandle.class)) {
            return builder.datagramChannelType(EpollDatagramChannel.class).socketChannelType(EpollSocketChannel.class);
        }
        if (loop instanceof IoEventLoop io && io.isCompatible(IoUringIoHandle.class)) {
            return builder.datagramChannelType(IoUringDatagramChannel.class)
                    .socketChannelType(IoUringSocketChannel.class);
        }
        return builder.datagramChannelType(NioDatagramChannel.class).socketChannelType(NioSocketChannel.class);
    }

    /** Whether a name can be asked for at all. */
    static boolean askable(String name) {
        return question(name, DnsRecordType.A) != null;
    }

    /** Null for a name that cannot be. */
    static @Nullable DefaultDnsQuestion question(String name, DnsRecordType type) {
        String bare = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        if (bare.isEmpty() || bare.startsWith(".") || bare.contains("..") || bare.length() > 253) {
            return null;
        }
        for (String label : bare.split("\\.", -1)) {
            if (label.length() > 63) {
                return null;
            }
        }
        try {
            return new DefaultDnsQuestion(bare, type);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /**
     * Asks for the records of a full name. {@code decoder} reads the data of one record, and answers null if that is malformed. The answer
     * never fails, and comes on the loop.
     */
    <T> Future<DnsAnswer<T>> ask(String name, DnsRecordType type, Function<ByteBuf, @Nullable T> decoder) {
        DnsServerAddressStream stream = servers.nameServerAddressStream(name);
        return new DnsAsking<>(resolver, stream.duplicate(), type, decoder, loop.<DnsAnswer<T>>newPromise())
                .start(name);
    }

    /** As servers are written in messages. */
    static String shown(InetSocketAddress server) {
        return Address.format(server);
    }

    @Override
    public void close() {
        resolver.close();
    }
}
