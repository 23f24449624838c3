package dev.weir.redis;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.filter.Connection;

/** Tells the sinks of a call that has ended. */
final class CallExchange {
    private static final String PROTOCOL = "redis";

    private CallExchange() {}

    static void emit(ProxyLoop home, Connection connection, ProxySession session, Call call) {
        Exchange exchange = home.exchanges.open();
        exchange.of(connection, PROTOCOL, call.info.operation);
        exchange.startNanos = call.start;
        exchange.requestBytes = call.requestBytes;
        exchange.responseBytes = call.responseBytes;
        exchange.namespace = session.namespace();
        exchange.user = session.user();
        exchange.app = session.app();
        exchange.status = call.silent && call.status == Exchange.Status.OK ? Exchange.Status.NO_REPLY : call.status;
        exchange.error = call.error;
        FirstKey key = call.key;
        exchange.target = key == null ? null : key.shown();
        exchange.rows = call.rows;
        exchange.hit = call.hit;
        exchange.longWait = call.waits;
        exchange.shards = call.shards;
        exchange.byWeir = call.byWeir || call.link == null;
        ShardLink link = call.link;
        if (link != null) {
            exchange.upstream = link.text();
            exchange.cluster = link.cluster().name();
            exchange.upstreamNanos = Math.max(0, call.end - call.sent);
            exchange.queueNanos = Math.max(0, call.sent - call.start);
        }
        if (call.end != 0) {
            exchange.durationNanos = Math.max(0, call.end - call.start);
            exchange.firstByteNanos = exchange.durationNanos;
        }
        if (key != null) {
            key.count(home.shared.hotKeys, exchange);
        }
        home.exchanges.emit(exchange);
    }
}
