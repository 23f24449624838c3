package dev.weir.testbeds.bench;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.WireClock;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import dev.weir.mysql.MysqlProtocol;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What sniffing costs per statement, on packets as sysbench and MySQL 8 exchange them: a point select as text and
 * prepared, a range of 100 rows, and a statement that is another one each time. The default sinks look at the exchanges. Run with
 * {@code -prof gc} to see what is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class MysqlSnifferBenchmark implements SnifferContext {
    /** What is done. */
    @Param({"point_select", "prepared_point_select", "range_100", "distinct_digests"})
    public String statement = "";

    private @Nullable ExchangeSinks all;
    private @Nullable Exchanges exchanges;
    private @Nullable Sniffer sniffer;
    private @Nullable ByteBuf request;
    private @Nullable ByteBuf answer;
    private final Connection connection = new Nothing();
    private long nanos = 1_000_000_000L;
    /** Where a number is that makes another digest of the statement; 0 if there is none. */
    private int digits;

    private int number;

    /** For JMH. */
    public MysqlSnifferBenchmark() {}

    /** Opens the connection and prepares the statement. */
    @Setup
    public void setup() {
        Nothing environment = new Nothing();
        var config = new ProxyConfig.SinkConfig(2_000, Duration.ofMillis(10), 128);
        all = new ExchangeSinks(1, WireClock.system(), new SimpleMeterRegistry(), config, List.of());
        exchanges = all.forLoop(0);
        Sniffer made = new MysqlProtocol()
                .sniffer(ConfigNode.of(Map.of(), new ConfigErrors()), environment)
                .onLoop(environment)
                .create(connection);
        sniffer = made;
        made.onOpen(this);
        MysqlPackets.Way way = (direction, data) -> made.onBytes(direction, data, nanos += 1_000);
        MysqlPackets.login(way);
        String sql = "SELECT c FROM sbtest1 WHERE id=";
        if (statement.equals("prepared_point_select")) {
            MysqlPackets.prepare(way, sql + "?");
            request = MysqlPackets.buffer(MysqlPackets.packet(0, MysqlPackets.execute(1, 50_123)));
        } else if (statement.equals("range_100")) {
            request = MysqlPackets.buffer(MysqlPackets.packet(
                    0, MysqlPackets.query("SELECT c FROM sbtest1 WHERE id BETWEEN 50123 AND 50222")));
        } else if (statement.equals("distinct_digests")) {
            String named = "SELECT c AS a0000000 FROM sbtest1 WHERE id=50123";
            request = MysqlPackets.buffer(MysqlPackets.packet(0, MysqlPackets.query(named)));
            digits = 5 + named.indexOf('0');
        } else {
            request = MysqlPackets.buffer(MysqlPackets.packet(0, MysqlPackets.query(sql + "50123")));
        }
        answer = MysqlPackets.buffer(
                MysqlPackets.resultSet(statement.equals("range_100") ? 100 : 1, statement.startsWith("prepared")));
    }

    /** Closes the sinks. */
    @TearDown
    public void stop() {
        if (all != null) {
            all.close();
        }
    }

    /** One statement, request and answer. */
    @Benchmark
    public long statement() {
        Sniffer to = sniffer;
        ByteBuf up = request;
        ByteBuf down = answer;
        if (to != null && up != null && down != null) {
            if (digits > 0) {
                int rest = number++;
                for (int i = 6; i >= 0; i--) {
                    up.setByte(digits + i, '0' + rest % 10);
                    rest /= 10;
                }
            }
            to.onBytes(Direction.TO_UPSTREAM, up, nanos += 1_000);
            to.onBytes(Direction.TO_CLIENT, down, nanos += 100_000);
        }
        return nanos;
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public Exchanges exchanges() {
        if (exchanges == null) {
            throw new IllegalStateException("not set up");
        }
        return exchanges;
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
