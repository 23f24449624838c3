package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.testkit.InstalledTool;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** wrk and h2load to nginx, while configurations and servers come and go: no request fails, and nothing of it stays in memory. */
class LoadIT {
    private static final int SECONDS = 3;

    @TempDir
    Path folder;

    private static Map<String, ?> terminal(int generation) {
        Map<String, Object> http = new HashMap<>();
        http.put(
                "routes",
                List.of(Map.of(
                        "path_prefix",
                        "/",
                        "cluster",
                        "app",
                        "name",
                        "g" + generation % 2,
                        // One for a kept connection that has closed, one for a server that has: then it is the other's
                        // turn.
                        "retries",
                        Map.of("attempts", 3))));
        if (generation % 3 == 0) {
            http.put("forwarded", Map.of("via", "append"));
        }
        return http;
    }

    private static List<Map<String, ?>> clusters(int generation, NginxServer one, NginxServer two) {
        String[] endpoints =
                generation % 2 == 0 ? new String[] {one.address(), two.address()} : new String[] {two.address()};
        return List.of(HttpBed.cluster("app", Map.of("connect_timeout", "2s"), endpoints));
    }

    private static CompletableFuture<String> later(String... command) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return Http2Bed.run(command);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private void load(HttpBed bed, NginxServer one, NginxServer two, boolean changes) throws Exception {
        String url = "http://127.0.0.1:" + bed.port();
        String duration = changes ? SECONDS + "" : "1";
        CompletableFuture<String> wrk =
                later(InstalledTool.require("wrk").toString(), "-t1", "-c20", "-d" + duration + "s", url + "/");
        CompletableFuture<String> large =
                later(InstalledTool.require("wrk").toString(), "-t1", "-c5", "-d" + duration + "s", url + "/64k");
        CompletableFuture<String> h2load = later(
                InstalledTool.require("h2load").toString(), "-c5", "-m10", "-D" + duration, url + "/", url + "/64k");
        for (int i = 1; changes && i <= 4 * SECONDS; i++) {
            TimeUnit.MILLISECONDS.sleep(230);
            bed.reload(terminal(i), clusters(i, one, two));
            if (i % 8 == 4) {
                // Nobody knows but those who try.
                bed.reload(terminal(i), clusters(0, one, two));
                one.quit();
                TimeUnit.MILLISECONDS.sleep(200);
                one.start();
            }
        }
        for (String output : List.of(wrk.get(60, TimeUnit.SECONDS), large.get(60, TimeUnit.SECONDS))) {
            assertThat(output).contains("requests in").doesNotContain("Non-2xx").doesNotContain("Socket errors");
        }
        assertThat(h2load.get(60, TimeUnit.SECONDS))
                .containsPattern("[1-9][0-9]* succeeded, 0 failed, 0 errored, 0 timeout")
                .contains("0 3xx, 0 4xx, 0 5xx");
    }

    private static double memory(HttpBed bed) {
        return bed.meters.get("weir.buffer.memory").gauge().value();
    }

    @Test
    void noRequestFails() throws Exception {
        try (NginxServer one = new NginxServer(folder.resolve("one"));
                NginxServer two = new NginxServer(folder.resolve("two"));
                HttpBed bed = new HttpBed(terminal(0), clusters(0, one, two))) {
            load(bed, one, two, false);
            bed.exchanges.clear();
            double before = memory(bed);

            load(bed, one, two, true);

            assertThat(bed.exchanges)
                    .hasSizeGreaterThan(500)
                    .allSatisfy(told -> assertThat(told.status + " " + told.error)
                            .isIn("OK null", "NO_REPLY client_closed", "NO_REPLY client_reset"));
            assertThat(Http2Bed.eventually(() ->
                            bed.proxy.listeners().stream().allMatch(listener -> listener.connectionsActive() == 0)))
                    .isTrue();
            // What the allocator keeps for the next ones, and not more with each reload.
            assertThat(memory(bed)).isLessThan(before + (32 << 20));
        }
    }
}
