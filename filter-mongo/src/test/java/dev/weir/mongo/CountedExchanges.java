package dev.weir.mongo;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.Connection;
import dev.weir.core.protocol.SnifferContext;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.testkit.FakeConnection;

/** One record, handed out again and again, as the pool of a loop does; digests are counted. */
final class CountedExchanges implements Exchanges, SnifferContext {
    private final DigestTable digests;
    private final Exchange exchange = new Exchange();
    private final Connection connection = new FakeConnection();
    long emitted;
    long rows;
    String outcome = "";

    CountedExchanges(DigestTable digests) {
        this.digests = digests;
    }

    @Override
    public Exchange open() {
        return exchange;
    }

    @Override
    public void emit(Exchange ended) {
        emitted++;
        rows += Math.max(0, ended.rows);
        digests.count(ended, "test", ended.longWait ? -1 : ended.durationNanos);
        ended.clear();
    }

    @Override
    public DigestTable digests() {
        return digests;
    }

    @Override
    public void discard(Exchange unused) {}

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public Exchanges exchanges() {
        return this;
    }

    @Override
    public boolean madeByWeir() {
        return false;
    }

    @Override
    public void giveUp(String reason) {
        outcome = "gave_up:" + reason;
    }

    @Override
    public void opaque(String reason) {
        outcome = "opaque:" + reason;
    }

    @Override
    public void encrypted() {
        outcome = "encrypted";
    }
}
