package dev.weir.core.builtin;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The filter {@code connection_limit}: at most so many connections at a time, in all and per client address.
 * Counts are kept per configured filter, over all event loops; touched at open and close only.
 */
public final class ConnectionLimitFactory implements FilterFactory {
    private static final int UNLIMITED = Integer.MAX_VALUE;

    /** For ServiceLoader. */
    public ConnectionLimitFactory() {}

    @Override
    public String type() {
        return "connection_limit";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        int all = (int) config.integer("max_connections", UNLIMITED, 1, UNLIMITED);
        int perClient = (int) config.integer("max_connections_per_client", UNLIMITED, 1, UNLIMITED);
        if (all == UNLIMITED && perClient == UNLIMITED) {
            config.error("no limit given (expected: max_connections, max_connections_per_client, or both)");
        }
        Counts counts = new Counts(all, perClient);
        return PerLoop.always(connection -> new Limit(counts));
    }

    /** Connections open now. The map holds an entry per address with open connections, so they bound it. */
    private static final class Counts {
        private final int most;
        private final int mostPerClient;
        private final AtomicInteger all = new AtomicInteger();
        private final Map<String, Integer> byClient = new ConcurrentHashMap<>();

        Counts(int most, int mostPerClient) {
            this.most = most;
            this.mostPerClient = mostPerClient;
        }

        boolean enter(String client) {
            if (all.incrementAndGet() > most) {
                all.decrementAndGet();
                return false;
            }
            if (mostPerClient != UNLIMITED && byClient.merge(client, 1, Integer::sum) > mostPerClient) {
                leave(client);
                return false;
            }
            return true;
        }

        void leave(String client) {
            all.decrementAndGet();
            if (mostPerClient != UNLIMITED) {
                byClient.computeIfPresent(client, (key, n) -> n > 1 ? n - 1 : null);
            }
        }
    }

    private static final class Limit implements NetworkFilter {
        private final Counts counts;
        private String entered = "";

        Limit(Counts counts) {
            this.counts = counts;
        }

        @Override
        public Opening onOpen(FilterContext context) {
            String client = context.connection().clientHost();
            if (counts.enter(client)) {
                entered = client;
            } else {
                context.close(CloseReason.LIMIT);
            }
            return Opening.PROCEED;
        }

        @Override
        public void onClose(CloseReason reason) {
            if (!entered.isEmpty()) {
                counts.leave(entered);
            }
        }
    }
}
