package dev.weir.proxy;

import dev.weir.core.config.Address;
import dev.weir.core.net.Transport;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.PeerCredentials;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.string.StringDecoder;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** This process takes the place of another one: the new side of {@link TakeoverMessages}. Not for event loops. */
final class Takeover implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;
    private static final Object END = new Object();

    private final EventLoopGroup group;
    private final Channel channel;
    private final BlockingQueue<Object> heard;
    private final Inherited inherited;
    private final long predecessor;

    private Takeover(EventLoopGroup group, Path path) throws IOException, InterruptedException {
        this.group = group;
        this.heard = new LinkedBlockingQueue<>();
        this.channel = connect(group, path, heard);
        this.predecessor = requireSameUser();
        this.inherited = ask();
    }

    /**
     * Asks the process behind {@code path} for its sockets, which it goes on to accept from.
     *
     * @return null if nobody is there
     * @throws IllegalStateException if it does not give them
     */
    static @Nullable Takeover begin(Path path) throws IOException, InterruptedException {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("weir-takeover", true), Transport.EPOLL.ioHandlers());
        try {
            return new Takeover(group, path);
        } catch (NobodyThere e) {
            end(group);
            return null;
        } catch (IOException | InterruptedException | RuntimeException e) {
            end(group);
            throw e;
        }
    }

    /** Nobody listens at the path. */
    private static final class NobodyThere extends IOException {
        private static final long serialVersionUID = 1;

        NobodyThere(Throwable cause) {
            super(cause);
        }
    }

    private static Channel connect(EventLoopGroup group, Path path, BlockingQueue<Object> heard) throws NobodyThere {
        var connecting = new Bootstrap()
                .group(group)
                .channel(EpollDomainSocketChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel made) {
                        made.pipeline()
                                .addLast(new LineBasedFrameDecoder(TakeoverMessages.MAX_LINE))
                                .addLast(new StringDecoder(StandardCharsets.UTF_8))
                                .addLast(new Hearing(heard));
                    }
                })
                .connect(new DomainSocketAddress(path.toString()))
                .awaitUninterruptibly();
        if (!connecting.isSuccess()) {
            throw new NobodyThere(connecting.cause());
        }
        return connecting.channel();
    }

    /** Hands lines and descriptors to the thread that waits for them. */
    private static final class Hearing extends SimpleChannelInboundHandler<Object> {
        private final BlockingQueue<Object> heard;

        Hearing(BlockingQueue<Object> heard) {
            this.heard = heard;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, Object message) {
            heard.add(message);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            heard.add(END);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private long requireSameUser() throws IOException {
        PeerCredentials peer = ((EpollDomainSocketChannel) channel).peerCredentials();
        int user = TakeoverPath.userId();
        if (peer.uid() != user) {
            throw failed("runs as user " + peer.uid() + " (expected: user " + user + ", as this one)");
        }
        return peer.pid();
    }

    private Inherited ask() throws InterruptedException {
        Map<?, ?> offer = answer(TakeoverMessages.hello());
        String problem = TakeoverMessages.problem(offer);
        if (problem != null) {
            throw failed("answers with " + problem);
        }
        List<Map<?, ?>> offered = TakeoverMessages.offered(offer);
        readMode(DomainSocketReadMode.FILE_DESCRIPTORS);
        List<Integer> descriptors = new ArrayList<>();
        while (descriptors.size() < offered.size()) {
            channel.writeAndFlush(TakeoverMessages.line(Map.of("send", descriptors.size())));
            int end = Math.min(offered.size(), descriptors.size() + TakeoverMessages.BATCH);
            while (descriptors.size() < end) {
                if (!(hear() instanceof FileDescriptor descriptor)) {
                    throw failed("has left");
                }
                descriptors.add(descriptor.intValue());
            }
        }
        readMode(DomainSocketReadMode.BYTES);
        return TakeoverMessages.inherited(offered, descriptors);
    }

    private void readMode(DomainSocketReadMode mode) {
        ((EpollDomainSocketChannel) channel).config().setReadMode(mode);
    }

    private Map<?, ?> answer(Map<String, ?> message) throws InterruptedException {
        channel.writeAndFlush(TakeoverMessages.line(message));
        if (!(hear() instanceof String line)) {
            throw failed("has left");
        }
        Map<?, ?> answer = TakeoverMessages.read(line);
        Object error = answer.get("error");
        if (error != null) {
            throw failed("refuses: " + error);
        }
        return answer;
    }

    private @Nullable Object hear() throws InterruptedException {
        return heard.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private static IllegalStateException failed(String what) {
        return new IllegalStateException("the running process " + what);
    }

    Inherited inherited() {
        return inherited;
    }

    /** The process whose place is taken. */
    long predecessor() {
        return predecessor;
    }

    /**
     * Tells that this process accepts at {@code addresses}: the other one drains.
     *
     * @throws IllegalStateException if it goes on as before
     */
    void inForce(List<Address> addresses) throws InterruptedException {
        try {
            answer(TakeoverMessages.inForce(addresses));
        } catch (IllegalStateException e) {
            if (ProcessHandle.of(predecessor).isPresent()) {
                throw e;
            }
            // It is gone: somebody has to stay.
        }
    }

    @Override
    public void close() {
        channel.close();
        end(group);
    }

    private static void end(EventLoopGroup group) {
        group.shutdownGracefully(0, 1_000, TimeUnit.MILLISECONDS);
    }
}
