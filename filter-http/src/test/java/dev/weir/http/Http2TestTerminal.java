package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.LoopEnvironment;
import dev.weir.core.filter.TerminalFactory;
import dev.weir.core.filter.WireClock;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.Http2Settings;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A terminal that speaks HTTP/2 and answers by itself ({@link TestAnswers}), or passes requests on to an upstream that speaks it too ({@link TestRelay}). */
public final class Http2TestTerminal implements TerminalFactory {
    /** How far the clock of connections goes ahead, as far as time is looked at and not waited for. */
    static final AtomicLong AHEAD = new AtomicLong();
    /** How often that clock was read. */
    static final AtomicLong READS = new AtomicLong();
    /** The client's connection that was made last, in this JVM. */
    static volatile WeakReference<Http2Client> last = new WeakReference<>(null);

    /** For ServiceLoader. */
    public Http2TestTerminal() {}

    @Override
    public String type() {
        return "test_http2";
    }

    @Override
    public Configured configure(ConfigNode config, FilterEnvironment environment) {
        ClientLimits client = new ClientLimits(
                (int) config.integer("header_bytes", 61_440, 1, 1 << 20),
                (int) config.integer("headers", 100, 1, 10_000),
                (int) config.integer("request_line", 8_192, 1, 1 << 20),
                (int) config.integer("streams", 100, 1, 10_000),
                (int) config.integer("window", 65_536, 1, 1 << 30),
                (int) config.integer("connection_window", 1_048_576, 1, 1 << 30),
                config.integer("requests_per_connection", 0, 0, 1 << 30),
                TimeUnit.MILLISECONDS.toNanos(config.integer("headers_millis", 10_000, 1, 1 << 30)),
                TimeUnit.MILLISECONDS.toNanos(config.integer("idle_millis", 0, 0, 1 << 30)),
                false,
                false);
        HttpSettings settings = HttpSettings.read(
                ConfigNode.of(
                        Map.of("routes", List.of(Map.of("path_prefix", "/", "direct_response", Map.of("status", 200)))),
                        config.errors()),
                environment);
        UpstreamLimits upstream = new UpstreamLimits(
                client.headerBytes(),
                client.headers(),
                client.streams(),
                client.window(),
                client.connectionWindow(),
                client.requestsPerConnection(),
                client.idleNanos(),
                0,
                0);
        @Nullable Cluster cluster = config.has("cluster") ? environment.cluster(config, "cluster") : null;
        boolean upgrade = config.bool("upgrade", false);
        ProtocolErrors errors = new ProtocolErrors(environment.meters(), environment.listener());
        return environmentOfLoop -> {
            HttpLoop home = new HttpLoop(settings, new Hastened(environmentOfLoop));
            RequestHandler handler =
                    cluster == null ? new TestAnswers(home.loop) : new TestRelay(home, upstream, cluster);
            return context -> {
                Http2Client connection = Http2Client.of(home, context, client, handler, errors);
                last = new WeakReference<>(connection);
                return upgrade ? new Upgrading(connection) : connection;
            };
        };
    }

    /** A loop whose time tests may move. */
    private record Hastened(LoopEnvironment real) implements LoopEnvironment, WireClock {
        @Override
        public long nanoTime() {
            READS.incrementAndGet();
            return real.clock().nanoTime() + AHEAD.get();
        }

        @Override
        public long epochMicros(long nanoTime) {
            return real.clock().epochMicros(nanoTime - AHEAD.get());
        }

        @Override
        public int index() {
            return real.index();
        }

        @Override
        public EventLoop loop() {
            return real.loop();
        }

        @Override
        public Exchanges exchanges() {
            return real.exchanges();
        }

        @Override
        public Inflaters inflaters() {
            return real.inflaters();
        }

        @Override
        public WireClock clock() {
            return this;
        }
    }

    /** As much of HTTP/1.1 as an upgrade needs. */
    private static final class Upgrading extends ChannelInitializer<Channel> {
        private final Http2Client connection;

        Upgrading(Http2Client connection) {
            this.connection = connection;
        }

        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new HttpRequestDecoder(), new SimpleChannelInboundHandler<HttpObject>() {
                private HttpRequest head;

                @Override
                protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) throws Exception {
                    if (part instanceof HttpRequest request) {
                        head = request;
                    } else if (part instanceof LastHttpContent) {
                        Http2Settings settings = Http2Upgrade.settings(head);
                        ctx.write(Unpooled.copiedBuffer(
                                settings == null
                                        ? "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"
                                        : "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
                                StandardCharsets.US_ASCII));
                        if (settings != null) {
                            ctx.pipeline().addLast(connection);
                            connection.upgraded(head, settings);
                            ctx.pipeline().remove(this);
                            ctx.pipeline().remove(HttpRequestDecoder.class); // hands on what is left
                        }
                        ctx.flush();
                    }
                }
            });
        }
    }
}
