package dev.weir.testbeds.bench;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.Side;
import dev.weir.core.filter.WireClock;
import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.time.Duration;

/** The surroundings of a filter that lets everything go on; each burst is ten microseconds behind the last. */
final class GateContext implements FilterContext {
    private final Nothing connection = new Nothing();
    private long nanos = System.nanoTime();
    private long passed;

    void nextBurst() {
        nanos += 10_000;
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public Exchanges exchanges() {
        throw unexpected();
    }

    @Override
    public WireClock clock() {
        return WireClock.system();
    }

    @Override
    public long burstNanos() {
        return nanos;
    }

    @Override
    public void pass(int bytes) {
        passed += bytes;
    }

    @Override
    public void drop(int bytes) {
        throw unexpected();
    }

    @Override
    public void inject(Direction direction, ByteBuf data) {
        throw unexpected();
    }

    @Override
    public void resume(Direction direction) {
        throw unexpected();
    }

    @Override
    public boolean madeByWeir() {
        return false;
    }

    @Override
    public void holdDeadline(String reason, Duration deadline) {}

    @Override
    public void holdUpTo(int bytes) {}

    @Override
    public boolean clientWritable() {
        return true;
    }

    @Override
    public int held(Direction direction) {
        return 0;
    }

    @Override
    public Future<?> startTls(Side side, TlsHandler handler) {
        throw unexpected();
    }

    @Override
    public void close(CloseReason reason) {
        throw unexpected();
    }

    private IllegalStateException unexpected() {
        return new IllegalStateException("not in this benchmark, after " + passed + " bytes");
    }
}
