package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.testkit.RecordingExchanges;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.slf4j.event.EventRecordingLogger;
import org.slf4j.event.Level;
import org.slf4j.event.SubstituteLoggingEvent;
import org.slf4j.helpers.SubstituteLogger;

class FailureLogTest {
    private final Deque<SubstituteLoggingEvent> lines = new ArrayDeque<>();
    private final AtomicLong now = new AtomicLong();
    private final FailureLog failures =
            new FailureLog(new EventRecordingLogger(new SubstituteLogger("failures", lines, false), lines), now::get);
    private final Throwable cause = new IllegalStateException("bytes of a peer");

    private void fail(String listener, String at) {
        failures.report(Level.WARN, "failed", listener, at, cause);
    }

    @Test
    void onlyTheFirstOfAKindHasAStackTrace() {
        for (int i = 0; i < 1_000; i++) {
            fail("orders", "redis");
        }

        assertThat(lines).hasSize(1);
        assertThat(lines.getFirst().getThrowable()).isSameAs(cause);
    }

    @Test
    void eachListenerAndEachFilterIsAKind() {
        fail("orders", "redis");
        fail("orders", "mysql");
        fail("carts", "redis");

        assertThat(lines).hasSize(3).allMatch(line -> line.getThrowable() == cause);
    }

    @Test
    void aLineEachTenSecondsSaysHowManyWereLeftOut() {
        for (int i = 0; i < 100; i++) {
            fail("orders", "redis");
        }
        now.addAndGet(FailureLog.QUIET_NANOS);
        for (int i = 0; i < 100; i++) {
            fail("orders", "redis");
        }

        assertThat(lines).hasSize(2);
        assertThat(lines.getLast().getThrowable()).isNull();
        assertThat(Arrays.asList(lines.getLast().getArgumentArray()))
                .containsExactly("failed", "orders", "redis", "java.lang.IllegalStateException", 99L);
    }

    @Test
    void everyFailureOfAFilterIsCounted() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        CoreMetrics metrics = new CoreMetrics(meters, failures);
        EmbeddedChannel channel = new EmbeddedChannel();
        Loop loop = new Loop(0, channel.eventLoop(), new RecordingExchanges(), new dev.weir.core.testkit.FakeClock());
        ListenerLoop home = new ListenerLoop("orders", loop, new AtomicLong(), metrics, false);
        for (int i = 0; i < 1_000; i++) {
            home.internalError("gate", cause);
        }

        assertThat(meters.get("weir.filter.errors").counter().count()).isEqualTo(1_000);
        assertThat(lines).hasSize(1);
    }
}
