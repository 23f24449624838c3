package dev.weir.redis;

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
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** In the steady state nothing is allocated per command, whatever the depth of the pipeline. */
final class RedisSnifferAllocationTest {
    private static final int ROUNDS = 2_000;

    /** One record, handed out again and again, as the pool of a loop does. */
    private static final class OneExchange implements Exchanges, SnifferContext {
        private final DigestTable digests = new DigestTable(0);
        private final Exchange exchange = new Exchange();
        private final Connection connection = new FakeConnection();
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

    @ParameterizedTest
    @ValueSource(ints = {1, 16, 200})
    void allocatesNothingPerCommand(int pipeline) {
        ByteBuf requests = buffer(
                "*3\r\n$3\r\nSET\r\n$5\r\nkey:1\r\n$5\r\nvalue\r\n", "*2\r\n$3\r\nGET\r\n$5\r\nkey:1\r\n", pipeline);
        ByteBuf answers = buffer("+OK\r\n", "$5\r\nvalue\r\n", pipeline);

        assertNothingAllocated(requests, answers, pipeline);
    }

    /** What needs more than being paired: transactions, errors, silent and blocking commands, pushes, nested answers. */
    @Test
    void allocatesNothingForWhatIsSpecialEither() {
        ByteBuf requests = buffer(
                "*2|$6|SELECT|$1|1|*1|$5|MULTI|*2|$4|INCR|$1|s|" + "*4|$6|LRANGE|$1|l|$1|0|$2|-1|*1|$4|EXEC|PING|",
                "*3|$6|CLIENT|$5|REPLY|$4|SKIP|*1|$4|PING|"
                        + "*3|$5|BLPOP|$1|q|$1|0|*2|$4|INCR|$1|s|"
                        + "*2|$4|SCAN|$1|0|"
                        + "*6|$5|XREAD|$5|BLOCK|$1|0|$7|STREAMS|$1|x|$1|0|",
                2);
        String push = ">2|$10|invalidate|*1|$1|s|";
        ByteBuf answers = buffer(
                "+OK|+OK|+QUEUED|+QUEUED|" + push + "*2|-ERR value is not an integer|*1|$1|a|+PONG|",
                "*2|$1|q|$1|x|" + push + "-ERR value is not an integer|"
                        + "*2|$1|0|*1|$1|k|"
                        + "%1|$1|x|*1|*2|$3|1-0|*2|$1|f|$1|v|",
                2);

        assertNothingAllocated(requests, answers, 12);
    }

    private static void assertNothingAllocated(ByteBuf requests, ByteBuf answers, int commands) {
        OneExchange exchanges = new OneExchange();
        Sniffer sniffer =
                new FakeEnvironment().sniffers(new RedisProtocol(), Map.of()).create(new FakeConnection());
        sniffer.onOpen(exchanges);
        for (int i = 0; i < 500; i++) {
            play(sniffer, requests, answers, i);
        }

        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            play(sniffer, requests, answers, i);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(exchanges.emitted).isEqualTo((ROUNDS + 500L) * commands);
        // The first time of a cut may borrow something; one object in every round would be 16 bytes at least.
        assertThat(allocated).isLessThan(12L * ROUNDS);
        requests.release();
        answers.release();
    }

    /** Each burst is cut in the middle, so that the slow way is taken as well. */
    private static void play(Sniffer sniffer, ByteBuf requests, ByteBuf answers, int round) {
        shown(sniffer, Direction.TO_UPSTREAM, requests, round);
        shown(sniffer, Direction.TO_CLIENT, answers, round);
    }

    private static void shown(Sniffer sniffer, Direction direction, ByteBuf data, int round) {
        int end = data.writerIndex();
        int cut = round % end;
        data.writerIndex(cut);
        sniffer.onBytes(direction, data, round);
        data.writerIndex(end);
        data.readerIndex(cut);
        sniffer.onBytes(direction, data, round);
        data.readerIndex(0);
    }

    /** Texts in turn, {@code |} for CR LF. */
    private static ByteBuf buffer(String even, String odd, int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(i % 2 == 0 ? even : odd);
        }
        // Not watched for leaks: what the detector notes at each access would be counted here.
        byte[] bytes = text.toString().replace("|", "\r\n").getBytes(StandardCharsets.US_ASCII);
        return new UnpooledByteBufAllocator(true, true)
                .directBuffer(bytes.length)
                .writeBytes(bytes);
    }
}
