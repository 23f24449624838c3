package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class Http2GatherTest {
    /** What stands before it takes writes as a slow channel does: they are told of later. */
    private static final class Slow extends ChannelOutboundHandlerAdapter {
        final List<ChannelPromise> promises = new ArrayList<>();
        final List<ByteBuf> writes = new ArrayList<>();
        int flushes;

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            writes.add((ByteBuf) message);
            promises.add(promise);
        }

        @Override
        public void flush(ChannelHandlerContext ctx) {
            flushes++;
        }
    }

    private final Slow slow = new Slow();
    private final EmbeddedChannel channel = new EmbeddedChannel(slow, new Http2Gather());

    @AfterEach
    void end() {
        channel.finishAndReleaseAll();
        slow.writes.forEach(ByteBuf::release);
    }

    @Test
    void smallOnesAreOne() {
        ChannelFuture first = channel.write(bytes(9, 1));
        ChannelFuture second = channel.write(bytes(100, 2));
        assertThat(slow.writes).isEmpty();
        channel.flush();
        assertThat(slow.writes).hasSize(1);
        assertThat(slow.flushes).isEqualTo(1);
        assertThat(first.isDone()).isFalse();
        assertThat(second.isDone()).isFalse();
        slow.promises.get(0).setSuccess();
        assertThat(first.isSuccess()).isTrue();
        assertThat(second.isSuccess()).isTrue();
    }

    @Test
    void theyFailTogether() {
        ChannelFuture first = channel.write(bytes(9, 1));
        ChannelFuture second = channel.write(bytes(9, 2));
        channel.flush();
        IOException broken = new IOException("broken pipe");
        slow.promises.get(0).setFailure(broken);
        assertThat(first.cause()).isSameAs(broken);
        assertThat(second.cause()).isSameAs(broken);
    }

    /** What waits for one buffer hears nothing of the next. */
    @Test
    void eachWaitsForItsOwn() {
        ChannelFuture first = channel.write(bytes(9, 1));
        channel.flush();
        ChannelFuture second = channel.write(bytes(9, 2));
        channel.flush();
        slow.promises.get(0).setSuccess();
        assertThat(first.isSuccess()).isTrue();
        assertThat(second.isDone()).isFalse();
    }

    /** Whatever the sizes, bytes keep their order, and nothing waits without end for a flush. */
    @Test
    void orderIsKept() {
        Random random = new Random(7);
        ByteBuf expected = Unpooled.buffer();
        List<ChannelFuture> all = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            int length = random.nextInt(20) == 0 ? random.nextInt(40_000) : random.nextInt(1_100);
            ByteBuf data = bytes(length, i);
            expected.writeBytes(data, data.readerIndex(), length);
            all.add(channel.write(data));
            if (random.nextInt(50) == 0) {
                channel.flush();
            }
        }
        channel.flush();
        ByteBuf got = Unpooled.wrappedBuffer(
                slow.writes.stream().map(ByteBuf::retainedDuplicate).toArray(ByteBuf[]::new));
        try {
            assertThat(got).isEqualTo(expected);
        } finally {
            got.release();
        }
        slow.promises.forEach(ChannelPromise::setSuccess);
        assertThat(all).allMatch(ChannelFuture::isSuccess);
    }

    @Test
    void whatWaitsIsBounded() {
        for (int i = 0; i < 100; i++) {
            channel.write(bytes(1_000, i));
        }
        assertThat(slow.writes).hasSize(6).allMatch(data -> data.readableBytes() <= 16_384);
    }

    @Test
    void closingSendsItFirst() {
        channel.write(bytes(9, 1));
        channel.close();
        assertThat(slow.writes).hasSize(1);
    }

    /** The channel ends below it: what was gathered fails, and is no leak. */
    @Test
    void whatIsNotFlushedFails() {
        EmbeddedChannel other = new EmbeddedChannel(new Http2Gather());
        ByteBuf data = bytes(9, 1);
        ChannelFuture written = other.write(data);
        other.unsafe().close(other.voidPromise());
        other.runPendingTasks();
        assertThat(data.refCnt()).isZero();
        assertThat(written.isDone()).isTrue();
        assertThat(written.isSuccess()).isFalse();
        other.finishAndReleaseAll();
    }

    private static ByteBuf bytes(int length, int value) {
        return Unpooled.buffer(Math.max(1, length))
                .setZero(0, length)
                .setByte(0, value)
                .writerIndex(length);
    }
}
