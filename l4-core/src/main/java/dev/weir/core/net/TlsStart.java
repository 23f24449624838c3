package dev.weir.core.net;

import dev.weir.core.config.Address;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.AttributeKey;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Puts TLS under a channel that has been in use. */
final class TlsStart {
    /** What an upstream is called beside its address, where discovery has found it by a name. */
    static final AttributeKey<String> NAME = AttributeKey.valueOf(TlsStart.class, "name");

    private TlsStart() {}

    /**
     * The handler for an upstream: its certificate is to be for the host that was connected to, by name if it was found by one, or for the one {@code behind} it.
     */
    static TlsHandler handler(@Nullable Channel upstream, TlsClient tls, @Nullable Address behind) {
        if (upstream == null) {
            throw new IllegalStateException("no upstream connection to start TLS on");
        }
        if (behind != null) {
            return tls.handler(upstream, behind, null);
        }
        SocketAddress remote = upstream.remoteAddress();
        Address address = remote instanceof InetSocketAddress inet
                ? new Address(inet.getHostString(), inet.getPort())
                : Address.parse(Address.format(remote));
        return tls.handler(
                upstream, address, upstream.hasAttr(NAME) ? upstream.attr(NAME).get() : null);
    }

    /** Whether a channel broke because its TLS did. */
    static boolean isFailure(Throwable cause) {
        return cause instanceof SSLException || cause.getCause() instanceof SSLException;
    }

    /**
     * Adds {@code handler} nearest to the socket, but for TLS that is there already and lies around it.
     *
     * @param channel null if there is none, or it closes
     * @param first ciphertext that was read already, or null; owned
     * @param onFailure run when the handshake fails, behind the listeners of what is answered: a filter may tell the other peer before the connection closes
     * @return succeeds when the peer is known and trusted
     */
    static Future<?> begin(
            @Nullable Channel channel,
            TlsHandler handler,
            @Nullable ByteBuf first,
            Runnable onFailure,
            EventExecutor loop) {
        if (channel == null) {
            ReferenceCountUtil.release(first);
            handler.discard();
            return loop.newFailedFuture(new IllegalStateException("no connection to start TLS on"));
        }
        Promise<Object> secured = loop.newPromise();
        handler.handshakeFuture().addListener(done -> {
            if (handler.session() != null) {
                secured.trySuccess(handler);
            } else {
                secured.tryFailure(done.cause() == null ? new SSLException("the peer is not trusted") : done.cause());
                secured.addListener(told -> onFailure.run());
            }
        });
        try {
            add(channel.pipeline(), handler);
        } catch (RuntimeException e) {
            ReferenceCountUtil.release(first);
            handler.discard();
            throw e;
        }
        if (first != null) {
            Behind behind = new Behind();
            channel.pipeline().addBefore(channel.pipeline().context(handler).name(), null, behind);
            // Later, because the filter that asked is still running: plain text must not reach it before.
            loop.execute(() -> behind.deliver(first));
        }
        return secured;
    }

    private static void add(ChannelPipeline pipeline, TlsHandler handler) {
        String outer = null;
        for (Map.Entry<String, ChannelHandler> entry : pipeline) {
            if (entry.getValue() instanceof TlsHandler) {
                outer = entry.getKey();
            }
        }
        if (outer == null) {
            pipeline.addFirst(handler);
        } else {
            pipeline.addAfter(outer, null, handler);
        }
    }

    /** What is read meanwhile waits behind what was read before. */
    private static final class Behind extends ChannelInboundHandlerAdapter {
        private final ArrayDeque<Object> waiting = new ArrayDeque<>(2);
        private @Nullable ChannelHandlerContext context;

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            context = ctx;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            waiting.add(message);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            // told when all is delivered
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                waiting.add(event);
            } else {
                ctx.fireUserEventTriggered(event);
            }
        }

        void deliver(ByteBuf first) {
            ChannelHandlerContext ctx = context;
            if (ctx == null || ctx.isRemoved()) {
                first.release(); // closed meanwhile
                return;
            }
            waiting.addFirst(first);
            for (Object message = waiting.poll(); message != null; message = waiting.poll()) {
                if (message instanceof ChannelInputShutdownEvent) {
                    ctx.fireChannelReadComplete();
                    ctx.fireUserEventTriggered(message);
                } else {
                    ctx.fireChannelRead(message);
                }
            }
            ctx.fireChannelReadComplete();
            if (!ctx.isRemoved()) {
                ctx.pipeline().remove(this);
            }
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext ctx) {
            waiting.forEach(ReferenceCountUtil::release);
            waiting.clear();
        }
    }
}
