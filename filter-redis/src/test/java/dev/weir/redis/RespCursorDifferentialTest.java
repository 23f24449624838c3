package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.redis.ArrayHeaderRedisMessage;
import io.netty.handler.codec.redis.ArrayRedisMessage;
import io.netty.handler.codec.redis.ErrorRedisMessage;
import io.netty.handler.codec.redis.FullBulkStringRedisMessage;
import io.netty.handler.codec.redis.IntegerRedisMessage;
import io.netty.handler.codec.redis.RedisArrayAggregator;
import io.netty.handler.codec.redis.RedisBulkStringAggregator;
import io.netty.handler.codec.redis.RedisDecoder;
import io.netty.handler.codec.redis.RedisEncoder;
import io.netty.handler.codec.redis.RedisMessage;
import io.netty.handler.codec.redis.SimpleStringRedisMessage;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The cursor ends values where Netty's decoder ends messages, and says the same of them: generated RESP2. */
@Tag("slow")
final class RespCursorDifferentialTest {
    private static final Loop LOOP =
            new Loop(CommandTable.load(), new ErrorCodes(), new Loop.Settings(false, 16), null, null, null);

    @Test
    @SuppressWarnings("deprecation") // the aggregator without limits
    void agreesWithTheDecoderOfNetty() {
        for (int seed = 0; seed < 400; seed++) {
            Random random = new Random(seed);
            List<String> expected = new ArrayList<>();
            ByteBuf bytes = encoded(random, 20);
            EmbeddedChannel decoder = new EmbeddedChannel(
                    new RedisDecoder(), new RedisBulkStringAggregator(), new RedisArrayAggregator());
            decoder.writeInbound(bytes.retainedDuplicate());
            for (Object message = decoder.readInbound(); message != null; message = decoder.readInbound()) {
                expected.add(described((RedisMessage) message));
                ReferenceCountUtil.release(message);
            }
            decoder.finishAndReleaseAll();

            assertThat(walked(bytes, random)).as("seed %d", seed).isEqualTo(expected);
            bytes.release();
        }
    }

    private static ByteBuf encoded(Random random, int values) {
        EmbeddedChannel encoder = new EmbeddedChannel(new RedisEncoder());
        for (int i = 0; i < values; i++) {
            encoder.writeOutbound(value(random, 0));
        }
        ByteBuf all = Unpooled.buffer();
        for (ByteBuf part = encoder.readOutbound(); part != null; part = encoder.readOutbound()) {
            all.writeBytes(part);
            part.release();
        }
        encoder.finishAndReleaseAll();
        return all;
    }

    private static RedisMessage value(Random random, int depth) {
        switch (random.nextInt(depth > 3 ? 5 : 7)) {
            case 0:
                return new SimpleStringRedisMessage("s".repeat(random.nextInt(20)));
            case 1:
                return new ErrorRedisMessage("ERR " + random.nextInt());
            case 2:
                return new IntegerRedisMessage(random.nextBoolean() ? random.nextInt(100) : random.nextLong());
            case 3:
                return FullBulkStringRedisMessage.NULL_INSTANCE;
            case 4:
                byte[] bytes = new byte[random.nextInt(1 + random.nextInt(2_000))];
                random.nextBytes(bytes);
                return new FullBulkStringRedisMessage(Unpooled.wrappedBuffer(bytes));
            case 5:
                return ArrayRedisMessage.NULL_INSTANCE;
            default:
                List<RedisMessage> children = new ArrayList<>();
                for (int i = random.nextInt(12); i > 0; i--) {
                    children.add(value(random, depth + 1));
                }
                return new ArrayRedisMessage(children);
        }
    }

    private static String described(RedisMessage message) {
        if (message instanceof SimpleStringRedisMessage) {
            return "+";
        }
        if (message instanceof ErrorRedisMessage) {
            return "-";
        }
        if (message instanceof IntegerRedisMessage) {
            return ":";
        }
        if (message instanceof FullBulkStringRedisMessage bulk) {
            return bulk.isNull() ? "$ null" : "$";
        }
        if (message instanceof ArrayRedisMessage array) {
            return array.isNull() ? "* null" : "* " + array.children().size();
        }
        throw new IllegalStateException(message + " " + ArrayHeaderRedisMessage.class);
    }

    private static List<String> walked(ByteBuf bytes, Random random) {
        List<String> walked = new ArrayList<>();
        RespCursor cursor = new RespCursor(LOOP);
        int at = 0;
        while (at < bytes.writerIndex()) {
            int end = Math.min(bytes.writerIndex(), at + 1 + random.nextInt(500));
            while (at < end) {
                RespCursor.Event event = cursor.step(bytes, at, end);
                at = cursor.position();
                if (event == RespCursor.Event.VALUE) {
                    RespValue value = cursor.value();
                    char type = (char) value.type;
                    String more = value.isNull ? " null" : type == '*' ? " " + value.count : "";
                    walked.add(type + more);
                    cursor.release();
                }
            }
        }
        assertThat(cursor.atBoundary()).isTrue();
        return walked;
    }
}
