package dev.weir.core.net;

import dev.weir.core.config.ChainMatch;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.filter.TerminalFactory;
import dev.weir.core.tls.TlsServer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A configured filter chain. Immutable, shared by all loops.
 *
 * @param match which connections it takes
 * @param tls ends TLS of its clients, or null
 * @param types types of the filters, in order, without the terminal
 * @param filters the filters
 * @param terminalType type of the terminal
 * @param terminal the terminal
 */
record ChainPlan(
        ChainMatch match,
        @Nullable TlsServer tls,
        List<String> types,
        List<PerLoop<NetworkFilter>> filters,
        String terminalType,
        TerminalFactory.Configured terminal) {

    /** A plan resolved for one loop. */
    static final class OnLoop {
        final ChainMatch match;
        final @Nullable TlsServer tls;
        final String[] types;
        final TerminalFactory.PerTerminal terminal;
        private final PerLoop.PerConnection<NetworkFilter>[] filters;

        @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type
        OnLoop(ChainPlan plan, Loop loop) {
            match = plan.match;
            tls = plan.tls;
            types = plan.types.toArray(new String[0]);
            filters = new PerLoop.PerConnection[plan.filters.size()];
            for (int i = 0; i < filters.length; i++) {
                filters[i] = plan.filters.get(i).onLoop(loop);
            }
            terminal = plan.terminal.onLoop(loop);
        }

        NetworkFilter[] create(Connection connection) {
            NetworkFilter[] made = new NetworkFilter[filters.length];
            for (int i = 0; i < made.length; i++) {
                made[i] = filters[i].create(connection);
            }
            return made;
        }
    }
}
