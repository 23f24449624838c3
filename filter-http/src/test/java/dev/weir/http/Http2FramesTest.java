package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.filter.WireClock;
import dev.weir.http.ProtocolErrors.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class Http2FramesTest {
    private long now;
    private final WireClock clock = new WireClock() {
        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public long epochMicros(long nanoTime) {
            return nanoTime / 1_000;
        }
    };
    private final Http2Frames frames = new Http2Frames(clock, false);

    private static ByteBuf frame(int type, int flags, int length) {
        return Unpooled.buffer()
                .writeMedium(length)
                .writeByte(type)
                .writeByte(flags)
                .writeInt(1)
                .writeZero(length);
    }

    @Test
    void allowsAsManyPingsInEveryWindow() {
        for (int i = 0; i < 50; i++) {
            now += 10_000_000_000L;
            for (int k = 0; k < 500; k++) {
                assertThat(frames.walk(frame(6, 0, 8))).isNull();
            }
        }
    }

    @Test
    void endsAFloodOfPings() {
        Reason reason = null;
        int sent = 0;
        while (reason == null && sent < 10_000) {
            reason = frames.walk(frame(6, 0, 8));
            sent++;
        }

        assertThat(reason).isEqualTo(Reason.PINGS);
        assertThat(sent).isEqualTo(1_001);
    }

    @Test
    void countsFramesThatComeByteByByte() {
        ByteBuf settings = frame(4, 0, 12);
        Reason reason = null;
        for (int i = 0; i < 100; i++) {
            for (int at = 0; at < settings.writerIndex(); at++) {
                assertThat(reason).isNull();
                reason = frames.walk(settings.slice(at, 1));
            }
        }

        assertThat(reason).isNull();
        assertThat(frames.walk(frame(4, 0, 0))).isEqualTo(Reason.SETTINGS);
    }

    @Test
    void allowsMoreWindowUpdatesToWhoGotMore() {
        for (int i = 0; i < 100_000; i++) {
            frames.sent(16_384);
            assertThat(frames.walk(frame(8, 0, 4))).isNull();
            assertThat(frames.walk(frame(8, 0, 4))).isNull();
        }
    }

    @Test
    void knowsAHeadThatHasNotEnded() {
        frames.walk(frame(1, 0, 20));
        assertThat(frames.isInHeaders()).isTrue();
        frames.walk(frame(9, 4, 20));
        assertThat(frames.isInHeaders()).isFalse();
        frames.walk(frame(1, 4, 20).slice(0, 15));
        assertThat(frames.isInHeaders()).isTrue();
    }
}
