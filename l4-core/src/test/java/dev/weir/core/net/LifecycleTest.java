package dev.weir.core.net;

import static dev.weir.core.net.Sockets.config;
import static dev.weir.core.net.Sockets.connect;
import static dev.weir.core.net.Sockets.eventually;
import static dev.weir.core.net.Sockets.tcpProxy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.HotKeys;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LifecycleTest {
    private static ProxyConfig draining(String timeout, String endpoint) {
        return ProxyConfig.of(Map.of(
                "drain_timeout",
                timeout,
                "listeners",
                List.of(Map.of("name", "l", "address", "127.0.0.1:0", "filters", List.of(tcpProxy()))),
                "clusters",
                List.of(Map.of("name", "c", "endpoints", List.of(endpoint)))));
    }

    @Test
    void aDrainLetsConnectionsGoOnThatNobodyDecodes() throws Exception {
        try (var server = Sockets.Server.echo();
                Proxy proxy = Proxy.builder().start(draining("20s", server.address()));
                Socket client = connect(proxy)) {
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);

            var drained = proxy.drain();

            for (int i = 0; i < 10; i++) {
                client.getOutputStream().write(i);
                assertThat(client.getInputStream().read()).isEqualTo(i);
                java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
            assertThat(drained.isDone()).isFalse();
            client.shutdownOutput();
            assertThat(client.getInputStream().read()).isEqualTo(-1);
            drained.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    @SuppressWarnings("try") // the client stays until the proxy closes it
    void theDrainTimeoutEndsConnectionsThatNobodyDecodes() throws Exception {
        try (var server = Sockets.Server.echo();
                Proxy proxy = Proxy.builder().start(draining("300ms", server.address()));
                Socket client = connect(proxy)) {
            client.getOutputStream().write(1);
            assertThat(client.getInputStream().read()).isEqualTo(1);
            long start = System.nanoTime();

            proxy.drain();

            assertThat(client.getInputStream().read()).isEqualTo(-1);
            assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(250));
        }
    }

    @Test
    void anUpstreamThatResetsAtOnceResetsTheClient() throws Exception {
        try (var server = new Sockets.Server(s -> s.setSoLinger(true, 0));
                Proxy proxy = Proxy.builder().start(config(List.of(tcpProxy()), server.address()))) {
            for (int i = 0; i < 200; i++) {
                try (Socket client = connect(proxy)) {
                    assertThatThrownBy(() -> client.getInputStream().read())
                            .as("connection " + i)
                            .isInstanceOf(SocketException.class);
                }
            }
        }
    }

    private static ProxyConfig hot(String... listeners) {
        List<Map<String, ?>> filters = List.of(Map.of("type", "ask_stats", "hot_keys", true), Map.of("type", "echo"));
        return ProxyConfig.of(Map.of(
                "event_loops",
                1,
                "listeners",
                java.util.Arrays.stream(listeners)
                        .map(name -> Map.of("name", name, "address", "127.0.0.1:0", "filters", filters))
                        .toList()));
    }

    private static List<String> hotListeners(Proxy proxy) {
        return proxy.exchanges().hotKeys().top(HotKeys.Rank.CALLS, 10).stream()
                .map(HotKeys.Row::listener)
                .sorted()
                .toList();
    }

    @Test
    void hotKeysOfAListenerEndWithItsLastConnection() throws Exception {
        try (Proxy proxy = Proxy.builder().start(hot("l", "stays"))) {
            Socket client = connect(proxy);
            int port = proxy.address("stays").port();
            try (Socket other = new Socket(java.net.InetAddress.getLoopbackAddress(), port)) {
                assertThat(eventually(() -> hotListeners(proxy).equals(List.of("l", "stays"))))
                        .isTrue();
                assertThat(other.isConnected()).isTrue();
            }
            proxy.apply(hot("stays"));
            assertThat(hotListeners(proxy)).containsExactly("l", "stays");

            client.close();

            assertThat(eventually(() -> hotListeners(proxy).equals(List.of("stays"))))
                    .isTrue();
        }
    }

    @Test
    void aTerminalThatCannotBeMadeClosesTheConnectionAndNothingElse() throws Exception {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        List<Map<String, ?>> broken = List.of(Map.of("type", "ask_toy", "broken", true));
        try (Proxy proxy = Proxy.builder().meters(meters).start(config(broken))) {
            for (int i = 0; i < 3; i++) {
                try (Socket client = connect(proxy)) {
                    assertThat(client.getInputStream().read()).isEqualTo(-1);
                }
            }

            assertThat(eventually(() -> proxy.listeners().get(0).connectionsActive() == 0))
                    .isTrue();
            assertThat(meters.get("weir.filter.errors").counter().count()).isEqualTo(3);
        }
    }
}
