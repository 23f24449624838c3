package dev.weir.core.builtin;

import dev.weir.core.config.Cidr;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import java.net.SocketAddress;
import java.util.List;

/**
 * The filter {@code access}: who may connect, by client address. {@code deny} wins over {@code allow}; with an
 * {@code allow} list everybody else is refused. Unix socket clients are in no range.
 */
public final class AccessFactory implements FilterFactory {
    /** For ServiceLoader. */
    public AccessFactory() {}

    @Override
    public String type() {
        return "access";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        List<Cidr> allow = Cidr.list(config, "allow");
        List<Cidr> deny = Cidr.list(config, "deny");
        if (!config.has("allow") && !config.has("deny")) {
            config.error("no rule given (expected: allow, deny, or both)");
        }
        boolean allowOnly = config.has("allow");
        NetworkFilter filter = new Access(allow, deny, allowOnly);
        return PerLoop.always(connection -> filter);
    }

    /** Has no state per connection, so all share one. */
    private record Access(List<Cidr> allow, List<Cidr> deny, boolean allowOnly) implements NetworkFilter {
        @Override
        public Opening onOpen(FilterContext context) {
            SocketAddress client = context.connection().client();
            boolean refused = !deny.isEmpty() && Cidr.anyOrEmpty(deny, client)
                    || allowOnly && (allow.isEmpty() || !Cidr.anyOrEmpty(allow, client));
            if (refused) {
                context.close(CloseReason.DENIED);
            }
            return Opening.PROCEED;
        }
    }
}
