package dev.weir.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import org.jspecify.annotations.Nullable;

/** Whether a request asks for other bytes than those of HTTP: by an upgrade, an extended CONNECT (RFC 8441), or CONNECT; and what becomes of that. */
final class Tunnel {
    /** A request that is answered for what it asks. */
    record Refused(int status, String message, String error) {}

    private final HttpRequest head;
    private final boolean connect;
    private final boolean bodyless;
    private final boolean extended;
    private String protocol;
    /** Whether it is an extended CONNECT of the client, and an upgrade to the upstream. */
    private boolean toHttp1;

    private boolean toHttp2;
    private @Nullable String webSocketKey;
    private boolean open;
    private boolean answerEnded;

    Tunnel(HttpRequest head, boolean bodyless) {
        this.head = head;
        this.bodyless = bodyless;
        String named = Http2Upgrade.protocol(head);
        this.extended = named != null;
        this.connect = !extended && HttpMethod.CONNECT.equals(head.method());
        if (named != null) {
            protocol = named;
            head.setMethod(HttpMethod.GET); // what it is everywhere else: routes and rules are to hold for both
        } else {
            // What would come behind the head is its body; and HTTP/1.0 does not know it.
            boolean may = bodyless && !HttpVersion.HTTP_1_0.equals(head.protocolVersion());
            protocol = may ? HopByHop.upgrade(head.headers()) : "";
        }
    }

    /** Why it cannot be had on this route, or null. An upgrade that may not pass is no reason: it is a request without it. */
    @Nullable
    Refused refused(Route route) {
        if (extended && !route.upgrades(protocol)) {
            return new Refused(501, "no such upgrade", "upgrade_refused");
        }
        if (connect && !bodyless && !Http.HTTP_2.equals(head.protocolVersion())) {
            return new Refused(400, "a body for CONNECT", "bad_target");
        }
        if (connect && !route.connect()) {
            return new Refused(405, "CONNECT is not allowed", "connect_refused");
        }
        if (!protocol.isEmpty() && !route.upgrades(protocol)) {
            protocol = "";
        }
        return null;
    }

    /** Whether it is asked for. */
    boolean isAsked() {
        return connect || !protocol.isEmpty();
    }

    /** What an upgrade asks for, or "". */
    String protocol() {
        return protocol;
    }

    /** The head that asks an upstream for it, in the words of its version. */
    HttpRequest outgoing(boolean http2, String scheme) {
        if (protocol.isEmpty() || http2 == extended) {
            if (extended) {
                head.setMethod(HttpMethod.CONNECT);
            }
            return head;
        }
        toHttp1 = extended;
        if (head instanceof Http2Request request) {
            return Upgrades.toHttp1(request, protocol);
        }
        toHttp2 = true;
        webSocketKey = head.headers().get(HttpHeaderNames.SEC_WEBSOCKET_KEY);
        return Upgrades.toHttp2(head, scheme, protocol);
    }

    /** Puts an answer into the words of the client's version. */
    void translate(HttpResponse answer) {
        if (toHttp2 && answer.status().code() < 300) {
            Upgrades.accepted(answer, webSocketKey, protocol);
        }
    }

    /** Whether the upstream goes over to something that nobody has asked for, or says so in the wrong words. */
    boolean isMisunderstood(HttpResponse answer) {
        int status = answer.status().code();
        if (status == 101) {
            return protocol.isEmpty() || !answer.headers().contains(HttpHeaderNames.UPGRADE, protocol, true);
        }
        return toHttp1 && status < 300;
    }

    /** Whether with this answer bytes pass as they are. */
    boolean isOpenedBy(HttpResponse answer) {
        int status = answer.status().code();
        return status == 101 || status < 300 && (connect || extended);
    }

    /** From here on bytes pass as they are. */
    void open() {
        open = true;
    }

    boolean isOpen() {
        return open;
    }

    /** The upstream has said all that it has to say; the client may go on. */
    void answerEnded() {
        answerEnded = true;
    }

    boolean isAnswerEnded() {
        return answerEnded;
    }
}
