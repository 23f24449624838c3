package dev.weir.http;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.KeyHash;
import dev.weir.core.exchange.Operation;
import dev.weir.core.filter.Connection;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is done with the requests that match: sent on, or answered. Immutable, shared by all loops. */
final class Route {
    /**
     * What is changed on the way.
     *
     * @param rewrite path and host
     * @param request headers of requests
     * @param response headers of answers
     */
    record Edits(Rewrite rewrite, HeaderEdits request, HeaderEdits response) {}

    private final RouteMatch match;
    private final RouteNames names;
    private final RouteClusters clusters;
    private final @Nullable RouteAnswer answer;
    private final Edits edits;
    private final RouteTraffic traffic;
    private final boolean changesService;

    Route(
            RouteMatch match,
            RouteNames names,
            RouteClusters clusters,
            @Nullable RouteAnswer answer,
            Edits edits,
            RouteTraffic traffic) {
        this.match = match;
        this.names = names;
        this.clusters = clusters;
        this.answer = answer;
        this.edits = edits;
        this.traffic = traffic;
        this.changesService = edits.request.touches("x-amz-target") || edits.request.touches("smithy-protocol");
    }

    RouteMatch match() {
        return match;
    }

    /** What a request with this method is called: one of {@link RouteTable#operations()}. */
    Operation operation(HttpMethod method) {
        return names.operation(method);
    }

    /** The paths of this route as one name: {@code /users/{id}}, {@code /users/*}, or what the configuration calls it. */
    String template() {
        return names.template();
    }

    /** Where this request goes, by chance and weight: asked once for each. Null where the route answers by itself. */
    @Nullable
    RouteCluster cluster() {
        return clusters.choose();
    }

    /** The answer where the route gives it by itself, a new one each time; else null. */
    @Nullable
    LocalAnswer answer(HttpRequest head, RequestTarget target) {
        return answer == null ? null : answer.to(target, match.path());
    }

    /** The target that such a request is sent on with. */
    String target(RequestTarget target) {
        return edits.rewrite.target(target, match.path());
    }

    /**
     * Makes a head the one to send on: its target, {@code Host} where it is to change, and the route's headers. The hop's own headers are the caller's. To be
     * called on a fresh copy for each try: headers are added again.
     *
     * @param endpointHost what the endpoint is called, for {@code host: upstream}; null if it has no name
     */
    void prepare(HttpRequest outgoing, RequestTarget target, @Nullable String endpointHost) {
        outgoing.setUri(target(target));
        edits.rewrite.host(outgoing, target, endpointHost);
        edits.request.apply(outgoing.headers());
    }

    /** Whether it changes a header by which a service is told what is asked of it. */
    boolean changesService() {
        return changesService;
    }

    /** Names the endpoint in {@code Host}, where the route says {@code host: upstream}. For each try. */
    void nameHost(HttpRequest outgoing, Endpoint endpoint) {
        if (edits.rewrite.namesEndpoint()) {
            String name = endpoint.name();
            edits.rewrite.nameHost(outgoing, name == null ? endpoint.address().toString() : name);
        }
    }

    /** Changes the headers of an answer as the route says. */
    void finish(HttpResponse answer) {
        edits.response.apply(answer.headers());
    }

    /** Whether {@link #hash} says something about a request. */
    boolean hashes() {
        return !traffic.hash().isEmpty();
    }

    /** What clusters that hash choose by; also by the cookie that {@link #cookie} makes. */
    long hash(HttpRequest head, RequestTarget target, Connection connection, KeyHash keyHash) {
        return traffic.hash().hash(head, target, connection, keyHash);
    }

    /** The value of the {@code Set-Cookie} that the answer to this request has to have, or null. */
    @Nullable
    String cookie(HttpRequest head, Connection connection) {
        return traffic.hash().setCookie(head, connection);
    }

    Retries retries() {
        return traffic.retries();
    }

    RouteTimeouts timeouts() {
        return traffic.timeouts();
    }

    List<RouteMirror> mirrors() {
        return traffic.mirrors();
    }

    /** Whether connections may change to this protocol, a token of {@code Upgrade}. */
    boolean upgrades(String protocol) {
        return traffic.upgrades(protocol);
    }

    /** Whether CONNECT passes. */
    boolean connect() {
        return traffic.connect();
    }
}
