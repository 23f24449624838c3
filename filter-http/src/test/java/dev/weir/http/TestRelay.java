package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Passes requests on, as an exchange does in the simplest case: one connection of each loop, no retries. What cannot be sent is 503, what fails 502. */
final class TestRelay implements RequestHandler, UpstreamConnection.Owner {
    /** What became of connections and requests, from all tests of the JVM. */
    static final Queue<String> EVENTS = new ConcurrentLinkedQueue<>();

    /** Who asks for {@code /gate} holds up the loop, which gives a permit to the one, and waits for one of the other. */
    static final Semaphore REACHED = new Semaphore(0);

    static final Semaphore GATE = new Semaphore(0);

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
        if (head.uri().equals("/gate")) {
            waitAtTheGate();
        }
        return passing;
    }

    /** The loop stands still between what it read and what it writes. */
    private static void waitAtTheGate() {
        REACHED.release();
        try {
            if (!GATE.tryAcquire(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nobody opened the gate");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
            one.over = true;
            fail(one.client, Failure.CONNECT_FAILED, false);
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
    private static final class Passing implements RequestListener {
        private final HttpRequest request;
        private final ClientStream client;
        private final List<ByteBuf> early = new ArrayList<>();
        private final boolean ended;
        private @Nullable UpstreamStream upstream;
        private @Nullable HttpHeaders earlyTrailers;
        private boolean earlyEnd;
        private int owed;
        private boolean over;
        private @Nullable Answer answer;

        Passing(HttpRequest request, boolean ended, ClientStream client) {
            this.request = request;
            this.ended = ended;
            this.client = client;
        }

        void start(UpstreamConnection to) {
            if (over) {
                early.forEach(ByteBuf::release);
                return;
            }
            Answer taker = new Answer(this);
            UpstreamStream stream = to.open(taker);
            answer = taker;
            upstream = stream;
            stream.sendHead(request, ended);
            early.forEach(data -> stream.sendData(data, false));
            early.clear();
            if (earlyTrailers != null) {
                stream.sendTrailers(earlyTrailers);
            } else if (earlyEnd) {
                stream.sendData(Unpooled.EMPTY_BUFFER, true);
            }
            pay();
        }

        @Override
        public void data(ByteBuf data, boolean end) {
            owed += data.readableBytes();
            UpstreamStream stream = upstream;
            if (stream == null) {
                early.add(data);
                earlyEnd |= end;
            } else {
                stream.sendData(data, end);
                pay();
            }
        }

        @Override
        public void trailers(HttpHeaders trailers) {
            UpstreamStream stream = upstream;
            if (stream == null) {
                earlyTrailers = trailers;
            } else {
                stream.sendTrailers(trailers);
            }
        }

        private void pay() {
            UpstreamStream stream = upstream;
            if (stream != null && owed > 0 && stream.isWritable()) {
                int bytes = owed;
                owed = 0;
                client.consumed(bytes);
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
            if (answer != null) {
                answer.pay();
            }
        }
    }

    /** Its answer on the way back. */
    private static final class Answer implements ResponseListener {
        private final Passing passing;
        private int owed;
        private boolean begun;

        Answer(Passing passing) {
            this.passing = passing;
        }

        @Override
        public void head(HttpResponse head, boolean end) {
            begun |= head.status().code() >= 200;
            passing.client.sendHead(head, end);
        }

        @Override
        public void data(ByteBuf data, boolean end) {
            owed += data.readableBytes();
            passing.client.sendData(data, end);
            pay();
        }

        private void pay() {
            UpstreamStream stream = passing.upstream;
            if (stream != null && owed > 0 && passing.client.isWritable()) {
                int bytes = owed;
                owed = 0;
                stream.consumed(bytes);
            }
        }

        @Override
        public void trailers(HttpHeaders trailers) {
            passing.client.sendTrailers(trailers);
        }

        @Override
        public void failed(Failure failure) {
            passing.over = true;
            EVENTS.add("failed " + failure.label());
            fail(passing.client, failure, begun);
        }

        @Override
        public void writable() {
            passing.pay();
        }
    }

    private static void fail(ClientStream client, Failure failure, boolean begun) {
        if (!begun) {
            HttpResponse answer = TestAnswers.head(failure.status());
            answer.headers().add("x-failure", failure.label());
            client.sendHead(answer, true);
        }
        client.reset(failure);
    }
}
