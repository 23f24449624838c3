package dev.weir.proxy;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A process asks for the sockets of this one: the old side of {@link TakeoverMessages}. On the thread of the takeover. */
final class TakeoverConversation extends SimpleChannelInboundHandler<String> {
    private static final Logger LOG = LoggerFactory.getLogger(TakeoverConversation.class);
    /** Longest time for all of it, so that a process that hangs is not waited for. */
    private static final long PATIENCE_SECONDS = 120;

    private final TakeoverServer.Source source;
    private final int user;

    private List<ListenSocket> sockets = List.of();
    private boolean greeted;

    /** {@code user} is the number of the only user who may ask. */
    TakeoverConversation(TakeoverServer.Source source, int user) {
        this.source = source;
        this.user = user;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) throws IOException {
        int peer = ((EpollDomainSocketChannel) ctx.channel()).peerCredentials().uid();
        if (peer != user) {
            fail(ctx, "asked by user " + peer + " (expected: user " + user + ")");
            return;
        }
        ctx.executor().schedule(() -> ctx.close(), PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, String line) {
        Map<?, ?> message = TakeoverMessages.read(line);
        if (!greeted) {
            greet(ctx, message);
        } else if (message.get("send") instanceof Number first) {
            send(ctx, first.intValue());
        } else if (message.get("in_force") instanceof List<?> addresses) {
            handOver(ctx, addresses);
        } else {
            fail(ctx, "no takeover message");
        }
    }

    private void greet(ChannelHandlerContext ctx, Map<?, ?> message) {
        String problem = TakeoverMessages.problem(message);
        if (problem == null && source.draining()) {
            problem = "it is draining already";
        }
        if (problem != null) {
            fail(ctx, problem);
            return;
        }
        ListenSocket admin;
        try {
            sockets = new ArrayList<>(source.listenSockets());
            admin = source.adminSocket();
        } catch (IllegalStateException e) {
            fail(ctx, String.valueOf(e.getMessage()));
            return;
        }
        ctx.writeAndFlush(TakeoverMessages.line(TakeoverMessages.offer(sockets, admin)));
        if (admin != null) {
            sockets.add(admin);
        }
        greeted = true;
        LOG.info("a process of version {} asks for the sockets", message.get("version"));
    }

    private void send(ChannelHandlerContext ctx, int first) {
        int end = Math.min(sockets.size(), first + TakeoverMessages.BATCH);
        for (int i = Math.max(0, first); i < end; i++) {
            ctx.write(new FileDescriptor(sockets.get(i).descriptor()));
        }
        ctx.flush();
    }

    private void handOver(ChannelHandlerContext ctx, List<?> addresses) {
        if (source.draining()) {
            fail(ctx, "it is draining already");
            return;
        }
        Set<Address> kept = new HashSet<>();
        try {
            addresses.forEach(address -> kept.add(Address.parse(String.valueOf(address))));
        } catch (IllegalArgumentException e) {
            fail(ctx, String.valueOf(e.getMessage()));
            return;
        }
        source.handOver(kept);
        ctx.writeAndFlush(TakeoverMessages.line(Map.of("draining", true))).addListener(ChannelFutureListener.CLOSE);
    }

    private static void fail(ChannelHandlerContext ctx, String problem) {
        LOG.warn("a takeover was refused: {}", problem);
        ctx.writeAndFlush(TakeoverMessages.line(Map.of("error", problem))).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.warn("a takeover failed: {}", cause.toString());
        ctx.close();
    }
}
