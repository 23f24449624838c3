package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.util.ArrayList;
import java.util.List;
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
final class ShardLink {
    private enum State {
        IDLE,
        CONNECTING,
        GREETING,
        READY
    }

    private final ProxyLoop home;
    private final LinkGreeting greeting;
    private final LinkSet set;
    private final Cluster cluster;
    private final Shards shards;
    private Endpoint endpoint;
    private final String text;
    private final ShardMetrics.Counts metrics;
    private final boolean own;
    private State state = State.IDLE;
    private @Nullable Channel channel;
    private @Nullable LinkAnswers answers;
    private boolean leaving;
    private boolean lost;

    private final CallRing sent = new CallRing();
    private final WaitingCalls waiting;
    private final Pieces output;
    private final StoppedClients stopped = new StoppedClients(this);
    private final LinkPace pace = new LinkPace(sent);

    private final LinkDeadlines deadlines;
    private final BackOff backOff = new BackOff();
    private String failure = "";

    /** @param own whether it is one client's alone: then it is not made again when it is lost, and waits for ever for what may block */
    ShardLink(ProxyLoop home, LinkSet set, Cluster cluster, Endpoint endpoint, boolean own) {
        this.own = own;
        this.home = home;
        this.set = set;
        this.greeting = new LinkGreeting(home, set.kind(), cluster, endpoint.address());
        this.cluster = cluster;
        this.shards = home.shards(cluster);
        this.endpoint = endpoint;
        this.text = endpoint.address().toString();
        this.metrics = home.metrics.shard(cluster.name(), text).onLoop(home.index);
        this.output = new Pieces(home, () -> {});
        this.waiting = new WaitingCalls(home, metrics);
        this.deadlines = new LinkDeadlines(home, this, sent);
    }

    Cluster cluster() {
        return cluster;
    }

    Endpoint endpoint() {
        return endpoint;
    }

    /** The same server, of which something else is known now. */
    void endpoint(Endpoint same) {
        endpoint = same;
    }

    /** The connections that it is one of. */
    LinkSet set() {
        return set;
    }

    /** Whether it cannot be connected to, as was seen a moment ago. */
    boolean isDown() {
        if (backOff.isFailing() && state == State.IDLE && !backOff.waits(home.clock.nanoTime())) {
            open(); // whether it is back is not tried out with anybody's command
        }
        return backOff.isFailing();
    }

    /** Whether it takes commands that may as well be left out. */
    boolean takesCopies() {
        Channel to = channel;
        return !isDown() && (state != State.READY || to != null && to.isWritable() && sent.size() < Mirrors.MOST_OPEN);
    }

    /** How long its answers took of late, in nanoseconds. */
    long latency() {
        LinkAnswers reading = answers;
        return reading == null || state != State.READY ? Long.MAX_VALUE : reading.latency();
    }

    /** Whether its errors may say that another node is to be asked. */
    boolean redirects() {
        return shards.bySlots();
    }

    /** Its address. */
    String text() {
        return text;
    }

    // ---- sending

    /** Sends a command, now or when there is a connection. If that cannot be, the call fails, perhaps at once. */
    void send(Call call, ByteBuf buf, int from, int length) {
        call.link = this;
        if (lost) {
            refuse(call, failure);
            return;
        }
        if (home.elsewhere.mayGo(call, own, shards)) {
            call.keep(buf, from, length);
        }
        if (state == State.READY) {
            write(call, buf, from, length);
            return;
        }
        if (state == State.IDLE && backOff.waits(home.clock.nanoTime())) {
            refuse(call, failure);
            return;
        }
        if (!waiting.add(call, buf, from, length)) {
            refuse(call, "too much waits for its connection");
        } else if (state == State.IDLE) {
            connect();
        }
    }

    private void write(Call call, ByteBuf buf, int from, int length) {
        Channel to = channel;
        if (to == null) {
            throw new IllegalStateException("not connected to " + text);
        }
        if (call.asks) {
            call.asks = false;
            call.asked = true;
            write(home.open(home.table.other(), home.clock.nanoTime(), 0), Resp.ASKING, 0, Resp.ASKING.readableBytes());
        }
        output.add(buf, from, length);
        called(call, length);
        if (!to.isWritable()) {
            stop(call);
        }
        pace.waits(call.client);
    }

    /** Why the shard did not let a connection begin, or null if it did. */
    @Nullable
    String refusal() {
        return greeting.refusal();
    }

    /** Whether it is connected, so that commands can be sent in parts. */
    boolean isReady() {
        return state == State.READY;
    }

    /** The begin of a command whose rest follows by {@link #goOn}; nobody else may send until it is whole. */
    void begin(Call call, ByteBuf buf, int from, int length) {
        call.link = this;
        if (state == State.READY) {
            write(call, buf, from, length);
        } else {
            refuse(call, failure);
        }
    }

    /** More of a command. Of one that has failed the rest is dropped. */
    void goOn(ProxyClient client, ByteBuf buf, int from, int length) {
        Channel to = channel;
        if (state != State.READY || to == null) {
            return;
        }
        output.add(buf, from, length);
        metrics.more(length);
        if (!to.isWritable()) {
            stopped.add(client);
        }
    }

    private void called(Call call, int length) {
        call.inLink = true;
        call.sent = home.now();
        sent.add(call);
        metrics.request(length);
        call.sentBytes = length;
        metrics.pending(length);
        deadlines.sent();
    }

    private void stop(Call call) {
        ProxyClient client = call.merge == null ? call.client : call.merge.client();
        if (client != null) {
            stopped.add(client);
        }
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
        greeting.forget();
        ChannelFuture connecting = ConnectFailure.connect(endpoint, home.loop, new ShardWire(this), this::failed);
        if (connecting == null) {
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
            endpoint.done(ConnectFailure.outcome(done.cause()), -1);
            metrics.unmade();
            channel = null;
            failed(ConnectFailure.text(done.cause(), cluster));
            return;
        }
        Channel to = done.channel();
        LinkAnswers reading = new LinkAnswers(home, this, greeting, sent, metrics, own);
        answers = reading;
        metrics.opened();
        output.open(to, to);
        pace.open(to);
        if (!greeting.begin(to, endpoint)) {
            ready();
            return;
        }
        state = State.GREETING;
        reading.awaitGreeting();
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

    /** Its greeting has been answered well. */
    void ready() {
        state = State.READY;
        backOff.succeeded();
        metrics.connected();
        waiting.each((call, request) -> {
            if (!call.done && state == State.READY) {
                write(call, request, request.readerIndex(), request.readableBytes());
            } else if (!call.done) {
                refuse(call, failure);
            }
        });
        maybeLeave();
    }

    /** There is no connection, nor will there be one for a while. */
    private void failed(String why) {
        state = State.IDLE;
        failure = why;
        lost = own;
        backOff.failed(home.clock.nanoTime());
        doubt();
        waiting.each((call, request) -> refuse(call, why));
        resumeStopped();
    }

    private void refuse(Call call, String why) {
        if (home.elsewhere.another(call, this)) {
            return;
        }
        home.metrics.lost(call);
        home.fail(call, ConnectFailure.error(cluster, endpoint, why));
    }

    /** Whether it did not take what a client has chosen: that says nothing of the shard. */
    private boolean isRefused() {
        return greeting.refusal() != null && set.kind().isChosen();
    }

    /** Another node may have taken its place: who knows them is asked. */
    private void doubt() {
        if (shards.bySlots() && !isRefused()) {
            endpoint.done(Endpoint.Outcome.WRONG_ROLE, -1);
        }
    }

    // ---- answers

    /** Bytes have come; lent. */
    void received(ByteBuf data) {
        LinkAnswers reading = answers;
        if (reading == null) {
            return;
        }
        metrics.received(data.readableBytes());
        try {
            reading.received(data);
        } catch (SniffException e) {
            lose("its answer is no RESP (" + e.getMessage() + ")");
        }
    }

    /** The answer to a call is whole. */
    void settled(Call call) {
        metrics.settled(call.sentBytes);
        deadlines.answered();
    }

    /** It has been handed over. */
    void answered(Call call) {
        call.inLink = false;
        call.free();
        maybeLeave();
    }

    /** Ends it, if that is to be, and nothing waits. */
    void maybeLeave() {
        if (leaving && sent.isEmpty()) {
            leave();
        }
    }

    /** A call has had its time. */
    void expired(Call call, long timeout) {
        metrics.timedOut();
        endpoint.done(Endpoint.Outcome.TIMEOUT, timeout / 1_000);
        doubt();
        refuse(call, "no answer within " + timeout / 1_000_000 + " ms");
    }

    /** Nothing has come from it for too long. */
    void silent(long nanos) {
        if (!pace.stopped()) {
            lose("silent for " + nanos / 1_000_000 + " ms");
        }
    }

    /** Who keeps it from being read. */
    LinkPace pace() {
        return pace;
    }

    /** When something came last. */
    long lastRead() {
        LinkAnswers reading = answers;
        return reading == null ? 0 : reading.lastRead();
    }

    // ---- the end

    /** Whether this is its connection, and it has been made. */
    boolean has(Channel one) {
        return one == channel && state != State.CONNECTING;
    }

    /** Its channel takes more: so do those who were stopped. */
    void resumeStopped() {
        stopped.resume();
    }

    /** A stopped client has left. */
    void forget(ProxyClient client) {
        stopped.forget(client);
    }

    /** The shard has ended its connection. */
    void ended() {
        metrics.ended();
        lose("it closed the connection");
    }

    /** Its connection broke. */
    void broken(String why) {
        metrics.broken();
        lose(why);
    }

    /** The connection is of no use any more: whoever waits on it is told. */
    void lose(String why) {
        boolean greeted = state != State.GREETING;
        lost = own;
        failure = why;
        closeChannel();
        if (!greeted || !sent.isEmpty()) {
            metrics.failed();
        }
        // What a client has chosen in vain, as a wrong password, is no failure of the shard.
        if (greeted ? !sent.isEmpty() : !isRefused()) {
            endpoint.done(Endpoint.Outcome.CONNECT_FAILED, -1);
        }
        if (greeted) {
            set.lost(this);
        }
        home.failAll(takeAll(), ConnectFailure.error(cluster, endpoint, why), true);
        if (!greeted) {
            failed(why);
        } else {
            resumeStopped();
        }
    }

    private Call take() {
        Call call = sent.get(0);
        sent.remove();
        metrics.settled(call.sentBytes);
        call.inLink = false;
        return call;
    }

    /** Whether it is of no use any more, as connections of one client are when they have ended. */
    boolean lost() {
        return lost;
    }

    /** Ends at once; who still waits is told. */
    void abort() {
        if (!lost) {
            lost = true;
            failure = "its connection was given up";
        }
        if (state == State.READY) {
            set.lost(this);
        }
        List<Call> told = takeAll();
        closeChannel();
        home.failAll(told, ConnectFailure.error(cluster, endpoint, failure), false);
        waiting.each((call, request) -> refuse(call, failure));
        resumeStopped();
    }

    private List<Call> takeAll() {
        List<Call> all = new ArrayList<>(sent.size());
        while (!sent.isEmpty()) {
            all.add(take());
        }
        return all;
    }

    private void closeChannel() {
        Channel before = channel;
        LinkAnswers reading = answers;
        if (reading != null) {
            metrics.closed();
            reading.close();
        }
        channel = null;
        answers = null;
        pace.close();
        state = State.IDLE;
        deadlines.stop();
        output.close();
        if (before != null) {
            before.close();
        }
    }

    /** Nobody sends on it any more; it ends when nothing waits. */
    void leave() {
        leaving = true;
        if (sent.isEmpty() && waiting.isEmpty() && channel != null && state != State.CONNECTING) {
            closeChannel();
        }
        resumeStopped();
    }
}
