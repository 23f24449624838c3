package dev.weir.ratelimit;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrame;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

/** An HTTP/2 server, by Netty's own codec for servers, that answers as a test tells it. */
final class FakeService implements AutoCloseable {
    /** One call. */
    record Call(Channel stream, Http2Headers headers, String body) {
        /** Answers as gRPC does: headers, a message, trailers. */
        void message(String hex, String status) {
            ByteBuf bytes = Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex));
            ByteBuf framed = Unpooled.buffer()
                    .writeByte(0)
                    .writeInt(bytes.readableBytes())
                    .writeBytes(bytes);
            raw(framed, status);
        }

        void raw(ByteBuf body, String status) {
            stream.write(new DefaultHttp2HeadersFrame(head("200"), false));
            stream.write(new DefaultHttp2DataFrame(body, status == null));
            if (status != null) {
                stream.write(new DefaultHttp2HeadersFrame(new DefaultHttp2Headers().set("grpc-status", status), true));
            }
            stream.flush();
        }

        private static Http2Headers head(String http) {
            return new DefaultHttp2Headers().status(http).set("content-type", "application/grpc");
        }

        void trailersOnly(String http, String status) {
            Http2Headers headers = head(http);
            if (status != null) {
                headers.set("grpc-status", status);
            }
            stream.writeAndFlush(new DefaultHttp2HeadersFrame(headers, true));
        }

        void goAway() {
            stream.parent().writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR));
        }
    }

    final AtomicInteger connections = new AtomicInteger();
    final AtomicInteger resets = new AtomicInteger();
    final List<Call> calls = new CopyOnWriteArrayList<>();
    private final Queue<Channel> open = new ConcurrentLinkedQueue<>();
    private final Channel server;

    FakeService(EventLoopGroup group, int port, long streams, BiConsumer<FakeService, Call> behaviour) {
        server = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        connections.incrementAndGet();
                        open.add(channel);
                        channel.pipeline()
                                .addLast(
                                        Http2FrameCodecBuilder.forServer()
                                                .initialSettings(Http2Settings.defaultSettings()
                                                        .maxConcurrentStreams(streams))
                                                .build(),
                                        new Http2MultiplexHandler(new ChannelInitializer<>() {
                                            @Override
                                            protected void initChannel(Channel stream) {
                                                stream.pipeline().addLast(new Stream(behaviour));
                                            }
                                        }));
                    }
                })
                .bind("127.0.0.1", port)
                .syncUninterruptibly()
                .channel();
    }

    int port() {
        return ((java.net.InetSocketAddress) server.localAddress()).getPort();
    }

    private final class Stream extends SimpleChannelInboundHandler<Http2StreamFrame> {
        private final BiConsumer<FakeService, Call> behaviour;
        private final ByteBuf body = Unpooled.buffer();
        private Http2Headers headers = new DefaultHttp2Headers();

        Stream(BiConsumer<FakeService, Call> behaviour) {
            this.behaviour = behaviour;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, Http2StreamFrame frame) {
            if (frame instanceof Http2HeadersFrame head) {
                headers = head.headers();
            } else if (frame instanceof Http2DataFrame data) {
                body.writeBytes(data.content());
                if (data.isEndStream()) {
                    byte[] all = new byte[body.readableBytes()];
                    body.readBytes(all);
                    Call call = new Call(ctx.channel(), headers, HexFormat.of().formatHex(all));
                    calls.add(call);
                    behaviour.accept(FakeService.this, call);
                }
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof Http2ResetFrame) {
                resets.incrementAndGet();
            }
        }
    }

    /** Ends all connections, and takes no more. */
    @Override
    public void close() {
        server.close().syncUninterruptibly();
        open.forEach(channel -> channel.close().syncUninterruptibly());
    }
}
