package dev.weir.proxy;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.HealthCheck;
import dev.weir.core.config.ConfigNode;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.Promise;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code http}: answers {@code GET path} (HTTP/1.1) with a status as expected; its body is not looked at. In the program, as the core has no
 * HTTP codec.
 */
public final class HttpHealthCheck implements HealthCheck {
    private static final Pattern RANGE = Pattern.compile("([1-5]\\d\\d)(?:-([1-5]\\d\\d))?");
    /** No blanks and line ends, which would be another request. */
    private static final Pattern PATH = Pattern.compile("/[!-~]*");

    private static final Pattern HOST = Pattern.compile("[!-~]+");

    /** Statuses that are healthy. */
    private record Range(int from, int to) {
        boolean contains(int status) {
            return status >= from && status <= to;
        }

        @Override
        public String toString() {
            return from == to ? String.valueOf(from) : from + "-" + to;
        }
    }

    /** For ServiceLoader. */
    public HttpHealthCheck() {}

    @Override
    public String type() {
        return "http";
    }

    @Override
    public Probe configure(ConfigNode node) {
        String path = text(node, "path", PATH, "/", "a path that begins with / and has no blanks");
        String host = text(node, "host", HOST, null, "a name without blanks");
        Range expected = range(node);
        return target -> Conversation.with(target, result -> new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                FullHttpRequest request = new DefaultFullHttpRequest(
                        HttpVersion.HTTP_1_1, HttpMethod.GET, path == null ? "/" : path, Unpooled.EMPTY_BUFFER);
                request.headers()
                        .set(HttpHeaderNames.HOST, host != null ? host : authority(target))
                        .set(HttpHeaderNames.USER_AGENT, "weir-health-check")
                        .set(HttpHeaderNames.ACCEPT, "*/*")
                        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
                channel.pipeline().addLast(new HttpClientCodec()).addLast(new Talk(result, request, expected));
            }
        });
    }

    private static String authority(Target target) {
        return target.address().isUnix() ? "localhost" : target.address().toString();
    }

    private static @Nullable String text(
            ConfigNode node, String key, Pattern valid, @Nullable String absent, String expected) {
        String text = node.string(key, absent);
        if (text != null && !valid.matcher(text).matches()) {
            node.error(key, "\"" + text + "\" (expected: " + expected + ")");
        }
        return text;
    }

    private static Range range(ConfigNode node) {
        String text = String.valueOf(node.string("expected_status", "200-299"));
        Matcher range = RANGE.matcher(text);
        if (range.matches()) {
            int from = Integer.parseInt(range.group(1));
            int to = range.group(2) == null ? from : Integer.parseInt(range.group(2));
            if (from >= 200 && from <= to) {
                return new Range(from, to);
            }
        }
        node.error("expected_status", "\"" + text + "\" (expected: a status such as 200, or a range such as 200-399)");
        return new Range(200, 299);
    }

    /** One request, and the head of its answer. */
    private static final class Talk extends SimpleChannelInboundHandler<HttpObject> {
        private final Promise<Health> result;
        private final FullHttpRequest request;
        private final Range expected;

        Talk(Promise<Health> result, FullHttpRequest request, Range expected) {
            this.result = result;
            this.request = request;
            this.expected = expected;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.writeAndFlush(request);
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
            if (message.decoderResult().isFailure()) {
                result.trySuccess(Health.no("not HTTP"));
            } else if (message instanceof HttpResponse response
                    && response.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
                int status = response.status().code();
                result.trySuccess(
                        expected.contains(status)
                                ? Health.OK
                                : Health.no("status " + status + " (expected: " + expected + ")"));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            result.trySuccess(Health.no("closed without an answer"));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            result.trySuccess(Health.no(Conversation.message(cause)));
        }
    }
}
