package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** {@code weir demo}: a real server, the proxy in front of it, sample traffic, and what to look at. */
final class DemoCommand implements Subcommand {
    private static final int FIRST_PORT = 6380;
    private static final int TRIES = 20;
    private static final int ATTEMPTS = 3;
    private static final int SUMMARY_ROWS = 100;

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        Duration limit = options.duration("--for");
        String admin = QuickStart.admin(options);
        CompletableFuture<Void> end = new CompletableFuture<>();
        for (String signal : List.of("TERM", "INT", "HUP")) {
            Signals.on(signal, () -> end.complete(null));
        }
        terminal.say("starting a Redis, Weir in front of it, and sample traffic");
        try (DemoRedis redis = DemoRedis.start();
                Server server = start(redis.address(), admin)) {
            Address listen = server.listeners().get(0).address();
            List<String> notes = notes(listen, redis.address(), server.adminAddress());
            boolean interactive = Terminal.interactive();
            if (!interactive) {
                notes.forEach(terminal.out()::println);
            }
            LiveView.Frames frames = () -> QuickStart.frame(server, notes);
            DemoTraffic traffic = DemoTraffic.start(redis.address(), listen);
            try {
                new LiveView(terminal, frames, interactive).run(end, limit);
            } finally {
                traffic.close();
            }
            LiveView.summary(terminal, frames.next(), SUMMARY_ROWS);
        }
        return 0;
    }

    private static Server start(Address redis, @Nullable String admin) throws IOException {
        Map<String, ?> filter = Map.of("type", "redis_stats", "hot_keys", Map.of("sampling", 1));
        ClassLoader loader = DemoCommand.class.getClassLoader();
        for (int attempt = 1; ; attempt++) {
            Address listen = new Address("127.0.0.1", freePort());
            try {
                return QuickStart.start("redis", listen, redis, filter, admin, null, loader);
            } catch (IllegalStateException e) {
                // Another demo may have been faster with the port that was free a moment ago, or be looking at it.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static List<String> notes(Address listen, Address redis, @Nullable Address admin) {
        List<String> notes = new ArrayList<>();
        notes.add(
                "Weir on " + listen + " in front of a real Redis on " + redis + "; sample traffic goes through Weir.");
        notes.add("");
        if (admin != null) {
            notes.add("  page      " + RunCommand.shown(admin));
            if (!admin.isUnix()) {
                notes.add("  metrics   http://" + admin + "/metrics");
            }
            notes.add("  table     ./weir top --admin " + admin);
        }
        notes.add("  yourself  redis-cli -p " + listen.port());
        notes.add("");
        return notes;
    }

    private static int freePort() {
        for (int port = FIRST_PORT; port < FIRST_PORT + TRIES; port++) {
            try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return probe.getLocalPort();
            } catch (IOException e) {
                // taken: the next one
            }
        }
        return 0;
    }
}
