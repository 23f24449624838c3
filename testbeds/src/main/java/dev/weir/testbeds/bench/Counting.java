package dev.weir.testbeds.bench;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.Connection;
import dev.weir.core.protocol.SnifferContext;
import dev.weir.core.sql.DigestTable;

/** Hands out one record and counts. */
final class Counting implements Exchanges, SnifferContext {
    private final DigestTable digests = new DigestTable(0);
    private final Connection connection = new Nothing();
    private final Exchange exchange = new Exchange();
    long emitted;

    @Override
    public Exchange open() {
        return exchange;
    }

    @Override
    public void emit(Exchange ended) {
        emitted++;
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
        throw new IllegalStateException(reason);
    }

    @Override
    public void opaque(String reason) {
        throw new IllegalStateException(reason);
    }

    @Override
    public void encrypted() {
        throw new IllegalStateException("encrypted");
    }
}
