package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.EndpointStatus;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Servers are replaced one by one while clients ask through the proxy: a new one is named, then the oldest is not named any more, drained,
 * and killed. No request fails.
 */
class RollingEndpointsIT {
    private static final int AT_A_TIME = 3;
    private static final int ROLLS = 20;

    @TempDir
    Path folder;

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Deque<RedisBed> running = new ArrayDeque<>();
    private int port;
    private int last = 1;

    /** Tells the proxy which servers there are. */
    private interface Naming {
        void name(List<String> addresses) throws Exception;
    }

    @BeforeEach
    void startServers() throws Exception {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.2"))) {
            port = free.getLocalPort();
        }
        for (int i = 0; i < AT_A_TIME; i++) {
            startServer();
        }
    }

    @AfterEach
    void stopServers() {
        running.forEach(RedisBed::close);
    }

    /** On the same port of the next address, as names in DNS have no ports. */
    private RedisBed startServer() throws Exception {
        RedisBed server = RedisBed.start(RedisBed.embedded(), "127.0.0." + ++last, port);
        running.add(server);
        return server;
    }

    private List<String> addresses() {
        return running.stream().map(RedisBed::address).toList();
    }

    private Proxy proxy(Map<String, ?> discovery, Map<String, ?> more) {
        Map<String, Object> cluster = new HashMap<>(Map.of("name", "c", "discovery", discovery));
        cluster.putAll(more);
        return Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        2,
                        "listeners",
                        List.of(Map.of(
                                "name",
                                Setup.LISTENER,
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(Map.of("type", "tcp_proxy", "cluster", "c")))),
                        "clusters",
                        List.of(cluster))));
    }

    private void awaitNamed(Proxy proxy, Naming naming) throws Exception {
        List<String> addresses = addresses();
        naming.name(addresses);
        assertThat(Setup.eventually(() -> proxy.clusters().get(0).endpoints().stream()
                        .map(EndpointStatus::address)
                        .collect(Collectors.toSet())
                        .equals(java.util.Set.copyOf(addresses))))
                .as("endpoints are %s", addresses)
                .isTrue();
    }

    private static boolean serves(RedisBed server) {
        try {
            return server.ask("CLIENT LIST").contains("name=" + SteadyLoad.NAME);
        } catch (IOException e) {
            return false;
        }
    }

    private void roll(Proxy proxy, Naming naming) throws Exception {
        awaitNamed(proxy, naming);
        try (SteadyLoad load = new SteadyLoad(proxy.address(Setup.LISTENER).port(), 4)) {
            for (int roll = 0; roll < ROLLS; roll++) {
                RedisBed next = startServer();
                awaitNamed(proxy, naming);
                assertThat(Setup.eventually(() -> serves(next)))
                        .as("the new one serves")
                        .isTrue();

                RedisBed oldest = running.remove();
                awaitNamed(proxy, naming);
                assertThat(load.turnsOver()).isTrue();
                assertThat(Setup.eventually(() -> !serves(oldest)))
                        .as("the old one is drained")
                        .isTrue();
                oldest.close();

                assertThat(load.failures()).isEmpty();
            }
            System.out.println(ROLLS + " rolls, " + load.answered() + " requests");
        }
    }

    private double failed() {
        return meters.get("weir_cluster_discoveries")
                .tag("result", "failed")
                .counter()
                .count();
    }

    /** Renamed over the old one, or a folder behind a link that is swapped, or written in place after something that is wrong. */
    private void write(Path file, int number, List<String> addresses) throws Exception {
        List<String> lines = new ArrayList<>(List.of("endpoints:"));
        addresses.forEach(address -> lines.add("  - " + address));
        if (number % 3 == 0) {
            double before = failed();
            Files.writeString(file, "endpoints: [ \"127.0.0.9:" + port + "\", \"127.");
            assertThat(Setup.eventually(() -> failed() > before)).isTrue();
            Files.write(file, lines);
        } else if (number % 3 == 1) {
            Path beside = Files.write(folder.resolve("new.yaml"), lines);
            Files.move(beside, file.toRealPath(), StandardCopyOption.ATOMIC_MOVE);
        } else {
            Path data = Files.createDirectory(folder.resolve(".." + number));
            Files.write(data.resolve("endpoints.yaml"), lines);
            Path link = Files.createSymbolicLink(folder.resolve("..tmp"), data.getFileName());
            Files.move(link, folder.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    @Test
    void losesNoRequestWhileAFileChanges() throws Exception {
        Path first = Files.createDirectory(folder.resolve("..0"));
        Files.writeString(first.resolve("endpoints.yaml"), "- " + addresses().get(0) + "\n");
        Files.createSymbolicLink(folder.resolve("..data"), first.getFileName());
        Path file = Files.createSymbolicLink(folder.resolve("endpoints.yaml"), Path.of("..data", "endpoints.yaml"));
        Map<String, ?> discovery =
                Map.of("type", "file", "path", file.toString(), "refresh", "20ms", "authoritative", true);
        Map<String, ?> check = Map.of("type", "redis", "interval", "1s", "timeout", "30s");
        int[] number = {1};
        try (Proxy proxy = proxy(discovery, Map.of("health_check", check))) {
            roll(proxy, addresses -> write(file, number[0]++, addresses));
        }
    }

    @Test
    void losesNoRequestWhileNamesChange() throws Exception {
        try (NameServer names = new NameServer()) {
            Map<String, ?> discovery = Map.of(
                    "type",
                    "dns",
                    "address",
                    "redis.example.test:" + port,
                    "servers",
                    List.of(names.address()),
                    "min_refresh",
                    "20ms",
                    "max_refresh",
                    "20ms",
                    "timeout",
                    "30s");
            try (Proxy proxy = proxy(discovery, Map.of())) {
                roll(proxy, addresses -> {
                    List<InetAddress> all = new ArrayList<>();
                    for (String address : addresses) {
                        all.add(InetAddress.getByName(address.substring(0, address.indexOf(':'))));
                    }
                    names.set(all);
                });
            }
        }
    }
}
