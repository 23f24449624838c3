package dev.weir.redis;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.Connection;
import org.jspecify.annotations.Nullable;

/** Tells the sinks of a call that has ended. */
final class CallExchange {
    private static final String PROTOCOL = "redis";

    private CallExchange() {}

    static void emit(ProxyLoop home, Connection connection, ProxySession session, Call call) {
        Exchange exchange = begin(home, connection, session, call.info, call.start);
        exchange.requestBytes = call.requestBytes;
        exchange.responseBytes = call.responseBytes;
        exchange.status = call.silent && call.status == Exchange.Status.OK ? Exchange.Status.NO_REPLY : call.status;
        exchange.error = call.error;
        exchange.rows = call.rows;
        exchange.hit = call.hit;
        exchange.longWait = call.waits;
        exchange.shards = call.shards;
        exchange.byWeir = call.byWeir || call.link == null;
        ShardLink link = call.link;
        if (link != null) {
            exchange.upstream = call.byWeir ? null : link.text();
            exchange.cluster = link.cluster().name();
            exchange.upstreamNanos = Math.max(0, call.end - call.sent);
            exchange.queueNanos = Math.max(0, call.sent - call.start);
        }
        if (call.end != 0) {
            exchange.durationNanos = Math.max(0, call.end - call.start);
            exchange.firstByteNanos = call.first == 0 ? exchange.durationNanos : Math.max(0, call.first - call.start);
        }
        end(home, exchange, call.key);
    }

    /** The client gets no answer, or not all of it. */
    static void emitUnanswered(ProxyLoop home, Connection connection, ProxySession session, Call call) {
        call.status = Exchange.Status.NO_REPLY;
        emit(home, connection, session, call);
    }

    /** What is known of a command when it begins. */
    static Exchange begin(
            ProxyLoop home, Connection connection, ProxySession session, CommandInfo info, long startNanos) {
        Exchange exchange = home.exchanges.open();
        exchange.of(connection, PROTOCOL, info.operation);
        exchange.startNanos = startNanos;
        exchange.namespace = session.namespace();
        exchange.user = session.user();
        exchange.app = session.app();
        return exchange;
    }

    /** It is told of. */
    static void end(ProxyLoop home, Exchange exchange, @Nullable FirstKey key) {
        if (key != null) {
            exchange.target = key.shown();
            key.count(home.shared.hotKeys, exchange);
        }
        home.exchanges.emit(exchange);
    }
}
