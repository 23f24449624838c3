package dev.weir.core.exchange;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.filter.WireClock;
import dev.weir.core.sql.DigestRow;
import dev.weir.core.sql.DigestTable;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The default sinks of a proxy (metrics and percentiles, top table, slow log, live feed), any further ones, and
 * the way of exchanges to them. One per proxy; no state outside of it.
 */
public final class ExchangeSinks implements AutoCloseable {
    /**
     * A digest on a listener.
     *
     * @param row its numbers since the start
     * @param perSecond calls per second of late: since it was asked for before, ten seconds at most; at first since the
     *     start
     * @param firstMicros when it was first seen, microseconds since 1970
     * @param lastMicros when it was last seen
     */
    public record DigestUsage(DigestRow row, double perSecond, long firstMicros, long lastMicros) {}

    private record DigestKey(String listener, long id) {
        static DigestKey of(DigestRow row) {
            return new DigestKey(row.listener(), row.statement().id());
        }
    }

    /** What is known of protocols, by the names that exchanges carry. */
    public interface Protocols {
        /**
         * The label {@code db_system_name}; the empty text keeps its exchanges out of the exported histogram, as it is always with
         * {@code tcp}.
         */
        default String systemName(String protocol) {
            return protocol;
        }

        /** The histogram that its durations are exported as. */
        default DurationFamily durations(String protocol) {
            return DurationFamily.DB_CLIENT;
        }

        /** What an error says of the server that answered it. */
        default Function<String, Endpoint.Outcome> outcomes(String protocol) {
            return error -> Endpoint.Outcome.SUCCESS;
        }
    }

    private final Protocols protocols;
    private final CommandStats commands;
    private final TopTable top;
    private final SlowLog slow;
    private final LiveFeed live = new LiveFeed();
    private final HotKeyTables hotKeys = new HotKeyTables();
    private final List<DigestTable> digests;
    private final RateWindow<DigestKey> digestRates;
    private final WireClock clock;
    private final LoopExchanges[] loops;
    private final SinkMetrics metrics;

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
        this(loops, clock, meters, config, extra, new Protocols() {});
    }

    /**
     * Makes the sinks.
     *
     * @param protocols what is known of the protocols of exchanges
     */
    public ExchangeSinks(
            int loops,
            WireClock clock,
            MeterRegistry meters,
            ProxyConfig.SinkConfig config,
            List<ExchangeSink.Factory> extra,
            Protocols protocols) {
        this.protocols = protocols;
        UnaryOperator<String> systems = protocol -> protocol.equals("tcp") ? "" : protocols.systemName(protocol);
        List<TopCells> cells = Stream.generate(TopCells::new).limit(loops).toList();
        List<Published> published = Stream.generate(Published::new).limit(loops).toList();
        this.commands = new CommandStats(clock, config.maxSeries(), systems, protocols::durations, published);
        this.top = new TopTable(commands, cells, clock, published);
        this.slow = new SlowLog(loops, config);
        this.clock = clock;
        this.digestRates = new RateWindow<>(clock);
        long share = config.digestBytes() / loops;
        this.digests =
                Stream.generate(() -> new DigestTable(share)).limit(loops).toList();
        this.loops = new LoopExchanges[loops];
        for (int i = 0; i < loops; i++) {
            int loop = i;
            ExchangeSink[] sinks = extra.stream().map(f -> f.forLoop(loop)).toArray(ExchangeSink[]::new);
            this.loops[i] = new LoopExchanges(this, i, cells.get(i), digests.get(i), published.get(i), sinks);
        }
        this.metrics = new SinkMetrics(meters, this, List.of(this.loops), config.maxSeries());
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

    /** The numbers of all digests, by listener. From any thread; makes no loop wait. */
    public List<DigestUsage> digestUsage() {
        List<DigestRow> rows = DigestTable.rows(digests);
        Map<DigestKey, Long> calls = new HashMap<>();
        rows.forEach(row -> calls.put(DigestKey.of(row), row.calls()));
        Map<DigestKey, Double> rates = digestRates.perSecond(calls);
        return rows.stream()
                .map(row -> new DigestUsage(
                        row,
                        rates.getOrDefault(DigestKey.of(row), 0.0),
                        clock.epochMicros(row.firstNanos()),
                        clock.epochMicros(row.lastNanos())))
                .toList();
    }

    Function<String, Function<String, Endpoint.Outcome>> outcomes() {
        return protocols::outcomes;
    }

    /** The digest tables, one per loop. */
    List<DigestTable> digests() {
        return digests;
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

    /**
     * Takes a sample for the rates of the tables, which are those of the last ten seconds. A proxy calls it about once a
     * second from a timer off the loops; without it, the first rates after a pause are those since the last reading.
     */
    public void sampleRates() {
        commands.sampleRates();
        top.sampleRates();
    }

    /** Ends all subscriptions of the live feed and removes the meters. Sinks of the {@code extra} list are closed by their owner. */
    @Override
    public void close() {
        live.close();
        metrics.close();
    }
}
