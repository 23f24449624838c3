package dev.weir.testbeds.bench;

import dev.weir.core.builtin.AccessFactory;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.protocol.CommandGate;
import dev.weir.core.protocol.CommandPolicy.Decision;
import dev.weir.mysql.MysqlProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a MySQL statement and its answer cost in the command gate, on the packets of {@link MysqlSnifferBenchmark}: without a policy, and
 * with rules of {@code access} that let it through. Run with {@code -prof gc} to see what is allocated.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class MysqlGateBenchmark {
    private static final List<Map<String, ?>> RULES = List.of(
            Map.of("action", "allow", "users", "sbtest", "statements", List.of("SELECT", "INSERT", "UPDATE", "DELETE")),
            Map.of("action", "deny", "commands", List.of("COM_CHANGE_USER", "COM_SET_OPTION")));

    /** What is done. */
    @Param({"point_select", "prepared_point_select", "range_100"})
    public String statement = "";

    /** The filter. */
    @Param({"none", "access"})
    public String policy = "";

    private final GateContext context = new GateContext();
    private ByteBuf request = Unpooled.EMPTY_BUFFER;
    private ByteBuf answer = Unpooled.EMPTY_BUFFER;
    private NetworkFilter filter = new NetworkFilter() {};

    /** Opens the filter, logs in, and prepares the statement. */
    @Setup
    public void open() {
        Nothing nothing = new Nothing();
        filter = policy.equals("access")
                ? GateBenchmark.configured(new AccessFactory(), Map.of("protocol", "mysql", "rules", RULES), nothing)
                : new CommandGate(
                        new MysqlProtocol().framer(nothing, nothing.inflaters()),
                        (command, nanos) -> Decision.ALLOW,
                        false);
        filter.onOpen(context);
        MysqlPackets.Way way = (direction, data) -> through(direction, data.retainedDuplicate());
        MysqlPackets.login(way);
        boolean prepared = statement.startsWith("prepared");
        boolean range = statement.equals("range_100");
        if (prepared) {
            MysqlPackets.prepare(way, "SELECT c FROM sbtest1 WHERE id=?");
        }
        ByteBuf payload = prepared
                ? MysqlPackets.execute(1, 50_123)
                : MysqlPackets.query(
                        "SELECT c FROM sbtest1 WHERE id" + (range ? " BETWEEN 50123 AND 50222" : "=50123"));
        request = MysqlPackets.buffer(MysqlPackets.packet(0, payload));
        answer = MysqlPackets.buffer(MysqlPackets.resultSet(range ? 100 : 1, prepared));
    }

    private int through(Direction direction, ByteBuf data) {
        int size = data.readableBytes();
        int through = filter.onData(context, direction, data);
        if (through != size) {
            throw new IllegalStateException(through + " of " + size + " bytes went through");
        }
        return through;
    }

    /** A statement and its answer. */
    @Benchmark
    public int statement() {
        context.nextBurst();
        request.readerIndex(0);
        int up = through(Direction.TO_UPSTREAM, request);
        answer.readerIndex(0);
        return up + through(Direction.TO_CLIENT, answer);
    }
}
