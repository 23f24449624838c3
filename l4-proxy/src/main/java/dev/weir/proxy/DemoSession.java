package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The proxy of the demo, its traffic and what it shows: in front of Redis at first; MySQL joins when it is up. */
final class DemoSession implements AutoCloseable {
    private static final int REDIS_PORT = 6380;
    private static final int MYSQL_PORT = 3307;
    private static final int TRIES = 20;
    private static final int ATTEMPTS = 3;
    private static final int SUMMARY_ROWS = 100;
    private static final long SEEN_SECONDS = 30;

    /** Completes when there is something to see. */
    private final CompletableFuture<Void> seen = new CompletableFuture<>();

    private final Terminal terminal;
    private final CompletableFuture<Void> end;
    private final boolean interactive = Terminal.interactive();
    private final QuickStart.Front redis;
    private final Server server;
    private final List<String> redisNotes;
    private volatile List<String> mysqlNotes = List.of("MySQL is starting …", "");
    private @Nullable DemoTraffic traffic;
    private volatile @Nullable DemoShop shop;

    private DemoSession(Terminal terminal, CompletableFuture<Void> end, QuickStart.Front redis, Server server) {
        this.terminal = terminal;
        this.end = end;
        this.redis = redis;
        this.server = server;
        this.redisNotes = redisNotes();
    }

    /**
     * Starts the proxy in front of Redis.
     *
     * @param admin as {@code --admin} says it
     * @param end completes when the demo is to end
     */
    static DemoSession start(Address redis, @Nullable String admin, Terminal terminal, CompletableFuture<Void> end)
            throws IOException {
        Map<String, ?> filter = Map.of("type", "redis_stats", "hot_keys", Map.of("sampling", 1));
        return onFreePort(REDIS_PORT, listen -> {
            QuickStart.Front front = new QuickStart.Front("redis", "redis", listen, redis, filter);
            Server server = QuickStart.start(front, admin, null, DemoSession.class.getClassLoader());
            return new DemoSession(terminal, end, front, server);
        });
    }

    /** Something that needs an address of its own to listen on. */
    @FunctionalInterface
    private interface Listening<T> {
        T on(Address listen) throws IOException;
    }

    private static <T> T onFreePort(int first, Listening<T> start) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                return start.on(new Address("127.0.0.1", freePort(first)));
            } catch (IllegalStateException e) {
                // Another demo may have been faster with the port that was free a moment ago, or be looking at it.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private static int freePort(int first) throws IOException {
        for (int port = first; port < first + TRIES; port++) {
            try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return probe.getLocalPort();
            } catch (IOException e) {
                // taken: the next one
            }
        }
        return DemoHome.freePort();
    }

    /**
     * Shows what goes on, with traffic to Redis from now on, until the demo ends.
     *
     * @throws IOException also if the traffic is not seen
     */
    void view() throws IOException, InterruptedException {
        if (!interactive) {
            redisNotes.forEach(terminal.out()::println);
        }
        traffic = DemoTraffic.start(redis.upstream(), redis.listen());
        requireExchanges(redis.name());
        seen.complete(null);
        new LiveView(terminal, this::frame, interactive).run(end, Duration.ZERO);
    }

    /** Ends the traffic and prints what there was. */
    void summary() {
        LiveView.Frame last = frame();
        stopTraffic();
        LiveView.summary(terminal, last, SUMMARY_ROWS);
    }

    private LiveView.Frame frame() {
        List<String> notes = new ArrayList<>(redisNotes);
        notes.addAll(mysqlNotes);
        return QuickStart.frame(server, notes);
    }

    /**
     * Goes in front of another server and sends traffic to it, too. On any thread.
     *
     * @throws IOException also if the traffic is not seen
     * @throws SQLException if the server does not answer through the proxy
     */
    void add(DemoMysql mysql) throws IOException, SQLException, InterruptedException {
        QuickStart.Front added = onFreePort(MYSQL_PORT, listen -> {
            QuickStart.Front front =
                    new QuickStart.Front("mysql", "mysql", listen, mysql.address(), Map.of("type", "mysql_stats"));
            QuickStart.add(server, redis, front);
            return front;
        });
        shop = DemoShop.start(mysql.address(), added.listen());
        requireExchanges(added.name());
        if (!end.isDone()) {
            note(mysqlNotes(mysql, added.listen()));
        }
    }

    /** Says why there is no MySQL; Redis goes on. On any thread. */
    void doWithoutMysql(String reason) {
        if (end.isDone()) {
            return;
        }
        String line = "no MySQL in this demo: " + reason;
        mysqlNotes = List.of(line, "");
        if (!interactive) {
            terminal.say(line);
        }
    }

    private void note(List<String> notes) {
        mysqlNotes = notes;
        if (!interactive) {
            // In one piece: another thread prints lines, too.
            terminal.out().print("\n" + String.join("\n", notes) + "\n");
            terminal.out().flush();
        }
    }

    /** Ends the demo {@code limit} after now, or after there is something to see; never if that is zero. */
    void endAfter(Duration limit) {
        if (!limit.isZero()) {
            seen.thenRunAsync(
                    () -> end.complete(null), CompletableFuture.delayedExecutor(limit.toNanos(), TimeUnit.NANOSECONDS));
        }
    }

    /** Waits until exchanges of a listener show up, or the demo ends. */
    private void requireExchanges(String listener) throws IOException, InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SEEN_SECONDS);
        while (UsageTable.of(server.exchanges(), "command", listener).rows().stream()
                .noneMatch(row -> row.calls() > 0)) {
            if (System.nanoTime() > until) {
                throw new IOException("traffic goes to " + listener + " through Weir, but no exchange shows up");
            }
            try {
                end.get(20, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException e) {
                // looks again
            } catch (ExecutionException e) {
                return;
            }
        }
    }

    private List<String> redisNotes() {
        Address admin = server.adminAddress();
        List<String> notes = new ArrayList<>();
        notes.add("Weir on " + redis.listen() + " in front of a real Redis on " + redis.upstream()
                + "; sample traffic goes through Weir.");
        notes.add("");
        if (admin != null) {
            notes.add("  page      " + RunCommand.shown(admin));
            if (!admin.isUnix()) {
                notes.add("  metrics   http://" + admin + "/metrics");
            }
            notes.add("  table     ./weir top --admin " + admin);
        }
        notes.add("  yourself  redis-cli -p " + redis.listen().port());
        notes.add("");
        return notes;
    }

    private List<String> mysqlNotes(DemoMysql mysql, Address listen) {
        Address admin = server.adminAddress();
        List<String> notes = new ArrayList<>();
        notes.add("Weir on " + listen + " in front of a real " + mysql.name() + " on " + mysql.address() + ".");
        notes.add("");
        if (admin != null) {
            notes.add("  digests   ./weir top --by digest --admin " + admin);
            if (!admin.isUnix()) {
                notes.add("            http://" + admin + "/exchanges/top?by=digest");
            }
        }
        notes.add("  yourself  mysql -h 127.0.0.1 -P " + listen.port() + " -u demo -p" + DemoMysql.PASSWORD + " "
                + DemoMysql.DATABASE);
        notes.add("");
        return notes;
    }

    private void stopTraffic() {
        if (traffic != null) {
            traffic.close();
        }
        DemoShop running = shop;
        if (running != null) {
            running.close();
        }
    }

    @Override
    public void close() {
        stopTraffic();
        server.close();
    }
}
