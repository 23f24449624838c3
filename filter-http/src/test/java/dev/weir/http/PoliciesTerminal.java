package dev.weir.http;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.EndOfStream;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.filter.TerminalFactory;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.PolicyWait;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An HTTP/2 server behind a chain that answers each request by itself with 200, if its policies let it: the terminal {@code policies_test}. */
public final class PoliciesTerminal implements TerminalFactory {
    private static final Set<String> OPERATIONS = Set.of("GET /fast", "GET /slow", "GET /gone", "POST /fast");

    /** For ServiceLoader. */
    public PoliciesTerminal() {}

    @Override
    public String type() {
        return "policies_test";
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        HttpPolicies policies = HttpPolicies.read(config, environment, OPERATIONS, CarriedNames.NONE);
        return loop -> {
            PerLoop.PerConnection<ConnectionPolicies> made = policies == null ? null : policies.onLoop(loop);
            return context -> new Client(context, made == null ? null : made.create(context.connection()));
        };
    }

    /** One connection: puts the codecs behind itself. */
    private static final class Client extends ChannelInboundHandlerAdapter {
        private final TerminalContext context;
        private final @Nullable ConnectionPolicies policies;

        Client(TerminalContext context, @Nullable ConnectionPolicies policies) {
            this.context = context;
            this.policies = policies;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.pipeline()
                    .addLast(
                            Http2FrameCodecBuilder.forServer()
                                    .initialSettings(
                                            Http2Settings.defaultSettings().maxConcurrentStreams(200))
                                    .build(),
                            new Http2MultiplexHandler(new ChannelInitializer<Channel>() {
                                @Override
                                protected void initChannel(Channel stream) {
                                    stream.pipeline()
                                            .addLast(
                                                    new Http2StreamFrameToHttpObjectCodec(true),
                                                    new Stream(context, policies));
                                }
                            }));
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == EndOfStream.INSTANCE) {
                context.connection().close(CloseReason.CLIENT_CLOSED);
            } else {
                ctx.fireUserEventTriggered(event);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (policies != null) {
                policies.close();
            }
            ctx.fireChannelInactive();
        }
    }

    /** One request. */
    private static final class Stream extends SimpleChannelInboundHandler<HttpObject> implements Verdict {
        private final TerminalContext context;
        private final @Nullable ConnectionPolicies policies;
        private @Nullable PolicyWait wait;
        private @Nullable Channel stream;

        Stream(TerminalContext context, @Nullable ConnectionPolicies policies) {
            this.context = context;
            this.policies = policies;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
            stream = ctx.channel();
            if (!(message instanceof HttpRequest request)) {
                return;
            }
            if (policies == null) {
                go();
                return;
            }
            HttpMethod method = request.method();
            String name = method.name() + " " + request.uri().replaceFirst("\\?.*", "");
            HttpRequest head = new DefaultHttpRequest(
                    HttpVersion.HTTP_1_1,
                    method,
                    request.uri(),
                    request.headers().copy());
            wait = policies.decide(
                    new ConnectionPolicies.Asked(
                            head,
                            OPERATIONS.contains(name) ? name : CommandSet.OTHER,
                            head.headers().get("x-user"),
                            CarriedNames.Called.byMethod(method)),
                    context.clock().nanoTime(),
                    this);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (wait != null) {
                wait.cancel();
            }
        }

        private void answer(int status, String text, long retryAfter) {
            Channel to = stream;
            if (to == null) {
                throw new IllegalStateException("no stream");
            }
            DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), ByteBufUtil.writeAscii(to.alloc(), text));
            if (retryAfter > 0) {
                response.headers().set(HttpHeaderNames.RETRY_AFTER, retryAfter);
            }
            to.writeAndFlush(response);
        }

        @Override
        public void go() {
            answer(200, "there you are", 0);
        }

        @Override
        public void refuse(int status, String message, long retryAfterSeconds) {
            answer(status, message, retryAfterSeconds);
        }

        @Override
        public void abort(CloseReason reason) {
            if (stream != null) {
                stream.close();
            }
        }

        @Override
        public void close(CloseReason reason, int status, String message) {
            answer(status, message, 0);
            Connection connection = context.connection();
            connection.loop().execute(() -> connection.close(reason));
        }
    }
}
