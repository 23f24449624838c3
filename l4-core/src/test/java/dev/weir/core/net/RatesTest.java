package dev.weir.core.net;

import static dev.weir.core.net.Sockets.config;
import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.weir.core.Proxy;
import dev.weir.core.exchange.TopTable.Dimension;
import dev.weir.core.filter.WireClock;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RatesTest {
    /** Stands still; counts who looks, so that the test sees the timer at work. */
    private static final class Clock implements WireClock {
        final AtomicLong nanos = new AtomicLong();
        final AtomicLong asked = new AtomicLong();

        @Override
        public long nanoTime() {
            if (Thread.currentThread().getName().equals("weir-rates")) {
                asked.incrementAndGet();
            }
            return nanos.get();
        }

        @Override
        public long epochMicros(long nanoTime) {
            return nanoTime / 1_000;
        }
    }

    private static void ask(Socket client, int times) throws Exception {
        for (int i = 0; i < times; i++) {
            client.getOutputStream().write("ASK a\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().readNBytes(6)).hasSize(6);
        }
    }

    @Test
    void areOfTheLastSecondsEvenIfNobodyAskedBefore() throws Exception {
        Clock clock = new Clock();
        List<Map<String, ?>> filters = List.of(Map.of("type", "ask_stats"), Map.of("type", "echo"));
        try (Proxy proxy = Proxy.builder().clock(clock).start(config(filters));
                Socket client = connect(proxy)) {
            ask(client, 100);
            clock.nanos.addAndGet(TimeUnit.SECONDS.toNanos(1_000));
            long before = clock.asked.get();
            // A whole round of the timer: it has as many windows as there are tables.
            assertThat(eventually(() -> clock.asked.get() >= before + 10)).isTrue();
            ask(client, 10);
            clock.nanos.addAndGet(TimeUnit.SECONDS.toNanos(5));

            assertThat(proxy.exchanges().commands().rows().get(0).perSecond()).isEqualTo(2, offset(0.001));
            assertThat(proxy.exchanges().top().rows(Dimension.CLIENT).get(0).perSecond())
                    .isEqualTo(2, offset(0.001));
        }
    }
}
