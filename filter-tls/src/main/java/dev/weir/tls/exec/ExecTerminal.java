package dev.weir.tls.exec;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.TerminalContext;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bytes between a client and the program that is its server. The program's socket lives on the client's loop; each side is read only while the other one takes
 * bytes.
 */
final class ExecTerminal extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ExecTerminal.class);
    /** How long a program that does not read may delay the end of its socket. */
    private static final long FLUSH_MILLIS = 5_000;

    private final ExecSettings settings;
    private final Programs programs;
    private final TerminalContext context;

    private @Nullable ChannelHandlerContext client;
    private @Nullable Channel socket;
    private Programs.@Nullable Program program;
    private @Nullable ArrayDeque<ByteBuf> early = new ArrayDeque<>(2);
    private boolean clientEnded;
    private boolean programEnded;
    private boolean closed;
    private long lastActive;
    private @Nullable Future<?> idleTimer;

    ExecTerminal(ExecSettings settings, Programs programs, TerminalContext context) {
        this.settings = settings;
        this.programs = programs;
        this.context = context;
    }

    // ---- the start

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        client = ctx;
        context.pauseReading();
        if (!programs.acquire()) {
            settings.metrics().limited.increment();
            LOG.warn(
                    "exec {}: {} programs run already, connection {} is closed",
                    settings.program(),
                    settings.most(),
                    context.connection().id());
            context.connection().close(CloseReason.LIMIT);
            return;
        }
        programs.start(Surroundings.of(context.connection()), new Programs.Starter() {
            @Override
            public void started(Programs.Program made, int descriptor) {
                onLoop(() -> ExecTerminal.this.started(made, descriptor), () -> abandoned(made, descriptor));
            }

            @Override
            public void failed(IOException cause) {
                onLoop(() -> ExecTerminal.this.failed(cause), () -> {});
            }
        });
    }

    private void onLoop(Runnable task, Runnable otherwise) {
        try {
            context.connection().loop().execute(task);
        } catch (java.util.concurrent.RejectedExecutionException over) {
            otherwise.run();
        }
    }

    private static void abandoned(Programs.Program made, int descriptor) {
        LibC.get().close(descriptor);
        made.expectEnd();
    }

    private void failed(IOException cause) {
        settings.metrics().failed.increment();
        LOG.warn("exec: the program cannot be started: {}", cause.getMessage());
        context.connection().close(CloseReason.CONNECT_FAILED);
    }

    private void started(Programs.Program made, int descriptor) {
        settings.metrics().started.increment();
        program = made;
        if (closed) {
            abandoned(made, descriptor);
            return;
        }
        EpollDomainSocketChannel channel = new EpollDomainSocketChannel(descriptor);
        channel.config().setAutoRead(false);
        channel.config().setAllowHalfClosure(true);
        channel.config().setAutoClose(false);
        channel.config().setAllocator(context.connection().allocator());
        channel.pipeline().addLast(new Output());
        socket = channel;
        context.connection().loop().register(channel).addListener(done -> {
            if (done.isSuccess()) {
                begin(channel);
            } else {
                LOG.warn("exec {}: its socket cannot be used", settings.program(), done.cause());
                context.connection().close(CloseReason.INTERNAL_ERROR);
            }
        });
    }

    private void begin(Channel channel) {
        if (closed) {
            return;
        }
        context.upstream("exec", new DomainSocketAddress(settings.program()), channel);
        ArrayDeque<ByteBuf> waiting = early;
        early = null;
        if (waiting != null) {
            waiting.forEach(data -> toProgram(channel, data));
            channel.flush();
        }
        if (clientEnded) {
            endInput();
        }
        context.resumeReading();
        channel.config().setAutoRead(client().channel().isWritable());
        lastActive = context.clock().nanoTime();
        if (settings.idleNanos() > 0) {
            watchIdle(settings.idleNanos());
        }
    }

    /** Also for a client that has gone: as long as nothing is sent to it, that looks as if it had only ended its stream. */
    private void watchIdle(long nanos) {
        idleTimer = client().executor()
                .schedule(
                        () -> {
                            long left = settings.idleNanos() - (context.clock().nanoTime() - lastActive);
                            if (left <= 0) {
                                context.connection().close(CloseReason.IDLE_TIMEOUT);
                            } else {
                                watchIdle(left);
                            }
                        },
                        nanos,
                        TimeUnit.NANOSECONDS);
    }

    private ChannelHandlerContext client() {
        if (client == null) {
            throw new IllegalStateException("terminal not in a pipeline yet");
        }
        return client;
    }

    // ---- from the client

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf data) || closed) {
            ReferenceCountUtil.release(message);
            return;
        }
        Channel to = socket;
        lastActive = context.burstNanos();
        if (early != null) {
            early.add(data);
        } else if (to == null) {
            data.release();
        } else {
            toProgram(to, data);
            if (!to.isWritable()) {
                context.pauseReading();
            }
        }
    }

    private void toProgram(Channel to, ByteBuf data) {
        context.countUpstream(0, data.readableBytes());
        to.write(data, to.voidPromise());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (socket != null && early == null) {
            socket.flush();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (socket != null && early == null) {
            socket.config().setAutoRead(ctx.channel().isWritable());
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == EndOfStream.INSTANCE) {
            clientEnded = true;
            if (early == null) {
                endInput();
            }
        }
    }

    /** The program reads the end of its standard input; it may go on to write. */
    private void endInput() {
        if (socket instanceof EpollDomainSocketChannel to) {
            to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> to.shutdownOutput());
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closed = true;
        if (idleTimer != null) {
            idleTimer.cancel(false);
        }
        if (early != null) {
            early.forEach(ByteBuf::release);
            early = null;
        }
        Channel to = socket;
        if (to != null && to.isOpen()) {
            Future<?> late = to.eventLoop().schedule(() -> to.close(), FLUSH_MILLIS, TimeUnit.MILLISECONDS);
            to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> {
                late.cancel(false);
                to.close();
            });
        }
        if (program != null) {
            program.expectEnd();
        }
    }

    private void over() {
        if (!closed) {
            context.connection().close(CloseReason.UPSTREAM_CLOSED);
        }
    }

    // ---- from the program

    private final class Output extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (!(message instanceof ByteBuf data) || closed) {
                ReferenceCountUtil.release(message);
                return;
            }
            context.countUpstream(data.readableBytes(), 0);
            ChannelHandlerContext to = client();
            to.write(data, to.voidPromise());
            lastActive = context.burstNanos();
            if (!to.channel().isWritable()) {
                ctx.channel().config().setAutoRead(false);
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            if (!closed) {
                client().flush();
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (!closed && ctx.channel().isWritable()) {
                context.resumeReading();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                end();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            end();
        }

        /** A program that ends before it has read everything makes writing to it fail; what it said is still to be read. */
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (!(cause instanceof IOException)) {
                LOG.error("exec {}", settings.program(), cause);
                context.connection().close(CloseReason.INTERNAL_ERROR);
            } else if (!closed && !programEnded && ctx.channel().isOpen()) {
                ctx.read();
            }
        }

        /** The program says no more. Mostly it has ended; if not, it may go on to read. */
        private void end() {
            if (programEnded || closed) {
                return;
            }
            programEnded = true;
            client().writeAndFlush(EndOfStream.INSTANCE);
            if (program != null && !closed) {
                program.look();
                program.onEnd(() -> onLoop(ExecTerminal.this::over, () -> {}));
            }
        }
    }
}
