package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The connection of one loop to one shard that carries all subscriptions, in RESP2. Ends when there are none. */
final class SubscriptionLink extends ChannelInboundHandlerAdapter {
    private final ProxyLoop home;
    private final ProxyPubSub hub;
    private final Cluster cluster;
    private final Endpoint endpoint;
    private final RespCursor cursor;
    private final Set<Topic> topics = new LinkedHashSet<>();
    private final int greetings;
    private @Nullable Channel channel;
    private @Nullable ByteBuf early;
    private @Nullable ByteBuf input;
    private int greeted;
    /** Of the input, what the cursor has seen already. */
    private int scanned;

    private boolean closed;

    SubscriptionLink(ProxyLoop home, ProxyPubSub hub, Cluster cluster, Endpoint endpoint) {
        this.home = home;
        this.hub = hub;
        this.cluster = cluster;
        this.endpoint = endpoint;
        this.cursor = new RespCursor(home.shared);
        ByteBuf first = home.allocator().buffer();
        this.greetings = new LinkKind(false, 0).greet(first, home.settings.login(), 0);
        this.early = first;
        home.loop.execute(this::connect); // not before its subscriptions are known
    }

    Endpoint endpoint() {
        return endpoint;
    }

    private void connect() {
        if (closed) {
            return;
        }
        ChannelFuture connecting;
        try {
            connecting = endpoint.connect(home.loop, this);
        } catch (ChannelException noSocket) {
            lose("no socket: " + noSocket.getMessage());
            return;
        }
        if (connecting == null) {
            lose("a limit of connections is reached");
            return;
        }
        channel = connecting.channel();
        connecting.addListener((ChannelFuture done) -> {
            if (closed) {
                done.channel().close();
            } else if (done.isSuccess()) {
                done.channel().config().setAutoRead(true);
                ByteBuf first = early;
                early = null;
                if (first != null) {
                    done.channel().writeAndFlush(first, done.channel().voidPromise());
                }
            } else {
                endpoint.done(Endpoint.Outcome.CONNECT_FAILED, -1);
                lose("no connection: " + done.cause().getMessage());
            }
        });
    }

    void subscribe(Topic topic) {
        topics.add(topic);
        topic.unconfirmed++;
        send(topic.key.kind().subscribe, topic.key);
    }

    void unsubscribe(Topic topic) {
        if (topics.remove(topic)) {
            if (topics.isEmpty()) {
                hub.lost(this, "", Set.of());
                close();
            } else {
                send(topic.key.kind().unsubscribe, topic.key);
            }
        }
    }

    private void send(String command, Topic.Key key) {
        ByteBuf to = early;
        Channel connected = channel;
        if (to == null && connected == null) {
            return;
        }
        ByteBuf request = to == null ? home.allocator().buffer() : to;
        Resp.arrayHeader(request, 2);
        Resp.bulk(request, command);
        byte[] name = key.bytes();
        Resp.bulk(request, name, 0, name.length);
        if (to == null && connected != null) {
            connected.writeAndFlush(request, connected.voidPromise());
        }
    }

    // ---- what comes

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data) || closed) {
            ReferenceCountUtil.release(message);
            return;
        }
        ByteBuf before = input;
        if (before == null) {
            input = data;
        } else {
            ByteBuf joined = ctx.alloc().buffer(before.readableBytes() + data.readableBytes());
            joined.writeBytes(before).writeBytes(data);
            before.release();
            data.release();
            input = joined;
        }
        try {
            frames();
        } catch (SniffException | IllegalStateException | NumberFormatException e) {
            lose("its message is no RESP (" + e.getMessage() + ")");
        }
    }

    private void frames() {
        ByteBuf buf = input;
        while (!closed && buf != null && buf.readerIndex() + scanned < buf.writerIndex()) {
            int from = buf.readerIndex();
            RespCursor.Event event = cursor.step(buf, from + scanned, buf.writerIndex());
            int end = cursor.position();
            if (event != RespCursor.Event.VALUE) {
                scanned = end - from;
                if (scanned > home.settings.outputLimit()) {
                    lose("a message is longer than client_output_limit allows");
                }
                return;
            }
            scanned = 0;
            cursor.release();
            buf.readerIndex(end);
            // Whoever hears it may leave, and this connection end with the last one.
            ByteBuf frame = buf.retainedSlice(from, end - from);
            try {
                frame(frame);
            } finally {
                frame.release();
            }
        }
        if (!closed && buf != null && !buf.isReadable()) {
            buf.release();
            input = null;
        }
    }

    private void frame(ByteBuf frame) {
        byte type = frame.getByte(0);
        if (greeted < greetings) {
            greeted++;
            if (type == '-') {
                lose(home.settings.login().refusal(Scattering.line(frame)));
            }
            return;
        }
        if (type == '-') {
            lose(Scattering.line(frame));
            return;
        }
        if (type != '*') {
            return;
        }
        Merges.Elements.Walk walk = new Merges.Elements.Walk(frame);
        walk.next();
        String what = text(walk);
        walk.next();
        switch (what) {
            case "message":
                hub.message(new Topic.Key(Topic.Kind.CHANNEL, text(walk)), frame);
                break;
            case "pmessage":
                hub.message(new Topic.Key(Topic.Kind.PATTERN, text(walk)), frame);
                break;
            case "smessage":
                hub.message(new Topic.Key(Topic.Kind.SHARD, text(walk)), frame);
                break;
            case "subscribe":
                hub.confirmed(new Topic.Key(Topic.Kind.CHANNEL, text(walk)));
                break;
            case "psubscribe":
                hub.confirmed(new Topic.Key(Topic.Kind.PATTERN, text(walk)));
                break;
            case "ssubscribe":
                hub.confirmed(new Topic.Key(Topic.Kind.SHARD, text(walk)));
                break;
            case "sunsubscribe":
                // A shard that loses a channel says so without being asked.
                break;
            default:
        }
    }

    /** The text of the element at hand; each char is a byte. */
    private static String text(Merges.Elements.Walk walk) {
        int digits = walk.answer.indexOf(walk.from, walk.at, (byte) '\n') + 1;
        int length = walk.at - 2 - digits;
        return length < 0 ? "" : walk.answer.toString(digits, length, StandardCharsets.ISO_8859_1);
    }

    // ---- the end

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            lose("it closed the connection");
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        lose("it closed the connection");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        lose(cause instanceof IOException ? "connection lost: " + cause.getMessage() : cause.toString());
    }

    private void lose(String why) {
        if (!closed) {
            close();
            hub.lost(this, "ERR shard " + endpoint.address() + " of cluster " + cluster.name() + ": " + why, topics);
        }
    }

    void close() {
        closed = true;
        if (early != null) {
            early.release();
            early = null;
        }
        if (input != null) {
            input.release();
            input = null;
        }
        cursor.release();
        if (channel != null) {
            channel.close();
        }
    }
}
