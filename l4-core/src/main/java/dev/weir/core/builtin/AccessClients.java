package dev.weir.core.builtin;

import dev.weir.core.config.Cidr;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.protocol.PolicyContext;
import io.micrometer.core.instrument.Counter;
import java.net.SocketAddress;
import java.util.List;

/**
 * Which clients may connect, by address: {@code deny} wins; with {@code allow}, everybody else is refused. Unix socket clients are in
 * no range. Immutable.
 */
final class AccessClients {
    private final List<Cidr> allow;
    private final List<Cidr> deny;
    private final boolean allowOnly;
    private final boolean shadow;
    private final Counter allowed;
    private final Counter refused;

    AccessClients(ConfigNode config, FilterEnvironment environment, boolean shadow) {
        this.allow = Cidr.list(config, "allow");
        this.deny = Cidr.list(config, "deny");
        this.allowOnly = config.has("allow");
        this.shadow = shadow;
        this.allowed = counter(environment, "allowed");
        this.refused = counter(environment, shadow ? "shadow_denied" : "denied");
    }

    private static Counter counter(FilterEnvironment environment, String action) {
        return Counter.builder("weir_access_connections")
                .description("Connections that the access filter judged by the client's address")
                .tag("listener", environment.listener())
                .tag("action", action)
                .register(environment.meters());
    }

    /** Closes the connection if its client may not connect. */
    void judge(PolicyContext context) {
        SocketAddress client = context.connection().client();
        boolean listed = !deny.isEmpty() && Cidr.anyOrEmpty(deny, client);
        if (!listed && (!allowOnly || !allow.isEmpty() && Cidr.anyOrEmpty(allow, client))) {
            allowed.increment();
            return;
        }
        refused.increment();
        if (!shadow) {
            context.close(CloseReason.DENIED);
        }
    }
}
