package dev.weir.redis;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.TerminalContext;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One client of a {@code redis_proxy}: reads its commands, and sends it the answers in their order. Behind the chain on the client's channel. */
final class ProxyClient extends ChannelInboundHandlerAdapter {
    /** How long who has ended its stream still waits for an answer that may be on its way. */
    private static final int END_MILLIS = 100;
    /** Most bytes of its commands that wait for their answers, as they may be kept; one command may be longer. */
    private static final long MOST_REQUESTED = 1 << 20;

    private final ProxyLoop home;
    private final TerminalContext context;
    private final Connection connection;
    private final CallRing calls = new CallRing();
    /** Links that are not read from, as it does not take what they bring. */
    private final Set<ShardLink> slowed = new HashSet<>(2);

    /** Bytes of its commands that wait for their answers. */
    private long requested;

    private final int hash = ThreadLocalRandom.current().nextInt();
    private final ProxySession session;
    private final ClientInput input;
    private @Nullable ClientOutput output;

    private @Nullable ChannelHandlerContext ctx;
    private LinkSet links;
    private @Nullable ShardLink stoppedFor;
    private @Nullable ProxyTransaction transaction;
    private final ClientLane lane;

    private final ClientPauses pauses;
    private boolean ended;
    private boolean closing;
    private boolean finished;
    private @Nullable CloseReason closeReason;
    private boolean closed;

    ProxyClient(ProxyLoop home, TerminalContext context) {
        this.home = home;
        this.context = context;
        this.connection = context.connection();
        this.session = new ProxySession(connection, home.table.other());
        this.input = new ClientInput(home, this);
        this.pauses = new ClientPauses(context);
        this.lane = new ClientLane(calls, pauses);
        this.links = home.enter(session.kind());
        home.opened(this);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        ctx = added;
        output = new ClientOutput(home, added, this::flushed);
        context.boundary(this::idle);
        context.upstream(home.settings.routes().keyless().cluster().name(), null, null);
    }

    ProxySession session() {
        return session;
    }

    Connection connection() {
        return connection;
    }

    /** The connections to shards that its commands use. */
    LinkSet links() {
        return links;
    }

    /** Its state has changed, and with it perhaps the connections it uses. */
    void changed() {
        LinkSet before = links;
        if (before.kind().equals(session.kind())) {
            return;
        }
        links = home.enter(session.kind());
        links.follows(before);
        home.leave(before);
    }

    /** A number of its own, to be spread by. */
    int hash() {
        return hash;
    }

    boolean mustLogIn() {
        return home.settings.users().required() && session.user() == null;
    }

    private boolean idle() {
        return calls.isEmpty() && input.isEmpty() && (transaction == null || transaction.isNone());
    }

    // ---- reading

    @Override
    public void channelRead(ChannelHandlerContext from, Object message) {
        if (!(message instanceof ByteBuf data) || closed || closing) {
            ReferenceCountUtil.release(message);
            return;
        }
        input.read(data);
        maybeFinish();
    }

    /** Whether it may begin a command now. */
    boolean takesCommands() {
        return pauses.none() && !closing && !closed;
    }

    /** Whether it will never begin a command again. */
    boolean wantsNoMore() {
        return closing || closed;
    }

    /** Its transaction, or null if it has none and needs none. */
    @Nullable
    ProxyTransaction transaction(boolean needed) {
        if (transaction == null && needed) {
            transaction = new ProxyTransaction(home, this);
        }
        return transaction;
    }

    /** Whatever it has begun is given up. */
    void forgetTransaction() {
        if (transaction != null) {
            transaction.abort();
        }
    }

    /** Which way its commands go. */
    ClientLane lane() {
        return lane;
    }

    /** It has sent what is no command. */
    void broken(String problem) {
        home.metrics.protocolErrors.increment();
        closing = true;
        Call call = open(home.table.other(), 0);
        call.silent |= home.settings.variant().strict();
        home.fail(call, "ERR " + problem);
        closeBehindAnswers(CloseReason.PROTOCOL_ERROR);
    }

    /** The call gets no answer, and what follows is not read: the connection ends behind the answers to those before. */
    void hangUp(Call call) {
        call.silent = true;
        closeBehindAnswers(CloseReason.PROTOCOL_ERROR);
    }

    /** A command begins to wait for its answer. */
    Call open(CommandInfo info, int bytes) {
        Call call = home.open(info, context.burstNanos(), bytes);
        session.began(info, call.start);
        call.client = this;
        call.inClient = true;
        call.silent = session.silences();
        calls.add(call);
        call.weight = bytes;
        requested += bytes;
        if (calls.size() >= home.settings.pendingCommands()
                || requested > MOST_REQUESTED
                || output().held() > home.settings.outputLimit() / 2) {
            pauses.hold(ClientPauses.PENDING);
        }
        return call;
    }

    // ---- pausing

    private void resume(int reason) {
        if (pauses.release(reason) && !closed) {
            context.resumeReading();
            input.parse();
            maybeFinish();
        }
    }

    /** Nothing more is read until {@link #lower}. */
    void raise() {
        pauses.hold(ClientPauses.BARRIER);
    }

    void lower() {
        resume(ClientPauses.BARRIER);
    }

    /** A link takes no more at the moment. False if it is known already. */
    boolean stopFor(ShardLink link) {
        if (stoppedFor != null || closed) {
            return false;
        }
        stoppedFor = link;
        pauses.hold(ClientPauses.SHARD);
        return true;
    }

    void goOnFor(ShardLink link) {
        if (stoppedFor == link) {
            stoppedFor = null;
            resume(ClientPauses.SHARD);
        }
    }

    // ---- answers

    /** Bytes of the answer to a call. */
    void answer(Call call, ByteBuf buf, int from, int length, boolean last) {
        if (closed) {
            return;
        }
        boolean first = calls.peek() == call;
        if (call.silent) {
            call.done |= last;
        } else if (first) {
            output().append(buf, from, length);
            call.begun = true;
        } else {
            call.hold(buf, from, length);
            output().held(length);
        }
        if (last) {
            call.done = true;
            if (first) {
                advance();
            }
        }
        if (checkOutput()
                && first
                && !channel().isWritable()
                && call.link != null
                && call.link.pace().slowDown(this)) {
            slowed.add(call.link);
        }
    }

    private void speedUp() {
        slowed.forEach(link -> link.pace().speedUp(this));
        slowed.clear();
    }

    /** The whole answer to a call, made here; takes the buffer over. */
    void answerWhole(Call call, ByteBuf answer) {
        call.done = true;
        if (closed) {
            answer.release();
            return;
        }
        if (transaction != null && call.byWeir && call.link != null) {
            transaction.failed(call.link);
        }
        if (call.begun) {
            // Half of another answer is with the client: there is no way to tell it.
            answer.release();
            CallExchange.emitUnanswered(home, connection, session, call);
            context.reset(CloseReason.UPSTREAM_RESET);
            return;
        }
        if (call.silent) {
            answer.release();
        } else {
            output().held(answer.readableBytes() - call.heldBytes());
            call.hold(answer);
        }
        if (calls.peek() == call) {
            advance();
        }
        checkOutput();
    }

    /** A shard that it has subscribed at is lost. */
    void lostShard() {
        if (!closed) {
            close(CloseReason.UPSTREAM_CLOSED);
        }
    }

    private void advance() {
        Call call = calls.peek();
        while (call != null && call.done && !closed) {
            output().writeHeld(call);
            if (call.transaction == null || call.transaction.tells(call)) {
                CallExchange.emit(home, connection, session, call);
            }
            calls.remove();
            requested -= call.weight;
            call.inClient = false;
            if (session.resp3() || calls.isEmpty()) {
                output().writePushes(session.resp3());
            }
            call.release(lane);
            call = calls.peek();
        }
        if (call != null && !call.silent && call.merge == null && call.parts == null && call.heldBytes() > 0) {
            output().writeHeld(call);
            call.begun = true;
        }
        if (calls.size() <= home.settings.pendingCommands() / 2
                && requested <= MOST_REQUESTED / 2
                && output().held() <= home.settings.outputLimit() / 4) {
            resume(ClientPauses.PENDING);
        }
        if (calls.isEmpty()) {
            resume(ClientPauses.LANE);
        }
        maybeFinish();
    }

    /** A message that it has subscribed to; lent. */
    void push(ByteBuf frame) {
        if (!closed) {
            Call call = calls.peek();
            boolean inside = call != null && (call.begun || !session.resp3() || call.info.kind.subscribes());
            output().push(frame, session.resp3(), inside);
            checkOutput();
        }
    }

    /** Whether it takes its answers. */
    private boolean checkOutput() {
        if (!closed && output().waiting() > home.settings.outputLimit()) {
            output().flushNow();
            if (!closed && output().waiting() > home.settings.outputLimit()) {
                context.reset(CloseReason.SLOW_CLIENT);
            }
        }
        return !closed;
    }

    /** So many more bytes of parts of answers wait for it. */
    void held(long more) {
        output().held(more);
        if (more > 0) {
            checkOutput();
        }
    }

    /** What was written has been flushed. */
    private void flushed() {
        if (!closed && !channel().isWritable()) {
            pauses.hold(ClientPauses.OUTPUT);
        }
    }

    // ---- the end

    /** Closes when all of its commands have been answered. */
    void closeBehindAnswers(CloseReason reason) {
        closing = true;
        closeReason = reason;
        maybeFinish();
    }

    /** All has been answered, and no more comes. */
    private void maybeFinish() {
        if (!calls.isEmpty() || input.isParsing() || finished || closed) {
            return;
        }
        CloseReason reason = closeReason;
        if (reason != null) {
            finished = true;
            close(reason);
        } else if (ended && pauses.none()) {
            finished = true;
            output().handOver();
            context().writeAndFlush(EndOfStream.INSTANCE);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext changed) {
        if (changed.channel().isWritable()) {
            speedUp();
            resume(ClientPauses.OUTPUT);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext from, Object event) {
        if (event == EndOfStream.INSTANCE) {
            ended = true;
            Call oldest = calls.peek();
            if (oldest != null && oldest.waits) {
                // As a server does: who has ended its stream does not wait any more. But what is there already, it
                // gets.
                waits(oldest);
            }
            maybeFinish();
        }
    }

    /** A call may wait for long: not for a client that has ended its stream. */
    void waits(Call call) {
        if (ended && call.waits) {
            home.loop.schedule(() -> endWait(call), END_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void endWait(Call waited) {
        if (!closed && calls.peek() == waited && waited.waits && !waited.done) {
            close(CloseReason.CLIENT_CLOSED);
        }
    }

    /** Closes behind what has been answered. */
    void close(CloseReason reason) {
        output().handOver();
        connection.close(reason);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext from, Throwable cause) {
        context.connection().close(CloseReason.INTERNAL_ERROR);
        from.fireExceptionCaught(cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext from) {
        closed = true;
        home.closed(this);
        if (stoppedFor != null) {
            stoppedFor.forget(this);
        }
        speedUp();
        input.close();
        output().close();
        Call call = calls.peek();
        while (call != null) {
            calls.remove();
            leave(call);
            call = calls.peek();
        }
        lane.left();
        home.pubSub.left(this);
        if (transaction != null) {
            transaction.abort();
        }
        home.leave(links);
    }

    private void leave(Call call) {
        if (call.parts != null) {
            call.parts.abandon();
            call.parts = null;
        }
        if (!call.done) {
            CallExchange.emitUnanswered(home, connection, session, call);
        }
        if ((call.lender != null || call.large != null) && call.link != null) {
            call.link.abort(); // whatever it waits for, nobody wants it any more
        }
        call.done = true;
        call.client = null;
        call.inClient = false;
        call.dropHeld();
        call.dropKept(); // it may still lie in the ring of its link, for as long as that waits
        call.free();
    }

    private ClientOutput output() {
        if (output == null) {
            throw new IllegalStateException("terminal not in a pipeline yet");
        }
        return output;
    }

    private ChannelHandlerContext context() {
        if (ctx == null) {
            throw new IllegalStateException("terminal not in a pipeline yet");
        }
        return ctx;
    }

    private Channel channel() {
        return context().channel();
    }
}
