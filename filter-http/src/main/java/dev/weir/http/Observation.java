package dev.weir.http;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.Operation;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.sql.DigestTable;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is told of one request and its answer: {@link #begin} to {@link #emit}, then it may be begun again for another one. Looks at what passes and holds
 * nothing of it; throws nothing, whatever passes. On the loop.
 */
final class Observation {
    static final String PROTOCOL = "http";

    private static final Logger LOG = LoggerFactory.getLogger(Observation.class);
    private static final int LONGEST_HOST = 255;
    private static final long NEVER = Long.MIN_VALUE;

    private final Exchanges exchanges;
    private final Connection connection;
    private final ObservationLoop loop;

    private @Nullable Operation operation;
    private @Nullable Details details;
    private boolean begun;
    private long start;
    private long sentFirst;
    private long sentLast;
    private long requested;
    private long answering;
    private long answered;
    private long requestBytes;
    private long responseBytes;
    private int status;
    private boolean waits;
    private boolean connects;
    private boolean byWeir;
    private boolean clientGone;
    private boolean incomplete;
    private int attempts;
    private String version = "";
    private @Nullable String upstreamVersion;
    private @Nullable String upstream;
    private @Nullable String cluster;
    private @Nullable String failure;
    private @Nullable String host;
    private @Nullable String user;
    private @Nullable String app;
    private @Nullable String trace;

    Observation(ObservationSettings settings, Exchanges exchanges, DigestTable digests, Connection connection) {
        this.exchanges = exchanges;
        this.connection = connection;
        this.loop = settings.loop(exchanges, digests);
    }

    /**
     * A request has begun.
     *
     * @param of the route's: {@code GET /users/{id}}
     * @param target that the upstream gets: in normal form, and as the route rewrites it
     * @param requestedHost without port
     */
    void begin(HttpRequest head, Operation of, String target, String requestedHost, long startNanos) {
        clear();
        begun = true;
        operation = of;
        start = startNanos;
        host = requestedHost.isEmpty() || requestedHost.length() > LONGEST_HOST ? null : requestedHost;
        version = version(head.protocolVersion());
        connects = HttpMethod.CONNECT.equals(head.method()) || Http2Upgrade.protocol(head) != null;
        HttpHeaders headers = head.headers();
        trace = TraceIds.of(headers);
        String agent = headers.get(HttpHeaderNames.USER_AGENT);
        app = agent == null ? null : loop.agents.name(agent);
        String authorization = headers.get(HttpHeaderNames.AUTHORIZATION);
        user = authorization == null ? null : loop.users.of(authorization, loop.texts);
        try {
            details = loop.details(head, target);
        } catch (RuntimeException e) {
            lost(e);
        }
    }

    private void clear() {
        if (details != null) {
            details.close();
        }
        operation = null;
        details = null;
        start = NEVER;
        sentFirst = NEVER;
        sentLast = NEVER;
        requested = NEVER;
        answering = NEVER;
        answered = NEVER;
        requestBytes = 0;
        responseBytes = 0;
        status = 0;
        waits = false;
        byWeir = false;
        clientGone = false;
        incomplete = false;
        attempts = 1;
        upstreamVersion = null;
        upstream = null;
        cluster = null;
        failure = null;
        host = null;
        user = null;
        app = null;
        trace = null;
    }

    private static String version(HttpVersion version) {
        return version.majorVersion() == 2 ? "2" : version.minorVersion() == 0 ? "1.0" : "1.1";
    }

    /** Whether anything is looked for beyond plain HTTP. */
    boolean looksInside() {
        return loop.settings.looksInside();
    }

    /** What is asked for, as far as it is known from the head: the protocol's operation where it carries one, else the route's. */
    Operation operation() {
        Operation of = operation;
        if (of == null) {
            throw new IllegalStateException("no request (expected: begin before)");
        }
        return details == null ? of : details.operation();
    }

    /** Who the request claims to come from, or null. */
    @Nullable
    String user() {
        return user;
    }

    /** Bytes of the request's body pass; it keeps nothing of them, and their indices stay as they are. */
    void requestData(ByteBuf lent) {
        requestBytes += lent.readableBytes();
        if (details != null && lent.isReadable()) {
            try {
                details.requestData(lent);
            } catch (RuntimeException e) {
                lost(e);
            }
        }
    }

    /** The request is complete. */
    void requestEnd(long nanos) {
        requested = nanos;
        if (details != null) {
            try {
                details.requestEnd();
            } catch (RuntimeException e) {
                lost(e);
            }
        }
    }

    /** The head goes to an upstream, or once more to another one: until now it waited for a connection. */
    void sent(long nanos) {
        if (sentFirst == NEVER) {
            sentFirst = nanos;
        }
        sentLast = nanos;
    }

    /** The head of an answer passes; informational ones (but 101) count for nothing. */
    void responseHead(HttpResponse head, long nanos) {
        int code = head.status().code();
        if (code < 200 && code != 101) {
            return;
        }
        status = code;
        answering = nanos;
        responseBytes = 0;
        String type = head.headers().get(HttpHeaderNames.CONTENT_TYPE);
        boolean tunnel = code == HttpResponseStatus.SWITCHING_PROTOCOLS.code() || connects && code < 300;
        waits = tunnel || type != null && type.regionMatches(true, 0, "text/event-stream", 0, 17);
        if (details != null) {
            try {
                details.responseHead(head);
            } catch (RuntimeException e) {
                lost(e);
            }
        }
    }

    /** Bytes of the answer's body pass; it keeps nothing of them, and their indices stay as they are. */
    void responseData(ByteBuf lent) {
        responseBytes += lent.readableBytes();
        if (details != null && lent.isReadable()) {
            try {
                details.responseData(lent);
            } catch (RuntimeException e) {
                lost(e);
            }
        }
    }

    /** The answer is complete. */
    void responseEnd(@Nullable HttpHeaders trailers, long nanos) {
        answered = nanos;
        if (details != null) {
            try {
                details.responseEnd(trailers);
            } catch (RuntimeException e) {
                lost(e);
            }
        }
    }

    /** Who answers, or was asked last. */
    void upstream(@Nullable String address, @Nullable String clusterName, String protocolVersion) {
        upstream = address;
        cluster = clusterName;
        upstreamVersion = protocolVersion;
    }

    /** How many attempts there were. */
    void retried(int total) {
        attempts = total;
    }

    /** Weir has answered: by the route (a redirect), as a policy said so, or as no upstream did. */
    void byWeir(int code, @Nullable String failureLabel) {
        byWeir = true;
        status = code;
        failure = failureLabel;
        if (details != null) {
            details.byWeir();
        }
    }

    /** There is no answer, or not to its end. */
    void failed(String failureLabel, boolean gone) {
        incomplete = true;
        failure = failureLabel;
        clientGone = gone;
    }

    /** Tells of it; once for each {@link #begin}. */
    void emit(long nanos) {
        Operation of = operation;
        if (!begun || of == null) {
            return;
        }
        begun = false;
        Details told = details;
        details = null;
        Exchange e = exchanges.open();
        e.of(connection, PROTOCOL, of);
        fill(e);
        times(e, nanos);
        if (told != null) {
            tell(e, told);
        }
        exchanges.emit(e);
    }

    private void fill(Exchange e) {
        e.startNanos = start;
        e.user = user;
        e.app = app;
        e.trace = trace;
        e.requestBytes = requestBytes;
        e.responseBytes = responseBytes;
        e.longWait = waits;
        e.labels = HttpLabels.of(status, connection.get(ConnectionAttribute.TLS) != null, version);
        e.byWeir = byWeir;
        e.upstream = byWeir ? null : upstream;
        e.cluster = cluster;
        e.status = clientGone
                ? Status.NO_REPLY
                : failure != null || incomplete || status >= 400 ? Status.ERROR : Status.OK;
        e.error = failure != null ? failure : status >= 400 ? StatusText.of(status) : null;
        if (host != null) {
            e.attribute("host", host);
        }
        if (status != 0) {
            e.attribute("http_status", status);
        }
        e.attribute("http_version", version);
        if (upstreamVersion != null && !byWeir) {
            e.attribute("upstream_http_version", upstreamVersion);
        }
        if (attempts > 1) {
            e.attribute("attempts", attempts);
        }
    }

    private void times(Exchange e, long nanos) {
        if (clientGone) {
            return;
        }
        long from = requested == NEVER ? start : requested;
        long to = answered == NEVER ? nanos : answered;
        e.durationNanos = Math.max(0, to - from);
        e.firstByteNanos = answering == NEVER ? e.durationNanos : Math.max(0, answering - from);
        if (sentFirst != NEVER) {
            e.queueNanos = Math.max(0, sentFirst - start);
            e.upstreamNanos = byWeir ? -1 : Math.max(0, to - Math.max(sentLast, from));
        }
    }

    private void tell(Exchange e, Details told) {
        boolean whole = !byWeir && !incomplete && answered != NEVER;
        try {
            e.of(connection, told.protocol(), told.operation());
            e.labels = null;
            told.fill(e, whole);
        } catch (RuntimeException error) {
            report(told, error);
        } finally {
            told.close();
        }
    }

    /** A bug, whatever the bytes were: the exchange is told of as one of plain HTTP. */
    private void lost(RuntimeException error) {
        Details failed = details;
        details = null;
        report(failed, error);
        if (failed != null) {
            failed.close();
        }
    }

    private void report(@Nullable Details details, RuntimeException error) {
        loop.settings.lost(details == null ? PROTOCOL : details.protocol(), "failed");
        if (!loop.failed) {
            loop.failed = true;
            LOG.error("Details of an exchange were lost; further ones are counted", error);
        }
    }
}
