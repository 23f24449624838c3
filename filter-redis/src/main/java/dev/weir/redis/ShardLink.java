package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connection of one loop to one shard that clients of one {@link LinkKind} share: commands go out in the order in which they come, answers come
 * back in it. Connects when there is something to send, and again after it was lost.
 *
 * <pre>
 *   IDLE ──first command──▶ CONNECTING ──▶ GREETING ──all answered──▶ READY
 *     ▲                         │ failed      │ refused                  │ lost
 *     └─────────(for a while commands fail at once)──────────────────────┘
 * </pre>
 */
final class ShardLink extends ChannelInboundHandlerAdapter implements ProxyLoop.Flushing {
    private enum State {
        IDLE,
        CONNECTING,
        GREETING,
        READY
    }

    /** Up to here bytes are copied into one buffer with those before and behind them; larger pieces are passed as they are. */
    static final int COPIED = 256;

    private static final int OUT = 4 << 10;
    /** Most bytes that wait for a connection to be made. */
    private static final int MAX_WAITING = 4 << 20;

    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(1);
    private static final int RECENT = 32;

    private final ProxyLoop home;
    private final LinkSet set;
    private final LinkKind kind;
    private final Cluster cluster;
    private final Endpoint endpoint;
    private final String text;
    private final ShardMetrics.Counts metrics;
    private final boolean judged;

    private State state = State.IDLE;
    private @Nullable Channel channel;
    private @Nullable RespCursor cursor;
    private int greetings;
    private boolean leaving;

    private final CallRing sent = new CallRing();
    /** Of those sent, from the oldest on, how many have had their time. */
    private int expired;

    private final ArrayDeque<Call> waiting = new ArrayDeque<>(0);
    private int waitingBytes;
    private @Nullable ByteBuf out;
    private boolean dirty;
    private final ArrayDeque<ProxyClient> stopped = new ArrayDeque<>(0);
    private @Nullable ProxyClient slow;

    private long lastRead;
    private long now;
    private @Nullable ScheduledFuture<?> timer;
    private long pause;
    private long pausedUntil;
    private String failure = "";

    ShardLink(ProxyLoop home, LinkSet set, Cluster cluster, Endpoint endpoint) {
        this.home = home;
        this.set = set;
        this.kind = set.kind();
        this.cluster = cluster;
        this.endpoint = endpoint;
        this.text = endpoint.address().toString();
        this.metrics = home.metrics.shard(cluster.name(), text).onLoop(home.index);
        this.judged = cluster.wantsOutcomes();
    }

    Cluster cluster() {
        return cluster;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    /** Its address, always the same instance. */
    String text() {
        return text;
    }

    // ---- sending

    /** Sends a command, now or when there is a connection. If that cannot be, the call fails, perhaps at once. */
    void send(Call call, ByteBuf buf, int from, int length) {
        call.link = this;
        if (state == State.READY) {
            write(call, buf, from, length);
            return;
        }
        if (state == State.IDLE && pausedUntil != 0 && home.clock.nanoTime() - pausedUntil < 0) {
            refuse(call, failure);
            return;
        }
        if (waitingBytes + length > MAX_WAITING) {
            refuse(call, "too much waits for its connection");
            return;
        }
        call.request = home.allocator().buffer(length).writeBytes(buf, from, length);
        waitingBytes += length;
        waiting.add(call);
        metrics.queued(length);
        call.inLink = true;
        if (state == State.IDLE) {
            connect();
        }
    }

    private void write(Call call, ByteBuf buf, int from, int length) {
        Channel to = channel();
        if (length <= COPIED) {
            room(to, length).writeBytes(buf, from, length);
        } else {
            writeOut(to);
            to.write(buf.retainedSlice(from, length), to.voidPromise());
        }
        called(call, length);
        if (!to.isWritable()) {
            stop(call);
        }
        if (slow != null && slow != call.client) {
            slow = null;
            to.config().setAutoRead(true);
        }
    }

    private void called(Call call, int length) {
        call.inLink = true;
        sent.add(call);
        metrics.request(length);
        metrics.pending(call.requestBytes);
        soon();
        if (timer == null && home.settings.timeoutNanos() > 0) {
            watch(home.settings.timeoutNanos());
        }
    }

    private void stop(Call call) {
        ProxyClient client = call.merge == null ? call.client : call.merge.client();
        if (client != null && client.stopFor(this)) {
            stopped.add(client);
        }
    }

    private ByteBuf room(Channel to, int length) {
        ByteBuf buf = out;
        if (buf != null && buf.writableBytes() >= length) {
            return buf;
        }
        if (buf != null) {
            writeOut(to);
        }
        out = to.alloc().directBuffer(OUT);
        return out;
    }

    private void writeOut(Channel to) {
        ByteBuf buf = out;
        if (buf != null) {
            out = null;
            to.write(buf, to.voidPromise());
        }
    }

    private void soon() {
        if (!dirty) {
            dirty = true;
            home.soon(this);
        }
    }

    @Override
    public void flushNow() {
        dirty = false;
        Channel to = channel;
        if (to != null) {
            writeOut(to);
            to.flush();
        }
    }

    private Channel channel() {
        Channel to = channel;
        if (to == null) {
            throw new IllegalStateException("not connected to " + text);
        }
        return to;
    }

    // ---- connecting

    /** Connects before there is something to send. */
    void open() {
        if (state == State.IDLE && !leaving) {
            connect();
        }
    }

    private void connect() {
        state = State.CONNECTING;
        ChannelFuture connecting;
        try {
            connecting = endpoint.connect(home.loop, this);
        } catch (ChannelException noSocket) {
            failed("no socket: " + noSocket.getMessage());
            return;
        }
        if (connecting == null) {
            failed("a limit of connections is reached");
            return;
        }
        channel = connecting.channel();
        connecting.addListener((ChannelFuture done) -> {
            if (done.channel() == channel && state == State.CONNECTING) {
                connected(done);
            }
        });
    }

    private void connected(ChannelFuture done) {
        if (!done.isSuccess()) {
            Throwable cause = done.cause();
            boolean late = cause instanceof io.netty.channel.ConnectTimeoutException;
            endpoint.done(late ? Endpoint.Outcome.TIMEOUT : Endpoint.Outcome.CONNECT_FAILED, -1);
            metrics.failed();
            metrics.broken();
            channel = null;
            failed(late ? "no connection within " + cluster.connectTimeoutMillis() + " ms" : reason(cause));
            return;
        }
        Channel to = done.channel();
        cursor = new RespCursor(home.shared);
        lastRead = home.clock.nanoTime();
        metrics.opened();
        ByteBuf greeting = to.alloc().buffer();
        greetings = kind.greet(greeting, home.settings, endpoint.address().isUnix());
        to.config().setAutoRead(true);
        if (greetings == 0) {
            greeting.release();
            ready();
            return;
        }
        state = State.GREETING;
        to.writeAndFlush(greeting, to.voidPromise());
        if (home.settings.timeoutNanos() > 0) {
            home.loop.schedule(
                    () -> {
                        if (state == State.GREETING && channel == to) {
                            lose("no answer to its log-in in time");
                        }
                    },
                    home.settings.timeoutNanos(),
                    TimeUnit.NANOSECONDS);
        }
    }

    private static String reason(Throwable cause) {
        String message = cause.getMessage();
        String text = message == null ? cause.getClass().getSimpleName() : message;
        int end = text.indexOf("failed with error(-");
        if (end >= 0) {
            int colon = text.indexOf("): ", end);
            text = colon > 0 ? text.substring(colon + 3) : text;
        }
        int address = text.indexOf(": ");
        return address >= 0 ? text.substring(0, address).toLowerCase(java.util.Locale.ROOT) : text;
    }

    private void ready() {
        state = State.READY;
        pause = 0;
        pausedUntil = 0;
        set.refusal(null);
        metrics.connected();
        long time = home.clock.nanoTime();
        Call call = waiting.poll();
        while (call != null) {
            ByteBuf request = call.request;
            call.request = null;
            if (request == null) {
                throw new IllegalStateException("a call waits without its request");
            }
            metrics.unqueued(request.readableBytes());
            if (call.done || call.client == null && call.merge == null) {
                call.inLink = false;
                call.free();
            } else {
                call.sent = time;
                write(call, request, request.readerIndex(), request.readableBytes());
            }
            request.release();
            call = waiting.poll();
        }
        waitingBytes = 0;
        if (leaving && sent.isEmpty()) {
            leave();
        }
    }

    /** There is no connection, nor will there be one for a while. */
    private void failed(String why) {
        state = State.IDLE;
        failure = why;
        pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, pause * 2));
        pausedUntil = home.clock.nanoTime() + pause;
        Call call = waiting.poll();
        while (call != null) {
            call.inLink = false;
            ByteBuf request = call.request;
            call.request = null;
            if (request != null) {
                metrics.unqueued(request.readableBytes());
                if (!elsewhere(call, request)) {
                    refuse(call, why);
                    call.free();
                }
                request.release();
            }
            call = waiting.poll();
        }
        waitingBytes = 0;
        resumeStopped();
    }

    private boolean elsewhere(Call call, ByteBuf request) {
        ProxyClient client = call.merge == null ? call.client : call.merge.client();
        return !call.done && client != null && home.dispatch.retry(call, client, this, request);
    }

    private void refuse(Call call, String why) {
        home.metrics.forwardErrors.increment();
        home.fail(call, "ERR shard " + text + " of cluster " + cluster.name() + ": " + why);
    }

    /** It is put into one channel after the other. */
    @Override
    public boolean isSharable() {
        return true;
    }

    // ---- answers

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data) || ctx.channel() != channel) {
            ReferenceCountUtil.release(message);
            return;
        }
        now = home.clock.nanoTime();
        lastRead = now;
        metrics.received(data.readableBytes());
        try {
            walk(data);
        } catch (SniffException e) {
            lose("its answer is no RESP (" + e.getMessage() + ")");
        } finally {
            data.release();
        }
    }

    private void walk(ByteBuf data) {
        RespCursor answers = cursor;
        int i = data.readerIndex();
        int to = data.writerIndex();
        while (i < to && answers != null && answers == cursor) {
            if (answers.atBoundary() && data.getByte(i) == '>') {
                throw new SniffException("push");
            }
            boolean last = answers.step(data, i, to) == RespCursor.Event.VALUE;
            int end = answers.position();
            if (state == State.GREETING) {
                if (last) {
                    greeted(answers.value());
                }
            } else {
                answered(data, i, end - i, last, answers);
            }
            if (last) {
                answers.release();
            }
            i = end;
        }
    }

    private void greeted(RespValue value) {
        if (value.type == '-') {
            String error = new String(value.text, 0, value.textLength, java.nio.charset.StandardCharsets.UTF_8);
            set.refusal(error);
            lose(
                    greetings == 1
                                    && kind.databaseOf(
                                                    home.settings,
                                                    endpoint.address().isUnix())
                                            > 0
                            ? error
                            : home.settings.login().refusal(error));
        } else if (--greetings == 0) {
            ready();
        }
    }

    private void answered(ByteBuf data, int from, int length, boolean last, RespCursor answers) {
        Call call = sent.peek();
        if (call == null) {
            throw new SniffException("unasked");
        }
        if (last) {
            sent.remove();
            metrics.settled(call.requestBytes);
            expired = Math.max(0, expired - 1);
        }
        if (!call.done) {
            call.responseBytes += length;
            if (last) {
                outcome(call, answers.value());
            }
            home.answer(call, data, from, length, last);
        }
        if (last) {
            call.inLink = false;
            call.free();
            if (leaving && sent.isEmpty()) {
                leave();
            }
        }
    }

    private void outcome(Call call, RespValue value) {
        call.end = now;
        Outcome outcome = home.outcome;
        outcome.clear();
        Answers.value(outcome, call.info, value, home.errors);
        call.status = outcome.status;
        call.error = outcome.error;
        call.rows = outcome.rows;
        call.hit = outcome.hit;
        boolean error = outcome.status == Exchange.Status.ERROR;
        metrics.answered(error, now - call.sent);
        if (judged) {
            String code = outcome.error;
            endpoint.done(
                    error && code != null ? home.judge(code) : Endpoint.Outcome.SUCCESS, (now - call.sent) / 1_000);
        }
    }

    /** The client cannot take more. If nobody else waits for answers of this link, it need not read any. */
    void slowDown(ProxyClient client) {
        Channel from = channel;
        if (from == null || sent.size() > RECENT) {
            return;
        }
        for (int i = 0; i < sent.size(); i++) {
            if (sent.get(i).client != client) {
                return;
            }
        }
        slow = client;
        from.config().setAutoRead(false);
    }

    /** The client reads again, or has left. */
    void speedUp(ProxyClient client) {
        if (slow == client) {
            slow = null;
            if (channel != null) {
                channel.config().setAutoRead(true);
            }
        }
    }

    // ---- time

    private void watch(long nanos) {
        timer = home.loop.schedule(this::check, nanos, TimeUnit.NANOSECONDS);
    }

    private void check() {
        timer = null;
        long timeout = home.settings.timeoutNanos();
        long time = home.clock.nanoTime();
        while (expired < sent.size() && time - sent.get(expired).sent >= timeout) {
            Call call = sent.get(expired++);
            if (!call.done) {
                metrics.timedOut();
                if (judged) {
                    endpoint.done(Endpoint.Outcome.TIMEOUT, timeout / 1_000);
                }
                refuse(call, "no answer within " + timeout / 1_000_000 + " ms");
            }
        }
        Call oldest = sent.peek();
        if (oldest == null) {
            return;
        }
        if (slow == null && time - Math.max(oldest.sent, lastRead) >= 2 * timeout) {
            lose("silent for " + 2 * timeout / 1_000_000 + " ms");
            return;
        }
        long next = expired < sent.size() ? sent.get(expired).sent + timeout - time : timeout;
        watch(Math.max(next, TimeUnit.MILLISECONDS.toNanos(1)));
    }

    // ---- the end

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            resumeStopped();
        }
    }

    private void resumeStopped() {
        // Those who resume may fill it again, and stop again.
        for (int n = stopped.size(); n > 0; n--) {
            ProxyClient client = stopped.poll();
            if (client != null) {
                client.goOnFor(this);
            }
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent && ctx.channel() == channel) {
            metrics.ended();
            lose("it closed the connection");
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (ctx.channel() == channel) {
            metrics.ended();
            lose("it closed the connection");
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (ctx.channel() == channel) {
            metrics.broken();
            lose(cause instanceof java.io.IOException ? "connection lost: " + cause.getMessage() : cause.toString());
        } else {
            ctx.close();
        }
    }

    /** The connection is of no use any more: whoever waits on it is told. */
    private void lose(String why) {
        Channel lost = channel;
        boolean greeting = state == State.GREETING;
        if (cursor != null) {
            metrics.closed();
        }
        channel = null;
        cursor = null;
        slow = null;
        state = State.IDLE;
        if (out != null) {
            out.release();
            out = null;
        }
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
        if (lost != null) {
            lost.close();
        }
        if (greeting || !sent.isEmpty()) {
            metrics.failed();
            endpoint.done(Endpoint.Outcome.CONNECT_FAILED, -1);
        }
        expired = 0;
        // What is sent from here on begins a connection of its own.
        for (int n = sent.size(); n > 0; n--) {
            Call call = sent.get(0);
            sent.remove();
            metrics.settled(call.requestBytes);
            call.inLink = false;
            refuse(call, why);
            call.free();
        }
        if (greeting) {
            failed(why);
        } else {
            resumeStopped();
        }
    }

    /** Nobody sends on it any more; it ends when nothing waits. */
    void leave() {
        leaving = true;
        if (sent.isEmpty() && waiting.isEmpty() && channel != null && state != State.CONNECTING) {
            Channel idle = channel;
            channel = null;
            state = State.IDLE;
            if (timer != null) {
                timer.cancel(false);
                timer = null;
            }
            if (out != null) {
                out.release();
                out = null;
            }
            cursor = null;
            metrics.closed();
            idle.close();
        }
    }
}
