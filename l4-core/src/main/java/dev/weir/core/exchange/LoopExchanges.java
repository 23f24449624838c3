package dev.weir.core.exchange;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.filter.Connection;
import dev.weir.core.sql.DigestTable;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The pool of one event loop, and the dispatch to its sinks. */
final class LoopExchanges implements Exchanges {
    /** Most records that lie in the pool. */
    static final int MAX_POOLED = 1_024;

    private static final Logger LOG = LoggerFactory.getLogger(LoopExchanges.class);
    private static final int FIRST_POOL = 16;
    private static final String[] DEFAULT_SINKS = {"commands", "top", "digests", "slow", "live"};
    private static final int COMMANDS = 0;
    private static final int TOP = 1;
    private static final int DIGESTS = 2;
    private static final int SLOW = 3;
    private static final int LIVE = 4;

    private final Published published;
    private final CommandStats commands;
    private final TopCells top;
    private final DigestTable digests;
    private final SlowLog.Ring slow;
    private final long slowNanos;
    private final LiveFeed live;
    private final LiveFeed.Tap liveTap;
    private final ExchangeSink[] extra;
    private final Function<String, Function<String, Endpoint.Outcome>> outcomes;
    private final Map<String, Map<String, CommandFamily>> families = new HashMap<>();

    /** By sink, the default ones first. */
    private final long[] errors;

    private Exchange[] pool = new Exchange[FIRST_POOL];
    private int pooled;

    LoopExchanges(
            ExchangeSinks sinks,
            int loop,
            TopCells top,
            DigestTable digests,
            Published published,
            ExchangeSink[] extra) {
        SlowLog slow = sinks.slow();
        LiveFeed live = sinks.live();
        this.published = published;
        this.commands = sinks.commands();
        this.top = top;
        this.digests = digests;
        this.slow = slow.ring(loop);
        this.slowNanos = slow.thresholdNanos();
        this.live = live;
        this.liveTap = new LiveFeed.Tap(live);
        this.extra = extra;
        this.outcomes = sinks.outcomes();
        this.errors = new long[DEFAULT_SINKS.length + extra.length];
    }

    @Override
    public Exchange open() {
        if (pooled == 0) {
            return new Exchange();
        }
        Exchange e = pool[--pooled];
        e.pooled = false;
        return e;
    }

    @Override
    public void discard(Exchange exchange) {
        if (exchange.pooled) {
            throw new IllegalStateException("exchange handed in twice (expected: one emit or discard per open)");
        }
        exchange.clear();
        if (pooled == pool.length) {
            if (pooled == MAX_POOLED) {
                return;
            }
            pool = java.util.Arrays.copyOf(pool, pooled * 2);
        }
        exchange.pooled = true;
        // Nearly always the one that was taken from here: then no store, which would mark a card.
        if (pool[pooled] != exchange) {
            pool[pooled] = exchange;
        }
        pooled++;
    }

    @Override
    public DigestTable digests() {
        return digests;
    }

    @Override
    public void emit(Exchange e) {
        if (e.pooled) {
            throw new IllegalStateException("exchange handed in twice (expected: one emit or discard per open)");
        }
        Connection connection = e.connection();
        ConnectionScope scope = connection.sinkState() instanceof ConnectionScope known && known.owner == this
                ? known
                : scope(connection, e.protocol);
        long nanos = e.longWait ? -1 : e.durationNanos;
        long micros = nanos / 1_000;
        try {
            count(e, scope, nanos, micros);
        } catch (Throwable t) {
            failed(COMMANDS, t);
        }
        try {
            top.count(e, scope, nanos, micros);
        } catch (Throwable t) {
            failed(TOP, t);
        }
        if (e.sql != null) {
            digest(e, scope, nanos);
        }
        if (nanos >= slowNanos || live.watched()) {
            show(e, nanos);
        }
        for (int i = 0; i < extra.length; i++) {
            try {
                extra[i].onExchange(e);
            } catch (Throwable t) {
                failed(DEFAULT_SINKS.length + i, t);
            }
        }
        Endpoint judged = connection.judged();
        if (judged != null && !e.byWeir) {
            judge(e, judged, scope);
        }
        published.publish();
        discard(e);
    }

    private void judge(Exchange e, Endpoint server, ConnectionScope scope) {
        if (e.status == Exchange.Status.OK) {
            server.done(Endpoint.Outcome.SUCCESS, -1);
        } else if (e.status == Exchange.Status.ERROR && e.error != null) {
            server.done(scope.family.outcomes.apply(e.error), -1);
        }
    }

    private void digest(Exchange e, ConnectionScope scope, long nanos) {
        try {
            digests.count(e, scope.listener, nanos);
        } catch (Throwable t) {
            failed(DIGESTS, t);
        }
    }

    private void show(Exchange e, long nanos) {
        try {
            if (nanos >= slowNanos && nanos >= 0) {
                slow.add(e);
            }
        } catch (Throwable t) {
            failed(SLOW, t);
        }
        try {
            if (live.watched()) {
                liveTap.show(e);
            }
        } catch (Throwable t) {
            failed(LIVE, t);
        }
    }

    @SuppressWarnings("ReferenceEquality") // The protocol is a constant; equals stands behind it.
    private void count(Exchange e, ConnectionScope scope, long nanos, long micros) {
        CommandFamily family = scope.family;
        if (family.protocol != e.protocol && !family.protocol.equals(e.protocol)) {
            family = family(scope.listener, e.protocol);
            scope.switchTo(family);
        }
        CommandCell cell = family.cell(e.operation());
        cell.count(e);
        if (e.status == Exchange.Status.ERROR) {
            family.error(e.error == null ? Operation.OTHER : e.error, e.startNanos);
        }
        if (nanos >= 0) {
            cell.time(nanos, micros);
            if (family.exported()) {
                scope.series(e.namespace, e.upstreamText()).time(e, nanos);
            }
        }
    }

    private ConnectionScope scope(Connection connection, String protocol) {
        CommandFamily family = family(connection.listener(), protocol);
        ConnectionScope scope = new ConnectionScope(this, connection.listener(), connection.clientHost(), family);
        connection.sinkState(scope);
        return scope;
    }

    private CommandFamily family(String listener, String protocol) {
        return families.computeIfAbsent(listener, name -> new HashMap<>()).computeIfAbsent(protocol, name -> {
            CommandFamily family = commands.family(listener, name);
            family.outcomes = outcomes.apply(name);
            return family;
        });
    }

    private void failed(int sink, Throwable t) {
        Cells.addOpaque(errors, sink, 1);
        if (errors[sink] == 1) {
            LOG.error(
                    "A sink of exchanges failed; further failures of it are counted in weir_sink_errors_total. sink={}",
                    name(sink),
                    t);
        }
    }

    /** Number of sinks. */
    int sinks() {
        return errors.length;
    }

    String name(int sink) {
        return sink < DEFAULT_SINKS.length ? DEFAULT_SINKS[sink] : extra[sink - DEFAULT_SINKS.length].name();
    }

    /** How often a sink threw. From any thread. */
    long errors(int sink) {
        return Cells.get(errors, sink);
    }
}
