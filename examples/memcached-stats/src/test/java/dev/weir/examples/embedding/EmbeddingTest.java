package dev.weir.examples.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.AccessLog;
import dev.weir.core.exchange.CommandStats.CommandRow;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeSink;
import dev.weir.core.filter.WireClock;
import dev.weir.examples.memcached.FakeMemcached;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What {@code docs/embedding.md} shows; {@link dev.weir.examples.DocumentsTest} compares the two. */
class EmbeddingTest {
    private FakeMemcached server;

    @BeforeEach
    void startServer() throws IOException {
        server = new FakeMemcached();
    }

    @AfterEach
    void stopServer() throws IOException {
        server.close();
    }

    @Test
    void startsInFiveLines() throws Exception {
        String upstream = server.address();

        Map<String, ?> tcpProxy = Map.of("type", "tcp_proxy", "cluster", "cache");
        Map<String, ?> listener = Map.of("name", "cache", "address", "127.0.0.1:0", "filters", List.of(tcpProxy));
        Map<String, ?> cluster = Map.of("name", "cache", "endpoints", List.of(upstream));
        ProxyConfig config = ProxyConfig.of(Map.of("listeners", List.of(listener), "clusters", List.of(cluster)));
        Proxy proxy = Proxy.builder().start(config);

        int port = proxy.address("cache").port();
        assertThat(talk(port, "get foo\r\n", 5)).isEqualTo("END\r\n");
        proxy.close();
    }

    @Test
    void runsManyProxiesThatShareNothing() throws Exception {
        ProxyConfig first = config("one");
        ProxyConfig second = config("two");

        try (Proxy one = Proxy.builder().start(first);
                Proxy two = Proxy.builder().start(second)) {
            talk(one.address("one").port(), "get foo\r\n", 5);

            assertThat(one.listeners().get(0).connectionsTotal()).isEqualTo(1);
            assertThat(two.listeners().get(0).connectionsTotal()).isZero();
        }
    }

    @Test
    void readsPercentiles() throws Exception {
        try (Proxy proxy = Proxy.builder().start(config("cache"))) {
            talk(proxy.address("cache").port(), "set foo 0 0 2\r\nhi\r\nget foo\r\nget bar\r\n", 33);

            for (CommandRow row : proxy.exchanges().commands().rows()) {
                System.out.println(row.command() + ": " + row.calls() + " calls, p99 " + row.p99() + " µs");
            }

            CommandRow get = proxy.exchanges().commands().rows().stream()
                    .filter(row -> row.command().equals("get"))
                    .findFirst()
                    .orElseThrow();
            assertThat(get.calls()).isEqualTo(2);
            assertThat(get.hits()).isEqualTo(1);
            assertThat(get.misses()).isEqualTo(1);
            assertThat(get.p99()).isNotNegative();
        }
    }

    @Test
    void addsASink() throws Exception {
        LongAdder missed = new LongAdder();
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        SimpleMeterRegistry meters = new SimpleMeterRegistry();

        ExchangeSink.Factory misses = loop -> exchange -> {
            if (exchange.hit == 0) {
                missed.increment();
            }
        };
        ProxyConfig config = config("cache");
        try (AccessLog log = AccessLog.toStream(lines, WireClock.system(), meters);
                Proxy proxy = Proxy.builder().sink(misses).sink(log).start(config)) {
            talk(proxy.address("cache").port(), "get foo\r\n", 5);
        }

        assertThat(missed.sum()).isEqualTo(1);
        assertThat(lines.toString(StandardCharsets.UTF_8)).contains("\"command\":\"get\"", "\"listener\":\"cache\"");
    }

    /** Keeps the last one. */
    static final class LastExchange implements ExchangeSink {
        private final Exchange last = new Exchange();

        @Override
        public void onExchange(Exchange exchange) {
            last.copyFrom(exchange); // the record itself is only lent
        }
    }

    @Test
    void copiesWhatItKeeps() throws Exception {
        LastExchange sink = new LastExchange();
        try (Proxy proxy = Proxy.builder().sink(loop -> sink).start(config("cache"))) {
            talk(proxy.address("cache").port(), "get foo\r\n", 5);
        }

        assertThat(sink.last.operation().name()).isEqualTo("get");
    }

    @Test
    void bringsMetersOfItsOwn() throws Exception {
        ProxyConfig config = config("cache");
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        try (Proxy proxy = Proxy.builder().meters(meters).start(config)) {
            talk(proxy.address("cache").port(), "get foo\r\n", 5);

            assertThat(meters.get("weir.connections").functionCounter().count()).isEqualTo(1);
        }
    }

    @Test
    void appliesAndDrains() throws Exception {
        Proxy proxy = Proxy.builder().start(config("cache"));
        int port = proxy.address("cache").port();
        ProxyConfig next = config("cache", "other");
        ProxyConfig broken = ProxyConfig.of(Map.of(
                "listeners",
                List.of(Map.of(
                        "name", "cache", "address", "127.0.0.1:0", "filters", List.of(Map.of("type", "tcp_proxi"))))));

        assertThatThrownBy(() -> proxy.apply(broken))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("did you mean \"tcp_proxy\"?");
        proxy.apply(next);
        proxy.drain().get(30, TimeUnit.SECONDS);
        proxy.close();

        assertThat(port).isPositive();
        assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port))
                .isInstanceOf(IOException.class);
    }

    private ProxyConfig config(String... listeners) {
        return ProxyConfig.of(Map.of(
                "event_loops", 1,
                "listeners",
                        java.util.Arrays.stream(listeners)
                                .map(EmbeddingTest::listener)
                                .toList(),
                "clusters", List.of(Map.of("name", "c", "endpoints", List.of(server.address())))));
    }

    private static Map<String, ?> listener(String name) {
        return Map.of(
                "name",
                name,
                "address",
                "127.0.0.1:0",
                "filters",
                List.of(Map.of("type", "memcached_stats"), Map.of("type", "tcp_proxy", "cluster", "c")));
    }

    /** Sends {@code text} and returns the first {@code bytes} that come back. */
    private static String talk(int port, String text, int bytes) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.US_ASCII);
        }
    }
}
