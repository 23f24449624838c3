package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.KeyHash;
import dev.weir.core.cluster.Limit;
import dev.weir.core.cluster.Snapshot;
import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that end between two turns of the loop, where no server of a test would ever meet them: by HTTP/1.1, prior knowledge, and ALPN. */
class UpstreamPoolTest {
    private final EmbeddedChannel ticker = new EmbeddedChannel();
    private final One one = new One();
    private final List<Runnable> connecting = new ArrayList<>();
    private final List<String> told = new ArrayList<>();
    private final List<EmbeddedChannel> channels = new ArrayList<>();
    private int pending;
    private boolean closesAtOnce;
    private boolean secure;

    private UpstreamPool pool(UpstreamProtocol protocol) {
        secure = protocol == UpstreamProtocol.AUTO;
        FakeEnvironment environment = new FakeEnvironment();
        environment.loop(ticker.eventLoop());
        ConfigErrors errors = new ConfigErrors();
        HttpSettings settings = HttpSettings.read(
                ConfigNode.of(
                        Map.of("routes", List.of(Map.of("path_prefix", "/", "direct_response", Map.of("status", 200)))),
                        errors),
                environment);
        return new UpstreamPool(new HttpLoop(settings, environment), one, protocol, settings.upstreamLimits());
    }

    private void acquire(UpstreamPool pool) {
        acquire(pool, new Asking());
    }

    private static void acquire(UpstreamPool pool, Asking asking) {
        pool.acquire(asking, 0, 0, Exclusions.NONE);
    }

    /** What is being connected is. */
    private void connect() {
        List<Runnable> now = List.copyOf(connecting);
        connecting.clear();
        now.forEach(Runnable::run);
    }

    @AfterEach
    void nothingWaits() {
        assertThat(pending).isZero();
        channels.forEach(EmbeddedChannel::finishAndReleaseAll);
        ticker.finishAndReleaseAll();
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionThatHasClosedMeanwhileIsNone(UpstreamProtocol protocol) {
        UpstreamPool pool = pool(protocol);
        closesAtOnce = true;
        acquire(pool);
        acquire(pool);

        connect();
        ticker.runPendingTasks();

        assertThat(told).containsOnly("done CONNECT_FAILED", "refused CONNECT_FAILED");
        assertThat(told.stream().filter(event -> event.startsWith("refused"))).hasSize(2);
        closesAtOnce = false;
        acquire(pool);
        connect();
        ticker.runPendingTasks();
        assertThat(told)
                .last()
                .isEqualTo(secure || protocol == UpstreamProtocol.HTTP2 ? "connected 2" : "connected 1.1");
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionThatClosesBeforeItIsReadyFailsWhatIsOnItAndIsForgotten(UpstreamProtocol protocol) {
        UpstreamPool pool = pool(protocol);
        acquire(pool);
        connect(); // and not what comes behind it in this turn of the loop
        assertThat(told).hasSize(1).first().asString().startsWith("connected");

        channels.get(0).close();
        ticker.runPendingTasks();

        assertThat(told).hasSize(2).last().isEqualTo("failed UPSTREAM_RESET");
        acquire(pool);
        connect();
        ticker.runPendingTasks();
        assertThat(channels).hasSize(2);
        assertThat(told).hasSize(3).last().asString().startsWith("connected");
    }

    @ParameterizedTest
    @EnumSource
    void aConnectionThatClosesBeforeItIsReadyAndThatNobodyWaitsForIsForgotten(UpstreamProtocol protocol) {
        UpstreamPool pool = pool(protocol);
        Asking asking = new Asking();
        acquire(pool, asking);
        pool.giveUp(asking);
        connect();

        channels.get(0).close();
        ticker.runPendingTasks();

        assertThat(told).isEmpty();
        closesAtOnce = true;
        acquire(pool);
        acquire(pool);
        connect(); // nobody waits for the first one any more, which is not there
        assertThat(told.stream().filter("refused CONNECT_FAILED"::equals)).hasSize(2);
    }

    /** A cluster of one endpoint. */
    private final class One implements Cluster, Endpoint {
        @Override
        public String name() {
            return "app";
        }

        @Override
        public Address address() {
            return Address.parse("127.0.0.1:1");
        }

        @Override
        public int weight() {
            return 1;
        }

        @Override
        public Endpoint pick(long hash, int attempt, Exclusions excluded) {
            return this;
        }

        @Override
        public ChannelFuture connect(EventLoop loop, ChannelHandler initializer) {
            EmbeddedChannel channel =
                    secure ? new EmbeddedChannel(new Secure(), initializer) : new EmbeddedChannel(initializer);
            channels.add(channel);
            if (closesAtOnce) {
                channel.close();
            }
            ChannelPromise promise = channel.newPromise();
            connecting.add(promise::setSuccess);
            return promise;
        }

        @Override
        public void done(Outcome outcome, long micros) {
            told.add("done " + outcome);
        }

        @Override
        public boolean acquire(Limit limit) {
            pending++;
            return true;
        }

        @Override
        public void release(Limit limit) {
            pending--;
        }

        @Override
        public boolean usesHash() {
            return false;
        }

        @Override
        public KeyHash keyHash() {
            throw new UnsupportedOperationException("it uses none");
        }

        @Override
        public String loadBalancing() {
            return "round_robin";
        }

        @Override
        public Snapshot snapshot() {
            return new Snapshot(1, List.of(this));
        }

        @Override
        public boolean wantsOutcomes() {
            return true;
        }

        @Override
        public int connectTimeoutMillis() {
            return 1_000;
        }

        @Override
        public int activeConnections() {
            return channels.size();
        }

        @Override
        public long connects() {
            return channels.size();
        }

        @Override
        public long connectFailures() {
            return 0;
        }
    }

    /** TLS that has agreed on HTTP/2. */
    private static final class Secure extends ChannelInboundHandlerAdapter implements TlsHandler {
        @Override
        public Future<?> handshakeFuture() {
            return ImmediateEventExecutor.INSTANCE.newSucceededFuture(null);
        }

        @Override
        public ChannelFuture closeOutbound() {
            throw new UnsupportedOperationException("nobody asks for it");
        }

        @Override
        public TlsSession session() {
            return new TlsSession("TLSv1.3", "any", null, "h2", false, true, List.of(), null, null);
        }
    }

    /** A request that writes down what becomes of it. */
    private final class Asking implements UpstreamPool.Waiter, ResponseListener {
        @Override
        public void connected(UpstreamConnection connection, Endpoint endpoint, String address) {
            told.add("connected " + connection.version());
            HttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
            head.headers().set(HttpHeaderNames.HOST, "app");
            connection.open(this).sendHead(head, true);
        }

        @Override
        public void refused(Failure failure, @Nullable Endpoint endpoint) {
            told.add("refused " + failure);
        }

        @Override
        public void head(HttpResponse head, boolean end) {
            told.add("head");
        }

        @Override
        public void data(ByteBuf data, boolean end) {
            data.release();
        }

        @Override
        public void trailers(HttpHeaders trailers) {
            told.add("trailers");
        }

        @Override
        public void failed(Failure failure) {
            told.add("failed " + failure);
        }

        @Override
        public void writable() {}
    }
}
