package dev.weir.tls.psk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** The handler on real sockets, without the rest of Weir. */
final class PskBed implements AutoCloseable {
    static final String KEY = "00112233445566778899aabbccddeeff";

    final Path folder;
    final List<Ends> accepted = new CopyOnWriteArrayList<>();
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    Duration timeout = Duration.ofSeconds(10);
    /** What the section says beside its keys. */
    Map<String, ?> choice = Map.of();

    PskBed(Path folder) {
        this.folder = folder;
    }

    PskTls psk(String secrets, Map<String, ?> more) throws Exception {
        Path file = Files.createTempFile(folder, "psk", ".txt");
        Files.writeString(file, secrets);
        var all = new java.util.HashMap<String, Object>(more);
        all.put("secrets", file.toString());
        ConfigErrors errors = new ConfigErrors();
        PskTls made = PskTls.configure(ConfigNode.of(all, errors));
        errors.throwIfAny("test");
        return made;
    }

    PskTls.Limits limits(String min, String max) {
        ConfigErrors errors = new ConfigErrors();
        PskChoice chosen = PskChoice.configure(ConfigNode.of(choice, errors));
        assertThat(errors.problems()).isEmpty();
        return new PskTls.Limits(min, max, timeout, 100, chosen);
    }

    /** What reaches the far end of a channel. */
    static final class Ends extends ChannelInboundHandlerAdapter {
        final ByteArrayOutputStream received = new ByteArrayOutputStream();
        final TlsHandler tls;
        volatile Throwable failure;
        volatile boolean ended;
        volatile boolean closed;
        volatile ChannelHandlerContext context;
        private final boolean echo;

        Ends(TlsHandler tls, boolean echo) {
            this.tls = tls;
            this.echo = echo;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            context = ctx;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
            ByteBuf data = (ByteBuf) message;
            synchronized (received) {
                data.getBytes(data.readerIndex(), received, data.readableBytes());
            }
            if (echo) {
                ctx.write(data);
            } else {
                data.release();
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                ended = true;
                if (echo) {
                    ctx.flush();
                    tls.closeOutbound().addListener(said -> ctx.channel().close());
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            closed = true;
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            failure = cause;
        }

        String text() {
            synchronized (received) {
                return received.toString(StandardCharsets.ISO_8859_1);
            }
        }

        TlsSession session() {
            return tls.session();
        }
    }

    /** A server that echoes; answers its port. */
    int server(PskTls psk, String min, String max) throws Exception {
        Channel server = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        TlsHandler tls = psk.server(limits(min, max)).handler(channel, null);
                        Ends ends = new Ends(tls, true);
                        accepted.add(ends);
                        channel.pipeline().addLast(tls, ends);
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    /** A client, not reading by itself where {@code autoRead} says so. */
    Ends client(PskTls psk, String min, String max, int port, boolean autoRead) throws Exception {
        Ends[] made = new Ends[1];
        new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.AUTO_READ, autoRead)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        TlsHandler tls = psk.client(limits(min, max))
                                .handler(channel, new Address("127.0.0.1", port), "db.example");
                        made[0] = new Ends(tls, false);
                        channel.pipeline().addLast(tls, made[0]);
                    }
                })
                .connect(InetAddress.getLoopbackAddress(), port)
                .sync();
        return made[0];
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 5, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
    }
}
