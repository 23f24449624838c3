package dev.weir.http;

import dev.weir.core.cluster.KeyHash;
import dev.weir.core.exchange.Operation;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.protocol.PolicyWait;
import dev.weir.core.tls.TlsSession;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** What the exchanges of one client's connection share. */
final class HttpConnection implements RequestHandler {
    private static final int POOLED = 8;

    private final HttpLoop home;
    private final TerminalContext context;
    private final @Nullable ConnectionPolicies policies;
    private final @Nullable TlsSession tls;
    private final ArrayDeque<Observation> observations = new ArrayDeque<>(2);

    HttpConnection(HttpLoop home, TerminalContext context) {
        this.home = home;
        this.context = context;
        this.tls = context.connection().get(ConnectionAttribute.TLS);
        this.policies = home.policies(context.connection());
    }

    @Override
    public RequestListener request(HttpRequest head, boolean end, ClientStream stream) {
        HttpExchange exchange = new HttpExchange(this, head, end, stream);
        exchange.start();
        return exchange;
    }

    /** The connection has ended, and all of its exchanges with it. */
    void close() {
        if (policies != null) {
            policies.close();
        }
    }

    HttpLoop home() {
        return home;
    }

    Connection connection() {
        return context.connection();
    }

    /** When the bytes that are looked at were read. */
    long burstNanos() {
        return context.burstNanos();
    }

    boolean isSecure() {
        return tls != null;
    }

    String scheme() {
        return tls != null ? "https" : "http";
    }

    Observation observation() {
        Observation known = observations.pollLast();
        return known != null
                ? known
                : new Observation(
                        home.settings.observations(), home.exchanges, home.exchanges.digests(), context.connection());
    }

    /** The exchange is over. */
    void ended(Observation observation) {
        if (observations.size() < POOLED) {
            observations.addLast(observation);
        }
    }

    /** What hash balancers take where the route does not say: the client. */
    long hash(KeyHash hash) {
        Long chosen = context.connection().get(ConnectionAttribute.HASH);
        if (chosen != null) {
            return chosen;
        }
        byte[] host = context.connection().clientHost().getBytes(StandardCharsets.UTF_8);
        return hash.hash(host, host.length);
    }

    /**
     * Asks the policies; {@code verdict} is told, at once or later.
     *
     * @param route null if there is none for it
     * @return what is to be run if the exchange ends before
     */
    @Nullable
    Runnable decide(
            HttpRequest head,
            RequestTarget target,
            boolean bodyless,
            @Nullable Route route,
            @Nullable String user,
            Verdict verdict) {
        if (policies == null) {
            verdict.go();
            return null;
        }
        HttpMethod method = head.method();
        Operation operation = route == null ? home.settings.routes().operation(method) : route.operation(method);
        CarriedNames.Called called = policies.called(
                route == null
                        ? new CarriedNames.Sent(head, target.forwarded(), bodyless, false)
                        : new CarriedNames.Sent(head, route.target(target), bodyless, route.changesService()));
        ConnectionPolicies.Asked asked = new ConnectionPolicies.Asked(head, operation.name(), user, called);
        PolicyWait wait = policies.decide(asked, context.burstNanos(), verdict);
        return wait == null ? null : wait::cancel;
    }
}
