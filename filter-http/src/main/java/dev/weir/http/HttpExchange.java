package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.filter.CloseReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way: from its head to the last byte of its answer. It finds the route, asks the policies, tries one endpoint or several, and tells of all
 * that. What has gone to the client is never taken back: a failure before is an answer of Weir's own or another try, a failure behind it resets the stream.
 */
final class HttpExchange implements RequestListener, Verdict {
    final HttpLoop home;
    final Observation observation;
    final RequestBody body;
    private final HttpConnection client;
    private final ClientStream stream;
    private final HttpRequest head;
    private final long startNanos;

    private @Nullable Route route;
    private @Nullable RequestTarget target;
    final Tunnel tunnel;
    private boolean grpc;
    private boolean speaksHttp2;
    private @Nullable Runnable undecided;

    private @Nullable Tries tries;
    private @Nullable String cookie;
    private final Shadows shadows = new Shadows();

    private boolean answering;
    private boolean done;
    private final ExchangeTimes times;

    HttpExchange(HttpConnection client, HttpRequest head, boolean end, ClientStream stream) {
        this.home = client.home();
        this.client = client;
        this.head = head;
        this.stream = stream;
        this.body = new RequestBody(stream, end);
        this.startNanos = client.burstNanos();
        this.observation = client.observation();
        this.times = new ExchangeTimes(this, home);
        this.tunnel = new Tunnel(head, end);
    }

    void start() {
        RouteTable routes = home.settings.routes();
        try {
            target = RequestTarget.parse(head, client.scheme(), home.settings.paths());
        } catch (BadTarget e) {
            observation.begin(head, routes.operation(head.method()), "", "", startNanos);
            answer(400, String.valueOf(e.getMessage()), "bad_target");
            return;
        }
        RequestTarget where = target;
        HopByHop.dropNamed(head.headers()); // before anybody looks: they do not go on
        Route found = routes.match(head, where, client.isSecure());
        observation.begin(
                head,
                found == null ? routes.operation(head.method()) : found.operation(head.method()),
                found != null && observation.looksInside() ? found.target(where) : where.forwarded(),
                where.host(),
                startNanos);
        if (body.isNone()) {
            observation.requestEnd(startNanos);
        }
        grpc = Grpc.isRequest(head.headers());
        if (found == null) {
            undecided = client.decide(head, where, body.isNone(), null, observation.user(), this);
            return;
        }
        route = found;
        Tunnel.Refused refused = tunnel.refused(found);
        if (refused != null) {
            answer(refused.status(), refused.message(), refused.error());
            return;
        }
        times.begin(startNanos, found.timeouts(), grpc ? Grpc.timeoutNanos(head.headers()) : 0);
        undecided = client.decide(head, where, body.isNone(), found, observation.user(), this);
    }

    /** All policies agree. */
    @Override
    public void go() {
        undecided = null;
        if (done) {
            return;
        }
        if (route == null) {
            answer(404, "no route", "no_route");
            return;
        }
        Route by = route();
        RequestTarget where = where();
        LocalAnswer local = by.answer(head, where);
        if (local != null) {
            answer(local);
            return;
        }
        RouteCluster chosen = by.cluster();
        if (chosen == null) {
            answer(Failure.NO_ENDPOINT);
            return;
        }
        Cluster cluster = chosen.cluster();
        long hash = 0;
        if (by.hashes()) {
            cookie = by.cookie(head, client.connection());
            hash = by.hash(head, where, client.connection(), cluster.keyHash());
        } else if (cluster.usesHash()) {
            hash = client.hash(cluster.keyHash());
        }
        speaksHttp2 = chosen.protocol() != UpstreamProtocol.HTTP1;
        prepare(by, where);
        if (!asksTunnel()) {
            shadows.begin(home, by, head, body.isNone(), hash);
        }
        tries = new Tries(this, chosen, hash);
        tries.next();
    }

    /** Makes the head that goes out of the one that came: once, for all tries. */
    private void prepare(Route by, RequestTarget where) {
        HttpHeaders headers = head.headers();
        HopByHop.strip(headers, tunnel.protocol());
        if (HttpVersion.HTTP_1_0.equals(head.protocolVersion())) {
            headers.remove(HttpHeaderNames.EXPECT);
        }
        if (!headers.contains(HttpHeaderNames.HOST)) {
            headers.set(HttpHeaderNames.HOST, ""); // RFC 9112, 3.2: HTTP/1.0 may do without
        }
        if (!home.settings.observes()) {
            home.settings.forwarding().request(head, client, where);
        }
        by.prepare(head, where, null);
        Retries retries = by.retries();
        if (retries.attempts() > 1 && !asksTunnel() && mayKeep(retries)) {
            body.keep(retries.bufferBytes());
        }
    }

    /** Whether what is sent may have to be sent again: a request that may be executed twice, or one that an upstream may refuse before it is. */
    private boolean mayKeep(Retries retries) {
        return retries.allows(head.method()) || speaksHttp2 && retries.onFailure(Failure.REFUSED);
    }

    /** The head for a try. */
    HttpRequest outgoing(Endpoint endpoint, boolean http2) {
        if (tries != null && !tries.isFirst() && !asksTunnel()) {
            head.headers().remove(HttpHeaderNames.CONNECTION); // of the connection before
        }
        route().nameHost(head, endpoint);
        return tunnel.outgoing(http2, client.scheme());
    }

    /** Whether bytes are to pass that are no HTTP. */
    boolean asksTunnel() {
        return tunnel.isAsked();
    }

    private RequestTarget where() {
        if (target == null) {
            throw new IllegalStateException("no target yet");
        }
        return target;
    }

    Route route() {
        if (route == null) {
            throw new IllegalStateException("no route yet");
        }
        return route;
    }

    HttpMethod method() {
        return head.method();
    }

    private @Nullable Attempt sending() {
        return tries == null ? null : tries.sending();
    }

    @Override
    public void data(ByteBuf data, boolean end) {
        times.moved();
        if (done) {
            body.drop(data);
            return;
        }
        if (data.isReadable()) {
            observation.requestData(data);
        }
        if (end) {
            observation.requestEnd(home.clock.nanoTime());
        }
        shadows.copy(data, end);
        body.add(data, end, sending());
        if (end && tunnel.isAnswerEnded()) {
            over();
        }
    }

    @Override
    public void trailers(HttpHeaders trailers) {
        times.moved();
        if (done) {
            return;
        }
        if (tunnel.isAsked()) { // which has no trailers
            data(Unpooled.EMPTY_BUFFER, true);
            return;
        }
        observation.requestEnd(home.clock.nanoTime());
        shadows.copy(Unpooled.EMPTY_BUFFER, true);
        HopByHop.stripTrailers(trailers);
        body.end(trailers, sending());
    }

    @Override
    public void cancelled(Failure why) {
        if (!done) {
            observation.failed(why.label(), true);
            finish();
        }
    }

    @Override
    public void writable() {
        Attempt by = tries == null ? null : tries.current();
        if (by != null) {
            by.clientWritable();
        }
    }

    /** A try has failed. */
    void failed(Attempt by, Failure failure) {
        Tries all = tries;
        boolean late = times.isOver(); // an upstream that knows the deadline may end it a moment before Weir does
        if (all != null && by == all.current() && (answering || late || !all.again(by, failure))) {
            fail(late ? Failure.UPSTREAM_TIMEOUT : failure);
        }
    }

    /** Whether an answer is not passed on, as another try is made. */
    boolean triesAgain(Attempt by, int status) {
        return status >= 300 && !done && !answering && tries != null && tries.again(by, status);
    }

    /** An informational head. */
    void informed(HttpResponse informational) {
        times.moved();
        HopByHop.strip(informational.headers(), "");
        stream.sendHead(informational, false);
    }

    /** The head of the answer. */
    void answered(HttpResponse answer, boolean end) {
        times.moved();
        answering = true;
        body.forget();
        if (tunnel.isMisunderstood(answer)) {
            failNow(Failure.UPSTREAM_PROTOCOL);
            return;
        }
        tunnel.translate(answer);
        boolean switches = tunnel.isOpenedBy(answer);
        long now = home.clock.nanoTime();
        HopByHop.strip(answer.headers(), switches ? tunnel.protocol() : "");
        if (!home.settings.observes()) {
            home.settings.forwarding().answer(answer);
            route().finish(answer);
            if (cookie != null) {
                answer.headers().add(HttpHeaderNames.SET_COOKIE, cookie);
            }
        }
        observation.responseHead(answer, now);
        if (switches) {
            answer.headers().remove(HttpHeaderNames.CONTENT_LENGTH).remove(HttpHeaderNames.TRANSFER_ENCODING);
            times.withoutDeadline();
            tunnel.open();
            body.reopen(head instanceof Http2Request);
        }
        if (end) {
            observation.responseEnd(null, now);
            finish();
        }
        stream.sendHead(answer, end);
        if (end) {
            unwanted();
        } else if (switches && tries != null && tries.current() != null) {
            tries.current().tunnel();
        }
    }

    /** Bytes of the answer; true if they have gone on. */
    boolean received(ByteBuf data, boolean end) {
        times.moved();
        if (done) {
            data.release();
            return true;
        }
        if (data.isReadable()) {
            observation.responseData(data);
        }
        boolean half = end && isHalfOpen();
        if (end) {
            observation.responseEnd(null, home.clock.nanoTime());
            if (half) {
                tunnel.answerEnded();
            } else {
                finish();
            }
        }
        stream.sendData(data, end);
        if (end && !half) {
            unwanted();
        }
        return end || stream.isWritable();
    }

    /** Whether bytes pass that are no HTTP, and the client has not ended its side: it may go on when the upstream has. */
    boolean isHalfOpen() {
        return tunnel.isOpen() && !body.isReceived();
    }

    /** Both sides have ended what they had to say. */
    private void over() {
        Attempt by = sending();
        if (by != null) {
            by.tunnelEnded();
        }
        finish();
    }

    /** The answer is complete; a request that is not will never be. */
    private void unwanted() {
        if (!body.isReceived()) {
            stream.reset(Failure.CLIENT_CLOSED);
        }
    }

    /** The answer ended with trailers. */
    void ended(HttpHeaders trailers) {
        if (!done) {
            observation.responseEnd(trailers, home.clock.nanoTime());
            finish();
            HopByHop.stripTrailers(trailers);
            stream.sendTrailers(trailers);
            unwanted();
        }
    }

    private void fail(Failure failure) {
        if (!done) {
            if (answering) {
                if (!tunnel.isAnswerEnded()) { // else it only was not taken what the client had to say
                    observation.failed(failure.label(), false);
                }
                finish();
                stream.reset(failure);
            } else {
                answer(failure);
            }
        }
    }

    /** Nothing of it has gone out, but there is no more to be had of the upstream. */
    private void failNow(Failure failure) {
        answer(failure);
        if (tries != null) {
            tries.end();
        }
    }

    private void answer(Failure failure) {
        answer(failure.status(), failure.sentence(), failure.label());
    }

    private void answer(int status, String message, @Nullable String error) {
        answer(status, message, error, 0);
    }

    private void answer(int status, String message, @Nullable String error, long retryAfterSeconds) {
        if (!done) {
            Answers.Own own = Answers.own(grpc, status, message, retryAfterSeconds);
            observation.byWeir(status, error);
            send(own.head(), own.text());
        }
    }

    private void answer(LocalAnswer local) {
        HttpHeaders headers = local.headers();
        HttpResponse answer = new DefaultHttpResponse(HttpVersion.HTTP_1_1, local.status(), headers);
        route().finish(answer);
        observation.byWeir(local.status().code(), null);
        send(answer, Unpooled.wrappedBuffer(local.body()));
    }

    private void send(HttpResponse answer, ByteBuf text) {
        answering = true;
        long now = home.clock.nanoTime();
        observation.responseHead(answer, now);
        boolean empty = !text.isReadable() || HttpMethod.HEAD.equals(head.method());
        if (!empty) {
            observation.responseData(text);
        }
        observation.responseEnd(null, now);
        finish();
        stream.sendHead(answer, empty);
        if (empty) {
            text.release();
        } else {
            stream.sendData(text, true);
        }
        unwanted();
    }

    @Override
    public void refuse(int status, String message, long retryAfterSeconds) {
        undecided = null;
        answer(status, message, "refused", retryAfterSeconds);
    }

    @Override
    public void abort(CloseReason reason) {
        undecided = null;
        if (!done) {
            observation.byWeir(0, "refused");
            observation.failed("refused", false);
            finish();
            stream.reset(Failure.POLICY);
        }
    }

    @Override
    public void close(CloseReason reason, int status, String message) {
        if (!done) {
            stream.beLast();
            refuse(status, message, 0);
        }
    }

    private void finish() {
        if (done) {
            return;
        }
        done = true;
        observation.emit(home.clock.nanoTime());
        times.end();
        if (undecided != null) {
            undecided.run();
            undecided = null;
        }
        client.ended(observation);
        if (tries != null) {
            tries.end();
        }
        if (!body.isReceived()) {
            shadows.giveUp();
        }
        body.discard();
    }

    /** It takes too long: all of it, or that nothing moves. */
    void timedOut(boolean atAll) {
        if (done) {
            return;
        }
        // A call of gRPC may be over before its client has said all: its deadline is the same whoever is late.
        boolean client = !(grpc && atAll) && !body.isReceived() && !answering && !body.isHeldBack();
        Failure failure = client ? Failure.CLIENT_TIMEOUT : atAll ? Failure.UPSTREAM_TIMEOUT : Failure.IDLE_TIMEOUT;
        if (tries != null) {
            tries.timedOut(failure);
        }
        fail(failure);
    }
}
