package dev.weir.redis;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.TerminalContext;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** One client of a {@code redis_proxy}: reads its commands, and sends it the answers in their order. Behind the chain on the client's channel. */
final class ProxyClient extends ChannelInboundHandlerAdapter implements ProxyLoop.Flushing {
    private static final String PROTOCOL = "redis";
    private static final int OUT = 2 << 10;

    /** It does not take more: its channel is not writable. */
    private static final int OUTPUT = 1;
    /** Too many of its commands wait. */
    private static final int PENDING = 2;
    /** A shard's channel is not writable. */
    private static final int SHARD = 4;
    /** What comes next depends on an answer that has not come yet. */
    private static final int BARRIER = 8;

    private final ProxyLoop home;
    private final TerminalContext context;
    private final Connection connection;
    private final CommandReader reader;
    private final CallRing calls = new CallRing();
    private final int hash = ThreadLocalRandom.current().nextInt();
    private final ProxySession session;

    private @Nullable ChannelHandlerContext ctx;
    private @Nullable ByteBuf input;
    private @Nullable ByteBuf out;
    private @Nullable String tooLong;
    private LinkSet links;
    private @Nullable ShardLink stoppedFor;
    private int reasons;
    private long held;
    private boolean parsing;
    private boolean dirty;
    private boolean ended;
    private boolean closing;
    private boolean finished;
    private @Nullable CloseReason closeReason;
    private boolean closed;

    ProxyClient(ProxyLoop home, TerminalContext context) {
        this.home = home;
        this.context = context;
        this.connection = context.connection();
        this.reader = new CommandReader(home.settings.limits());
        this.session = new ProxySession(connection);
        this.links = home.links(session.kind());
        home.opened(connection.allocator());
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        ctx = added;
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
        links = home.links(session.kind());
    }

    /** A number of its own, to be spread by. */
    int hash() {
        return hash;
    }

    boolean mustLogIn() {
        return home.settings.users().required() && session.user() == null;
    }

    private boolean idle() {
        return calls.isEmpty() && (input == null || !input.isReadable()) && reader.atBoundary();
    }

    // ---- reading

    @Override
    public void channelRead(ChannelHandlerContext from, Object message) {
        if (!(message instanceof ByteBuf data) || closed || closing) {
            ReferenceCountUtil.release(message);
            return;
        }
        ByteBuf before = input;
        if (before == null) {
            input = data;
        } else {
            input = append(before, data);
        }
        parse();
    }

    /** Behind a command that is not whole yet. */
    private static ByteBuf append(ByteBuf before, ByteBuf data) {
        int have = before.readableBytes();
        int more = data.readableBytes();
        ByteBuf buf = before;
        if (before.refCnt() > 1 || before.writableBytes() < more || before.isReadOnly()) {
            buf = before.alloc().buffer(have + more + Math.min(have, 1 << 20));
            buf.writeBytes(before);
            before.release();
        }
        buf.writeBytes(data);
        data.release();
        return buf;
    }

    private void parse() {
        if (parsing) {
            return;
        }
        parsing = true;
        try {
            boolean more = true;
            while (more && reasons == 0 && !closing && !closed) {
                ByteBuf buf = input;
                more = buf != null && step(buf);
            }
        } finally {
            parsing = false;
        }
        ByteBuf rest = input;
        if (rest != null && (!rest.isReadable() || closed || closing)) {
            rest.release();
            input = null;
        }
        maybeFinish();
    }

    private boolean step(ByteBuf buf) {
        int from = buf.readerIndex();
        int to = buf.writerIndex();
        if (from == to) {
            return false;
        }
        switch (reader.next(buf, from, to)) {
            case COMMAND:
                buf.readerIndex(reader.end());
                command(reader, buf);
                reader.done();
                return true;
            case INLINE:
                buf.readerIndex(reader.end());
                inline(reader.takeInline());
                return true;
            case NOTHING:
                buf.readerIndex(reader.end());
                return true;
            case TOO_LONG:
                buf.readerIndex(reader.end());
                tooLong = reader.problem();
                return true;
            case BROKEN:
                broken(reader.problem());
                return false;
            default:
                if (tooLong != null) {
                    buf.readerIndex(reader.end());
                }
                return false;
        }
    }

    private void command(CommandReader command, ByteBuf buf) {
        String problem = tooLong;
        if (problem != null) {
            tooLong = null;
            home.fail(open(home.table.other(), 0), "ERR " + problem);
            return;
        }
        home.dispatch.command(this, command, buf);
    }

    private void inline(ByteBuf array) {
        CommandReader again = new CommandReader(home.settings.limits());
        try {
            if (again.next(array, array.readerIndex(), array.writerIndex()) == CommandReader.Step.COMMAND) {
                command(again, array);
            }
        } finally {
            array.release();
        }
    }

    private void broken(String problem) {
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
        call.client = this;
        call.inClient = true;
        call.silent = session.silences();
        calls.add(call);
        if (calls.size() >= home.settings.pendingCommands()) {
            hold(PENDING);
        }
        return call;
    }

    // ---- pausing

    private void hold(int reason) {
        if (reasons == 0) {
            context.pauseReading();
        }
        reasons |= reason;
    }

    private void release(int reason) {
        if ((reasons & reason) != 0) {
            reasons &= ~reason;
            if (reasons == 0 && !closed) {
                context.resumeReading();
                parse();
            }
        }
    }

    /** Nothing more is read until {@link #lower}. */
    void raise() {
        hold(BARRIER);
    }

    void lower() {
        release(BARRIER);
    }

    /** A link takes no more at the moment. False if it is known already. */
    boolean stopFor(ShardLink link) {
        if (stoppedFor != null || closed) {
            return false;
        }
        stoppedFor = link;
        hold(SHARD);
        return true;
    }

    void goOnFor(ShardLink link) {
        if (stoppedFor == link) {
            stoppedFor = null;
            release(SHARD);
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
            append(buf, from, length);
            call.begun = true;
        } else {
            call.hold(buf, from, length);
            held += length;
        }
        if (last) {
            call.done = true;
            if (first) {
                advance();
            }
        }
        if (outputBytes() > home.settings.outputLimit()) {
            tooSlow();
        } else if (first && !channel().isWritable() && call.link != null && !call.silent) {
            call.link.slowDown(this);
        }
    }

    /** The whole answer to a call, made here; takes the buffer over. */
    void answerWhole(Call call, ByteBuf answer) {
        call.done = true;
        if (closed) {
            answer.release();
            return;
        }
        if (call.begun) {
            // Half of another answer is with the client: there is no way to tell it.
            answer.release();
            context.reset(CloseReason.UPSTREAM_RESET);
            return;
        }
        if (call.silent) {
            answer.release();
        } else {
            held += answer.readableBytes() - call.heldBytes();
            call.hold(answer);
        }
        if (calls.peek() == call) {
            advance();
        }
        if (outputBytes() > home.settings.outputLimit()) {
            tooSlow();
        }
    }

    private void advance() {
        Call call = calls.peek();
        while (call != null && call.done && !closed) {
            writeHeld(call);
            emit(call);
            calls.remove();
            call.inClient = false;
            call.free();
            call = calls.peek();
        }
        if (call != null && !call.silent && call.merge == null && call.parts == null && call.heldBytes() > 0) {
            writeHeld(call);
            call.begun = true;
        }
        if (calls.size() <= home.settings.pendingCommands() / 2) {
            release(PENDING);
        }
        maybeFinish();
    }

    private void writeHeld(Call call) {
        int length = call.heldBytes();
        if (length == 0) {
            return;
        }
        held -= length;
        if (length > ShardLink.COPIED && call.holdsBuffer()) {
            ByteBuf whole = call.takeHeld();
            if (whole != null) {
                writeOut();
                write(whole);
            }
        } else {
            call.writeHeld(room(length));
        }
        soon();
    }

    private void append(ByteBuf buf, int from, int length) {
        if (length <= ShardLink.COPIED) {
            room(length).writeBytes(buf, from, length);
        } else {
            writeOut();
            write(buf.retainedSlice(from, length));
        }
        soon();
    }

    private ByteBuf room(int length) {
        ByteBuf buf = out;
        if (buf != null && buf.writableBytes() >= length) {
            return buf;
        }
        writeOut();
        ByteBuf fresh = connection.allocator().directBuffer(Math.max(OUT, length));
        out = fresh;
        return fresh;
    }

    private void writeOut() {
        ByteBuf buf = out;
        if (buf != null) {
            out = null;
            write(buf);
        }
    }

    private void write(ByteBuf buf) {
        ChannelHandlerContext to = context();
        to.write(buf, to.voidPromise());
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
        if (!closed) {
            writeOut();
            context().flush();
            if (!channel().isWritable()) {
                hold(OUTPUT);
            }
        }
    }

    /** Bytes of answers that it has not taken. */
    private long outputBytes() {
        ChannelOutboundBuffer written = channel().unsafe().outboundBuffer();
        return held + (written == null ? 0 : written.totalPendingWriteBytes());
    }

    private void tooSlow() {
        context.reset(CloseReason.SLOW_CLIENT);
    }

    private void emit(Call call) {
        Exchange exchange = home.exchanges.open();
        exchange.of(connection, PROTOCOL, call.info.operation);
        exchange.startNanos = call.start;
        exchange.requestBytes = call.requestBytes;
        exchange.responseBytes = call.responseBytes;
        exchange.namespace = session.namespace();
        exchange.user = session.user();
        exchange.app = session.app();
        exchange.status = call.silent && call.status == Exchange.Status.OK ? Exchange.Status.NO_REPLY : call.status;
        exchange.error = call.error;
        exchange.rows = call.rows;
        exchange.hit = call.hit;
        exchange.longWait = call.waits;
        exchange.shards = call.shards;
        ShardLink link = call.link;
        if (link == null) {
            exchange.byWeir = true;
        } else {
            exchange.upstream = link.text();
            exchange.cluster = link.cluster().name();
            exchange.byWeir = call.byWeir;
            exchange.upstreamNanos = Math.max(0, call.end - call.sent);
            exchange.queueNanos = Math.max(0, call.sent - call.start);
        }
        if (call.end != 0) {
            exchange.durationNanos = Math.max(0, call.end - call.start);
            exchange.firstByteNanos = exchange.durationNanos;
        }
        home.exchanges.emit(exchange);
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
        if (!calls.isEmpty() || parsing || finished || closed) {
            return;
        }
        CloseReason reason = closeReason;
        if (reason != null) {
            finished = true;
            writeOut();
            connection.close(reason);
        } else if (ended && reasons == 0) {
            finished = true;
            writeOut();
            context().writeAndFlush(EndOfStream.INSTANCE);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext changed) {
        if (changed.channel().isWritable()) {
            Call call = calls.peek();
            if (call != null && call.link != null) {
                call.link.speedUp(this);
            }
            release(OUTPUT);
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext from, Object event) {
        if (event == EndOfStream.INSTANCE) {
            ended = true;
            maybeFinish();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext from) {
        closed = true;
        reader.release();
        if (input != null && !parsing) {
            input.release();
            input = null;
        }
        if (out != null) {
            out.release();
            out = null;
        }
        Call call = calls.peek();
        while (call != null) {
            calls.remove();
            leave(call);
            call = calls.peek();
        }
    }

    private void leave(Call call) {
        if (call.link != null) {
            call.link.speedUp(this);
        }
        if (call.parts != null) {
            call.parts.abandon();
            call.parts = null;
        }
        if (!call.done) {
            call.status = Exchange.Status.NO_REPLY;
            emit(call);
        }
        call.done = true;
        call.client = null;
        call.inClient = false;
        call.dropHeld();
        call.free();
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
