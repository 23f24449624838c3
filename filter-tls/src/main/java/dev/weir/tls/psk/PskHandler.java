package dev.weir.tls.psk;

import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.PendingWriteQueue;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.bouncycastle.tls.TlsProtocol;
import org.jspecify.annotations.Nullable;

/**
 * TLS of one channel by BouncyCastle.
 *
 * <pre>
 *   handshake ──▶ open ──closeOutbound──▶ only the peer may send
 *       │           └──close_notify, end of TCP──▶ only this side may send
 *       └── (any) ──broken──▶ failed: alert, exception up the pipeline, close
 * </pre>
 *
 * What is written before the handshake is done waits, counted as the channel's own; afterwards it is encrypted at once, so that nothing waits here.
 */
final class PskHandler extends ChannelDuplexHandler implements TlsHandler {
    /** Plain bytes of one record. */
    private static final int CHUNK = 16 << 10;

    private static final long CLOSE_MILLIS = 3_000;

    private static final FastThreadLocal<byte[]> SCRATCH = new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
            return new byte[CHUNK];
        }
    };

    private final PskProtocol protocol;
    private final TlsProtocol tls;
    private final Duration timeout;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Promise<Object> handshake;
    private @Nullable PendingWriteQueue early;
    private @Nullable TlsSession session;
    private @Nullable ScheduledFuture<?> timer;
    private boolean begun;
    private boolean failed;
    private boolean inputEnded;
    private @Nullable ChannelFuture outputEnd;
    /** Asked for before there was anything to end. */
    private @Nullable ChannelPromise endWanted;

    private boolean handedOn;
    private boolean flushWanted;

    PskHandler(PskProtocol protocol, Duration timeout) {
        this.protocol = protocol;
        this.tls = protocol.tls();
        this.timeout = timeout;
    }

    // ---- life

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        early = new PendingWriteQueue(ctx);
        promise();
        if (ctx.channel().isActive()) {
            begin(ctx);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        begin(ctx);
        ctx.fireChannelActive();
    }

    private void begin(ChannelHandlerContext ctx) {
        if (begun) {
            return;
        }
        begun = true;
        timer = ctx.executor().schedule(() -> late(ctx), timeout.toNanos(), TimeUnit.NANOSECONDS);
        try {
            protocol.begin();
            sendOutput(ctx);
            ctx.flush();
        } catch (IOException | RuntimeException e) {
            fail(ctx, e);
        }
        readOn(ctx);
    }

    private void late(ChannelHandlerContext ctx) {
        if (session == null) {
            fail(ctx, new SSLHandshakeException("no TLS handshake within " + timeout));
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        over(new ClosedChannelException());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        over(new SSLException("the connection ended during the TLS handshake"));
        ctx.fireChannelInactive();
    }

    /** Nothing comes any more, and nothing gets out. */
    private void over(Exception cause) {
        failed = true;
        if (timer != null) {
            timer.cancel(false);
        }
        if (early != null && !early.isEmpty()) {
            early.removeAndFailAll(cause);
        }
        promise().tryFailure(cause);
        if (endWanted != null) {
            endWanted.tryFailure(cause);
        }
    }

    private Promise<Object> promise() {
        Promise<Object> made = handshake;
        if (made == null) {
            ChannelHandlerContext ctx = context;
            made = ctx == null
                    ? ImmediateEventExecutor.INSTANCE.newPromise()
                    : ctx.executor().newPromise();
            handshake = made;
        }
        return made;
    }

    @Override
    public Future<?> handshakeFuture() {
        return promise();
    }

    @Override
    public @Nullable TlsSession session() {
        return session;
    }

    // ---- from the peer

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data)) {
            ctx.fireChannelRead(message);
            return;
        }
        try {
            take(ctx, data);
        } finally {
            data.release();
        }
    }

    private void take(ChannelHandlerContext ctx, ByteBuf data) {
        byte[] scratch = SCRATCH.get();
        try {
            while (!failed && !inputEnded && data.isReadable()) {
                int bytes = Math.min(data.readableBytes(), scratch.length);
                data.readBytes(scratch, 0, bytes);
                tls.offerInput(scratch, 0, bytes);
                sendOutput(ctx);
                if (session == null && protocol.peer().isDone()) {
                    opened(ctx);
                }
                handOn(ctx);
                if (protocol.inputEnded() && !failed) {
                    endInput(ctx);
                }
            }
        } catch (IOException | RuntimeException e) {
            if (session != null) {
                handOn(ctx); // what came before what was wrong
            }
            fail(ctx, e);
        }
    }

    private void opened(ChannelHandlerContext ctx) throws IOException {
        session = protocol.peer().session();
        if (timer != null) {
            timer.cancel(false);
        }
        promise().trySuccess(ctx.channel());
        PendingWriteQueue waiting = early;
        while (waiting != null && !failed && !waiting.isEmpty()) {
            Object first = waiting.current();
            ByteBuf data = first instanceof ByteBuf buffer ? buffer.retain() : Unpooled.EMPTY_BUFFER;
            encrypt(ctx, data, waiting.remove());
        }
        if (endWanted != null && !failed) {
            ChannelPromise wanted = endWanted;
            endWanted = null;
            end(ctx, wanted);
        }
        ctx.flush();
    }

    /** Plain text goes up. */
    private void handOn(ChannelHandlerContext ctx) {
        for (int there = tls.getAvailableInputBytes();
                there > 0 && !ctx.isRemoved();
                there = tls.getAvailableInputBytes()) {
            byte[] scratch = SCRATCH.get();
            int bytes = tls.readInput(scratch, 0, Math.min(there, scratch.length));
            ByteBuf plain = ctx.alloc().buffer(bytes);
            plain.writeBytes(scratch, 0, bytes);
            handedOn = true;
            ctx.fireChannelRead(plain);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (flushWanted) {
            flushWanted = false;
            ctx.flush();
        }
        readOn(ctx);
        handedOn = false;
        ctx.fireChannelReadComplete();
    }

    /** Half a record is of no use to anybody, and nobody else reads during a handshake. */
    private void readOn(ChannelHandlerContext ctx) {
        if (!failed
                && !inputEnded
                && (session == null || !handedOn)
                && !ctx.channel().config().isAutoRead()) {
            ctx.read();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof ChannelInputShutdownEvent)) {
            ctx.fireUserEventTriggered(event);
        } else if (session == null) {
            fail(ctx, new SSLHandshakeException("the peer ended the connection during the TLS handshake"));
        } else {
            endInput(ctx);
        }
    }

    private void endInput(ChannelHandlerContext ctx) {
        if (!inputEnded) {
            inputEnded = true;
            ctx.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
    }

    // ---- to the peer

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf data)) {
            ctx.write(message, promise);
        } else if (failed || outputEnd != null || endWanted != null) {
            data.release();
            promise.tryFailure(new ClosedChannelException());
        } else if (session == null) {
            waiting().add(data, promise);
        } else {
            encrypt(ctx, data, promise);
        }
    }

    private PendingWriteQueue waiting() {
        if (early == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return early;
    }

    /** Takes ownership of {@code data}. */
    private void encrypt(ChannelHandlerContext ctx, ByteBuf data, ChannelPromise promise) {
        try {
            byte[] scratch = SCRATCH.get();
            while (data.isReadable()) {
                int bytes = Math.min(data.readableBytes(), scratch.length);
                data.readBytes(scratch, 0, bytes);
                tls.writeApplicationData(scratch, 0, bytes);
            }
            ctx.write(output(ctx), promise);
        } catch (IOException | RuntimeException e) {
            promise.tryFailure(e);
            fail(ctx, e);
        } finally {
            data.release();
        }
    }

    private ByteBuf output(ChannelHandlerContext ctx) {
        int there = tls.getAvailableOutputBytes();
        ByteBuf out = ctx.alloc().ioBuffer(Math.max(1, there));
        byte[] scratch = SCRATCH.get();
        while (there > 0) {
            int bytes = tls.readOutput(scratch, 0, Math.min(there, scratch.length));
            out.writeBytes(scratch, 0, bytes);
            there -= bytes;
        }
        return out;
    }

    private void sendOutput(ChannelHandlerContext ctx) {
        if (tls.getAvailableOutputBytes() > 0) {
            ctx.write(output(ctx), ctx.voidPromise());
            flushWanted = true;
            if (session == null) {
                flushWanted = false;
                ctx.flush();
            }
        }
    }

    // ---- ends

    @Override
    public ChannelFuture closeOutbound() {
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        if (outputEnd != null) {
            return outputEnd;
        }
        if (endWanted != null) {
            return endWanted;
        }
        ChannelPromise promise = ctx.newPromise();
        if (failed) {
            return promise.setFailure(new ClosedChannelException());
        }
        if (session == null) {
            endWanted = promise;
        } else {
            end(ctx, promise);
        }
        return promise;
    }

    private void end(ChannelHandlerContext ctx, ChannelPromise promise) {
        outputEnd = promise;
        try {
            protocol.endOutput();
            ctx.writeAndFlush(output(ctx), promise);
        } catch (IOException | RuntimeException e) {
            promise.tryFailure(e);
            fail(ctx, e);
        }
    }

    /** Behind a close_notify, which a peer that does not read may delay a little. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (failed || session == null || !ctx.channel().isActive()) {
            over(new ClosedChannelException());
            ctx.close(promise);
            return;
        }
        ChannelFuture said = closeOutbound();
        if (said.isDone()) {
            ctx.close(promise);
            return;
        }
        Future<?> late = ctx.executor().schedule(() -> ctx.close(), CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        said.addListener(done -> {
            late.cancel(false);
            ctx.close(promise);
        });
    }

    /** The alert, if BouncyCastle has made one, is what it has to send. */
    private void fail(ChannelHandlerContext ctx, Exception cause) {
        if (failed) {
            return;
        }
        SSLException told = cause instanceof SSLException ssl ? ssl : new SSLException(cause.getMessage(), cause);
        failed = true;
        // First: whoever hears of the failure may end the output.
        ChannelFuture said = ctx.isRemoved() ? null : ctx.writeAndFlush(output(ctx));
        over(told);
        if (said == null) {
            return;
        }
        ctx.fireExceptionCaught(told);
        if (said.isDone()) {
            ctx.close();
        } else {
            Future<?> late = ctx.executor().schedule(() -> ctx.close(), CLOSE_MILLIS, TimeUnit.MILLISECONDS);
            said.addListener(done -> {
                late.cancel(false);
                ctx.close();
            });
        }
    }
}
