package dev.weir.http;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.Measurement;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.StreamSupport;

/** A proxy with the terminal {@link Http2TestTerminal}, and programs that speak to it. */
final class Http2Bed implements AutoCloseable {
    final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    final Proxy proxy;

    Http2Bed(Map<String, ?> settings, String... endpoints) {
        Map<String, Object> terminal = new HashMap<>(settings);
        terminal.put("type", "test_http2");
        List<Map<String, ?>> clusters = new ArrayList<>();
        if (endpoints.length > 0) {
            terminal.put("cluster", "c");
            clusters.add(Map.of("name", "c", "endpoints", List.of(endpoints)));
        }
        proxy = Proxy.builder()
                .meters(meters)
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        1,
                        "listeners",
                        List.of(Map.of("name", "web", "address", "127.0.0.1:0", "filters", List.of(terminal))),
                        "clusters",
                        clusters)));
    }

    int port() {
        return proxy.address("web").port();
    }

    RawHttp2 connect() throws IOException {
        return new RawHttp2(port());
    }

    /** How many errors of this reason were counted. */
    long errors(ProtocolErrors.Reason reason) {
        return (long) meters.get("weir.http.protocol.errors")
                .tag("listener", "web")
                .tag("reason", reason.label())
                .counter()
                .count();
    }

    /** How many clients were closed for a reason. */
    long closed(String reason) {
        return (long) meters.getMeters().stream()
                .filter(meter -> meter.getId().getName().startsWith("weir.connections.closed"))
                .filter(meter -> reason.equals(meter.getId().getTag("reason")))
                .flatMap(meter -> StreamSupport.stream(meter.measure().spliterator(), false))
                .mapToDouble(Measurement::getValue)
                .sum();
    }

    /** All reasons for which clients were closed. */
    String reasons() {
        return meters.getMeters().stream()
                .filter(meter -> meter.getId().getName().startsWith("weir.connections.closed"))
                .map(meter -> meter.getId().getTag("reason") + " " + meter.measure())
                .filter(text -> !text.contains("value=0.0"))
                .toList()
                .toString();
    }

    static boolean eventually(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(5);
        }
        return true;
    }

    /** Runs a program to its end, and answers what it wrote. */
    static String run(String... command) throws Exception {
        Path output = Files.createTempFile("http2", ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
                throw new IOException("did not end: " + String.join(" ", command) + "\n" + Files.readString(output));
            }
            return Files.readString(output, StandardCharsets.ISO_8859_1);
        } finally {
            Files.delete(output);
        }
    }

    @Override
    public void close() {
        proxy.close();
    }
}
