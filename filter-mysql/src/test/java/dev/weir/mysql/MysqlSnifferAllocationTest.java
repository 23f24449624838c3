package dev.weir.mysql;

import static dev.weir.mysql.Talk.bytes;
import static dev.weir.mysql.Talk.column;
import static dev.weir.mysql.Talk.last;
import static dev.weir.mysql.Talk.ok;
import static dev.weir.mysql.Talk.packet;
import static dev.weir.mysql.Talk.query;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import dev.weir.core.sql.DigestTable;
import dev.weir.core.testkit.FakeConnection;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.WireScript;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** In the steady state nothing is allocated: not per row, not per command, not per prepared execution. */
final class MysqlSnifferAllocationTest {
    private static final int ROUNDS = 2_000;
    private static final long CAN = Talk.CAN | Talk.DEPRECATE_EOF;

    /** One record, handed out again and again, as the pool of a loop does; digests are counted. */
    private static final class OneExchange implements Exchanges, SnifferContext {
        private final DigestTable digests = new DigestTable(DigestTable.DEFAULT_MAX_BYTES);
        private final Exchange exchange = new Exchange();
        private final Connection connection = new FakeConnection();
        long emitted;
        long rows;

        @Override
        public Exchange open() {
            return exchange;
        }

        @Override
        public void emit(Exchange ended) {
            emitted++;
            rows += Math.max(0, ended.rows);
            digests.count(ended, "test", ended.durationNanos);
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
            throw new AssertionError(reason);
        }

        @Override
        public void opaque(String reason) {
            throw new AssertionError(reason);
        }

        @Override
        public void encrypted() {
            throw new AssertionError("encrypted");
        }
    }

    @Test
    void allocatesNothingPerQueryAndRow() {
        byte[] asked = bytes().raw(packet(
                        0,
                        query("SELECT c FROM sbtest1 WHERE id BETWEEN 500 AND 599")
                                .done()))
                .done();
        Talk.Bytes answer = bytes().raw(packet(1, bytes().u1(1).done()))
                .raw(packet(2, column("c").done()));
        for (int row = 0; row < 100; row++) {
            answer.raw(packet(3 + row, bytes().lenenc("some value of a row").done()));
        }
        answer.raw(packet(103, last(2).done()));

        assertNothingAllocated(asked, answer.done(), 1, 100);
    }

    @Test
    void allocatesNothingPerPreparedExecution() {
        byte[] asked = packet(
                0, bytes().u1(0x17).u4(1).u1(0).u4(1).u1(0, 1, 8, 0).fill(8, 1).done());
        byte[] answer = bytes().raw(packet(1, bytes().u1(1).done()))
                .raw(packet(2, column("c").done()))
                .raw(packet(3, bytes().u1(0, 0).lenenc("value").done()))
                .raw(packet(4, last(2).done()))
                .done();

        assertNothingAllocated(asked, answer, 1, 1);
    }

    @Test
    void allocatesNothingForTransactionsErrorsAndSilentCommands() {
        byte[] asked = bytes().raw(packet(0, query("BEGIN").done()))
                .raw(packet(0, query("UPDATE t SET a = 1 WHERE id = 77").done()))
                .raw(packet(0, bytes().u1(0x18).u4(1).u2(0).fill(300, 1).done()))
                .raw(packet(0, query("SELECT nope FROM t").done()))
                .raw(packet(0, bytes().u1(0x0e).done()))
                .done();
        byte[] answer = bytes().raw(packet(1, ok(0, 3).done()))
                .raw(packet(1, ok(1, 3).done()))
                .raw(packet(1, Talk.error(1054, "42S22", "Unknown column").done()))
                .raw(packet(1, ok(0, 3).done()))
                .done();

        assertNothingAllocated(asked, answer, 5, 1);
    }

    private static void assertNothingAllocated(byte[] asked, byte[] answer, int commands, int rows) {
        OneExchange exchanges = new OneExchange();
        Sniffer sniffer =
                new FakeEnvironment().sniffers(new MysqlProtocol(), Map.of()).create(new FakeConnection());
        sniffer.onOpen(exchanges);
        Talk login = new Talk().login(CAN, "8.0.36");
        login.client(bytes().u1(0x16).text("SELECT c FROM sbtest1 WHERE id = ?"))
                .server(bytes().u1(0).u4(1).u2(0).u2(1).u1(0).u2(0))
                .server(column("?"));
        for (WireScript.Burst burst : login.script("login").bursts()) {
            ByteBuf bytes = buffer(burst.bytes());
            sniffer.onBytes(burst.direction(), bytes, 1);
            bytes.release();
        }
        ByteBuf requests = buffer(asked);
        ByteBuf answers = buffer(answer);
        for (int i = 0; i < 500; i++) {
            play(sniffer, requests, answers, i);
        }
        exchanges.emitted = 0;
        exchanges.rows = 0;

        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            play(sniffer, requests, answers, i);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(exchanges.emitted).isEqualTo((long) ROUNDS * commands);
        assertThat(exchanges.rows).isEqualTo((long) ROUNDS * rows);
        // The first time of a cut may borrow something; one object in every round would be 16 bytes at least.
        assertThat(allocated).isLessThan(12L * ROUNDS);
        requests.release();
        answers.release();
    }

    /** Each burst is cut in two, at another place each time, so that the slow way is taken as well. */
    private static void play(Sniffer sniffer, ByteBuf requests, ByteBuf answers, int round) {
        shown(sniffer, Direction.TO_UPSTREAM, requests, round);
        shown(sniffer, Direction.TO_CLIENT, answers, round);
    }

    private static void shown(Sniffer sniffer, Direction direction, ByteBuf data, int round) {
        int end = data.writerIndex();
        int cut = 1 + round % (end - 1);
        data.writerIndex(cut);
        sniffer.onBytes(direction, data, round);
        data.writerIndex(end);
        data.readerIndex(cut);
        sniffer.onBytes(direction, data, round);
        data.readerIndex(0);
    }

    /** Not watched for leaks: what the detector notes at each access would be counted. */
    private static ByteBuf buffer(byte[] bytes) {
        return new UnpooledByteBufAllocator(true, true)
                .directBuffer(bytes.length)
                .writeBytes(bytes);
    }
}
