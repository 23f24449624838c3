package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connection of one loop to one shard that carries all subscriptions, in RESP2. Ends when there are none. What was asked is confirmed in its order;
 * a shard that says nothing for twice the time-out, although it was pinged, is lost.
 */
final class SubscriptionLink extends ChannelInboundHandlerAdapter {
    /**
     * What was asked.
     *
     * @param topic null for PING
     */
    private record Asked(@Nullable Topic topic, boolean subscribes) {}

    private final ProxyLoop home;
    private final ProxyPubSub hub;
    private final Cluster cluster;
    private final Endpoint endpoint;
    private final RespCursor cursor;
    private final Pieces output;
    private final Set<Topic> topics = new LinkedHashSet<>();
    private final ArrayDeque<Asked> asked = new ArrayDeque<>();
    private final int greetings;
    private @Nullable Channel channel;
    /** What is to be sent as soon as there is a connection. */
    private @Nullable ByteBuf early;

    private @Nullable ByteBuf input;
    private @Nullable ScheduledFuture<?> pinging;
    private boolean heard;
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
        this.output = new Pieces(home, () -> {});
        ByteBuf first = home.allocator().buffer();
        this.greetings = LinkKind.FIRST.greet(first, home.settings.upstream().at(endpoint.address()), 0);
        this.early = first;
        home.loop.execute(this::connect); // not before its subscriptions are known
    }

    Endpoint endpoint() {
        return endpoint;
    }

    boolean has(@Nullable Topic topic) {
        return topics.contains(topic);
    }

    private void connect() {
        if (closed) {
            return;
        }
        ChannelFuture connecting = ConnectFailure.connect(endpoint, home.loop, this, this::lose);
        if (connecting == null) {
            return;
        }
        channel = connecting.channel();
        connecting.addListener((ChannelFuture done) -> {
            if (closed) {
                done.channel().close();
            } else if (done.isSuccess()) {
                connected(done.channel());
            } else {
                endpoint.done(ConnectFailure.outcome(done.cause()), -1);
                lose(ConnectFailure.text(done.cause(), cluster));
            }
        });
    }

    private void connected(Channel to) {
        output.open(to, to);
        to.config().setAutoRead(true);
        ByteBuf first = early;
        early = null;
        if (first != null) {
            output.addWhole(first);
        }
        long every = home.settings.timeoutNanos();
        if (every > 0) {
            heard = true;
            pinging = home.loop.scheduleWithFixedDelay(this::ping, every, every, TimeUnit.NANOSECONDS);
        }
    }

    private void ping() {
        if (!heard) {
            lose("silent for " + 2 * home.settings.timeoutNanos() / 1_000_000 + " ms");
            return;
        }
        heard = false;
        asked.add(new Asked(null, false));
        ByteBuf request = output.room(16);
        Resp.arrayHeader(request, 1);
        Resp.bulk(request, "PING");
    }

    void subscribe(Topic topic) {
        topics.add(topic);
        topic.unconfirmed++;
        send(topic.key.kind().subscribe, topic, true);
    }

    void unsubscribe(Topic topic) {
        if (topics.remove(topic)) {
            if (topics.isEmpty()) {
                hub.ended(this);
                close();
            } else {
                send(topic.key.kind().unsubscribe, topic, false);
            }
        }
    }

    private void send(String command, Topic topic, boolean subscribes) {
        if (closed) {
            return;
        }
        asked.add(new Asked(topic, subscribes));
        byte[] name = topic.key.bytes();
        ByteBuf request = early != null ? early : output.room(name.length + 64);
        Resp.arrayHeader(request, 2);
        Resp.bulk(request, command);
        Resp.bulk(request, name, 0, name.length);
    }

    // ---- what comes

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data) || closed) {
            ReferenceCountUtil.release(message);
            return;
        }
        heard = true;
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
        byte type = frame.getByte(frame.readerIndex());
        if (greeted < greetings) {
            greeted++;
            if (type == '-') {
                lose(home.settings.upstream().at(endpoint.address()).refusal(Scattering.line(frame)));
            }
            return;
        }
        if (type == '-') {
            refused(Scattering.line(frame));
            return;
        }
        AnswerWalk walk = new AnswerWalk(frame);
        walk.enter();
        String what = name(walk);
        switch (what) {
            case "message" -> hub.message(new Topic.Key(Topic.Kind.CHANNEL, name(walk)), frame);
            case "pmessage" -> hub.message(new Topic.Key(Topic.Kind.PATTERN, name(walk)), frame);
            case "smessage" -> hub.message(new Topic.Key(Topic.Kind.SHARD, name(walk)), frame);
            case "sunsubscribe" -> shardUnsubscribed(name(walk));
            default -> answered();
        }
    }

    /** The oldest of what was asked has its answer. */
    private void answered() {
        Asked oldest = asked.poll();
        if (oldest != null && oldest.subscribes && oldest.topic != null) {
            hub.confirmed(oldest.topic);
        }
    }

    private void refused(String error) {
        Asked oldest = asked.poll();
        if (oldest != null && oldest.subscribes && oldest.topic != null) {
            topics.remove(oldest.topic);
            Redirection to = Redirection.read(error, endpoint.address());
            hub.lost(
                    oldest.topic,
                    to == null ? error : home.elsewhere.learn(cluster, endpoint, to) + ": subscribe again");
            if (!closed && topics.isEmpty()) {
                hub.ended(this);
                close();
            }
        }
    }

    /** A shard that gives a channel away says so without being asked. */
    private void shardUnsubscribed(String name) {
        Asked oldest = asked.peek();
        Topic.Key key = new Topic.Key(Topic.Kind.SHARD, name);
        if (oldest != null && !oldest.subscribes && oldest.topic != null && oldest.topic.key.equals(key)) {
            asked.poll();
            return;
        }
        for (Topic topic : List.copyOf(topics)) {
            if (topic.key.equals(key)) {
                topics.remove(topic);
                hub.lost(topic, null);
            }
        }
    }

    /** Passes the text at hand; each char is a byte. */
    private static String name(AnswerWalk walk) {
        return new String(walk.bytes(), StandardCharsets.ISO_8859_1);
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
            List<Topic> its = List.copyOf(topics);
            close();
            hub.lost(this, ConnectFailure.error(cluster, endpoint, why), its);
        }
    }

    void close() {
        closed = true;
        topics.clear();
        if (pinging != null) {
            pinging.cancel(false);
        }
        output.close();
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
