package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** Passes requests on, as an exchange does in the simplest case: one connection of each loop, no retries. What cannot be sent is 503, what fails 502. */
final class TestRelay implements RequestHandler, UpstreamConnection.Owner {
    /** What became of connections and requests, from all tests of the JVM. */
    static final Queue<String> EVENTS = new ConcurrentLinkedQueue<>();

    private final HttpLoop home;
    private final UpstreamLimits limits;
    private final Cluster cluster;
    private final ArrayDeque<Passing> waiting = new ArrayDeque<>();
    private @Nullable UpstreamConnection connection;
    private boolean connecting;

    TestRelay(HttpLoop home, UpstreamLimits limits, Cluster cluster) {
        this.home = home;
        this.limits = limits;
        this.cluster = cluster;
    }

    @Override
    public RequestListener request(HttpRequest head, boolean end, ClientStream client) {
        Passing passing = new Passing(head, end, client);
        waiting.add(passing);
        serve();
        return passing;
    }

    private void serve() {
        UpstreamConnection to = connection;
        while (to != null && to.available() > 0 && !waiting.isEmpty()) {
            waiting.poll().start(to);
        }
        if (to == null && !connecting && !waiting.isEmpty()) {
            connect();
        }
    }

    private void connect() {
        Endpoint endpoint = cluster.pick(0, 1, Exclusions.NONE);
        ChannelFuture future =
                endpoint == null ? null : endpoint.connect(home.loop, Http2Upstream.of(home, limits, this));
        if (future == null) {
            fail();
            return;
        }
        connecting = true;
        future.addListener(done -> {
            connecting = false;
            if (!done.isSuccess()) {
                fail();
            }
        });
    }

    private void fail() {
        for (Passing one = waiting.poll(); one != null; one = waiting.poll()) {
            one.failed(Failure.CONNECT_FAILED);
        }
    }

    @Override
    public void ready(UpstreamConnection to) {
        EVENTS.add("ready");
        connection = to;
        serve();
    }

    @Override
    public void free(UpstreamConnection to) {
        serve();
    }

    @Override
    public void gone(UpstreamConnection to, Failure why) {
        EVENTS.add("gone " + why.label());
        if (connection == to) {
            connection = null;
        }
        serve();
    }

    /** One request on its way. */
    private static final class Passing implements RequestListener, ResponseListener {
        private final HttpRequest request;
        private final boolean end;
        private final ClientStream client;
        private final ArrayDeque<Object> early = new ArrayDeque<>();
        private @Nullable UpstreamStream upstream;
        private long owedToClient;
        private long owedToUpstream;
        private boolean begun;
        private boolean over;

        Passing(HttpRequest request, boolean end, ClientStream client) {
            this.request = request;
            this.end = end;
            this.client = client;
        }

        void start(UpstreamConnection to) {
            if (over) {
                early.forEach(io.netty.util.ReferenceCountUtil::release);
                return;
            }
            UpstreamStream stream = to.open(this);
            upstream = stream;
            boolean more = !end;
            stream.sendHead(request, end);
            for (Object piece : early) {
                if (piece instanceof ByteBuf data) {
                    boolean last = early.peekLast() == piece && !more;
                    data(data, last);
                } else {
                    trailers((HttpHeaders) piece);
                }
            }
            early.clear();
        }

        @Override
        public void data(ByteBuf data, boolean last) {
            UpstreamStream stream = upstream;
            if (stream == null) {
                early.add(data);
                if (last) {
                    early.add(new io.netty.handler.codec.http.DefaultHttpHeaders());
                }
                owedToClient += data.readableBytes();
                return;
            }
            owedToClient += early.contains(data) ? 0 : data.readableBytes();
            stream.sendData(data, last);
            pay();
        }

        @Override
        public void trailers(HttpHeaders trailers) {
            UpstreamStream stream = upstream;
            if (stream == null) {
                early.add(trailers);
            } else {
                stream.sendTrailers(trailers);
            }
        }

        private void pay() {
            UpstreamStream stream = upstream;
            if (stream != null && owedToClient > 0 && stream.isWritable()) {
                int bytes = (int) owedToClient;
                owedToClient = 0;
                client.consumed(bytes);
            }
            if (stream != null && owedToUpstream > 0 && client.isWritable()) {
                int bytes = (int) owedToUpstream;
                owedToUpstream = 0;
                stream.consumed(bytes);
            }
        }

        @Override
        public void cancelled(Failure why) {
            over = true;
            EVENTS.add("cancelled " + why.label());
            if (upstream != null) {
                upstream.cancel();
            }
        }

        @Override
        public void writable() {
            pay();
        }

        @Override
        public void head(HttpResponse head, boolean last) {
            begun |= head.status().code() >= 200;
            client.sendHead(head, last);
        }

        @Override
        public void failed(Failure failure) {
            over = true;
            EVENTS.add("failed " + failure.label());
            if (begun) {
                client.reset(failure);
            } else {
                HttpResponse answer = TestAnswers.head(failure.status());
                answer.headers().add("x-failure", failure.label());
                client.sendHead(answer, true);
                client.reset(failure);
            }
        }
    }
}
