package dev.weir.core.exchange;

import dev.weir.core.config.ProxyConfig;
import dev.weir.core.filter.WireClock;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;

/**
 * The default sinks of a proxy (metrics and percentiles, top table, slow log, live feed), any further ones, and
 * the way of exchanges to them. One per proxy; no state outside of it.
 */
public final class ExchangeSinks implements AutoCloseable {
    private final CommandStats commands;
    private final TopTable top;
    private final SlowLog slow;
    private final LiveFeed live;
    private final HotKeyTables hotKeys;
    private final LoopExchanges[] loops;

    /**
     * Makes the sinks.
     *
     * @param loops number of event loops
     * @param clock clock of all connections
     * @param meters where meters about the sinks are registered
     * @param config limits
     * @param extra further sinks, called after the default ones in this order
     */
    public ExchangeSinks(
            int loops,
            WireClock clock,
            MeterRegistry meters,
            ProxyConfig.SinkConfig config,
            List<ExchangeSink.Factory> extra) {
        this.commands = new CommandStats(clock);
        this.top = new TopTable(commands);
        this.slow = new SlowLog();
        this.live = new LiveFeed();
        this.hotKeys = new HotKeyTables();
        this.loops = new LoopExchanges[loops];
        for (int i = 0; i < loops; i++) {
            int loop = i;
            this.loops[i] =
                    new LoopExchanges(extra.stream().map(f -> f.forLoop(loop)).toArray(ExchangeSink[]::new));
        }
    }

    /** Where the producers of loop {@code loop} get and hand in exchanges; only to be used on that loop. */
    public Exchanges forLoop(int loop) {
        return loops[loop];
    }

    /** Counts and percentiles per command, and the series of the exported histogram. */
    public CommandStats commands() {
        return commands;
    }

    /** Who and what uses most. */
    public TopTable top() {
        return top;
    }

    /** The newest slow exchanges. */
    public SlowLog slow() {
        return slow;
    }

    /** Exchanges as they happen. */
    public LiveFeed live() {
        return live;
    }

    /** The most used keys, where opted in. */
    public HotKeyTables hotKeys() {
        return hotKeys;
    }

    /** Ends all subscriptions of the live feed. Sinks of the {@code extra} list are closed by their owner. */
    @Override
    public void close() {
        live.close();
    }
}
