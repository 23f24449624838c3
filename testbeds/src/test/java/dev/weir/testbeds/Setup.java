package dev.weir.testbeds;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Configurations and connections that the system tests share. */
final class Setup {
    /** The listener's name. */
    static final String LISTENER = "l";

    private Setup() {}

    /** Filters by type, in front of a tcp_proxy to {@code endpoint}. */
    static ProxyConfig config(int loops, String endpoint, List<Map<String, ?>> filters) {
        List<Map<String, ?>> all = new ArrayList<>(filters);
        all.add(Map.of("type", "tcp_proxy", "cluster", "c"));
        return ProxyConfig.of(Map.of(
                "event_loops",
                loops,
                "drain_timeout",
                "10s",
                "listeners",
                List.of(Map.of("name", LISTENER, "address", "127.0.0.1:0", "filters", all)),
                "clusters",
                List.of(Map.of("name", "c", "endpoints", List.of(endpoint)))));
    }

    /** The filter {@code redis_stats} as it is by default. */
    static Map<String, ?> redisStats() {
        return Map.of("type", "redis_stats");
    }

    /** A copy of {@code base} with one more entry. */
    static Map<String, Object> with(Map<String, ?> base, String key, Object value) {
        Map<String, Object> copy = new HashMap<>(base);
        copy.put(key, value);
        return copy;
    }

    static Socket connect(Proxy proxy) throws IOException {
        return new Socket(
                InetAddress.getLoopbackAddress(), proxy.address(LISTENER).port());
    }

    /** Waits until {@code condition} holds; false if it does not within a minute. */
    static boolean eventually(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            Thread.sleep(2);
        }
        return true;
    }
}
