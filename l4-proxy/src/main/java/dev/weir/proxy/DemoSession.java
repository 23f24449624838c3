package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The proxy of the demo, its traffic and what it shows: in front of Redis at first; others join when they are up. */
final class DemoSession implements AutoCloseable {
    private static final int REDIS_PORT = 6380;
    private static final int TRIES = 20;
    private static final int ATTEMPTS = 3;
    private static final int SUMMARY_ROWS = 100;
    private static final long SEEN_SECONDS = 30;

    /** Completes when there is something to see. */
    private final CompletableFuture<Void> seen = new CompletableFuture<>();

    private final Terminal terminal;
    private final CompletableFuture<Void> end;
    private final boolean interactive = Terminal.interactive();
    private final Address redis;
    private final QuickStart.Front first;
    private final Server server;
    private final List<String> redisNotes;
    /** Of the guests by their kind. Guarded by itself. */
    private final Map<String, List<String>> notes = new LinkedHashMap<>();
    /** What Weir is in front of. Guarded by itself, also while one is added. */
    private final List<QuickStart.Front> fronts = new ArrayList<>();

    private final List<DemoGuest.Traffic> traffic = new CopyOnWriteArrayList<>();

    private DemoSession(
            Terminal terminal, CompletableFuture<Void> end, Address redis, QuickStart.Front first, Server server) {
        this.terminal = terminal;
        this.end = end;
        this.redis = redis;
        this.first = first;
        this.server = server;
        this.redisNotes = redisNotes();
        fronts.add(first);
    }

    /**
     * Starts the proxy in front of Redis.
     *
     * @param kinds of the servers that are to join, in the order of their notes
     * @param admin as {@code --admin} says it
     * @param end completes when the demo is to end
     */
    static DemoSession start(
            Address redis, List<String> kinds, @Nullable String admin, Terminal terminal, CompletableFuture<Void> end)
            throws IOException {
        Map<String, ?> filter = Map.of("type", "redis_stats", "hot_keys", Map.of("sampling", 1));
        return onFreePort(REDIS_PORT, listen -> {
            QuickStart.Front front = QuickStart.Front.sniffing("redis", "redis", listen, redis, filter);
            Server server = QuickStart.start(front, admin, null, DemoSession.class.getClassLoader());
            DemoSession session = new DemoSession(terminal, end, redis, front, server);
            kinds.forEach(kind -> session.notes.put(kind, List.of(kind + " is starting …", "")));
            return session;
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
        traffic.add(DemoTraffic.start(redis, first.listen()));
        requireExchanges(first.name());
        seen.complete(null);
        new LiveView(terminal, this::frame, interactive).run(end, Duration.ZERO);
    }

    /** Ends the traffic and prints what there was. */
    void summary() {
        LiveView.Frame last = frame();
        stopTraffic();
        LiveView.summary(terminal, last, SUMMARY_ROWS);
        for (DemoGuest.Traffic one : traffic) {
            one.summary().forEach(terminal.out()::println);
        }
        terminal.out().flush();
    }

    private LiveView.Frame frame() {
        List<String> all = new ArrayList<>(redisNotes);
        synchronized (notes) {
            notes.values().forEach(all::addAll);
        }
        return QuickStart.frame(server, all);
    }

    /**
     * Goes in front of another server and sends traffic to it, too. On any thread.
     *
     * @throws IOException if the server does not answer through the proxy, or the traffic is not seen
     */
    void add(String kind, DemoGuest guest) throws IOException, InterruptedException {
        QuickStart.Front added;
        synchronized (fronts) {
            added = onFreePort(guest.port(), listen -> {
                QuickStart.Front front = guest.front(listen);
                QuickStart.add(server, fronts, front);
                return front;
            });
            fronts.add(added);
        }
        DemoGuest.Traffic begun = guest.begin(added.listen(), line -> news(kind, line));
        traffic.add(begun);
        begun.watch(server::clusters);
        requireExchanges(added.name());
        if (!end.isDone()) {
            note(kind, guestNotes(guest, added.listen()));
        }
    }

    /** Says why there is none of this kind; the others go on. On any thread. */
    void doWithout(String kind, String reason) {
        if (end.isDone()) {
            return;
        }
        String line = "no " + kind + " in this demo: " + reason;
        keep(kind, List.of(line, ""));
        if (!interactive) {
            terminal.say(line);
        }
    }

    private void keep(String kind, List<String> lines) {
        synchronized (notes) {
            notes.put(kind, lines);
        }
    }

    /** Something happened: on a terminal it stays below the notes of its kind, elsewhere it is one more line. */
    private void news(String kind, String line) {
        if (end.isDone()) {
            return;
        }
        String timed = LiveView.now() + "  " + line;
        synchronized (notes) {
            List<String> all = new ArrayList<>(notes.getOrDefault(kind, List.of()));
            all.add(Math.max(0, all.size() - 1), timed);
            notes.put(kind, all);
        }
        if (!interactive) {
            terminal.out().println(timed);
            terminal.out().flush();
        }
    }

    private void note(String kind, List<String> lines) {
        keep(kind, lines);
        if (!interactive) {
            // In one piece: other threads print lines, too.
            terminal.out().print("\n" + String.join("\n", lines) + "\n");
            terminal.out().flush();
        }
    }

    /** The time of the demo begins now, or when there is something to see; it ends after {@code limit}, or never. */
    void timeBegins(Duration limit) {
        seen.thenRun(() -> traffic.forEach(one -> one.timeBegins(limit)));
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
        notes.add("Weir on " + first.listen() + " in front of a real Redis on " + redis
                + "; sample traffic goes through Weir.");
        notes.add("");
        if (admin != null) {
            notes.add("  page      " + RunCommand.shown(admin));
            if (!admin.isUnix()) {
                notes.add("  metrics   http://" + admin + "/metrics");
            }
            notes.add("  table     ./weir top --admin " + admin);
            notes.add("  digests   ./weir top --by digest --admin " + admin);
        }
        notes.add("  yourself  redis-cli -p " + first.listen().port());
        notes.add("");
        return notes;
    }

    private static List<String> guestNotes(DemoGuest guest, Address listen) {
        return List.of(
                "Weir on " + listen + " in front of " + guest.title() + ".",
                "",
                "  yourself  " + guest.yourself(listen),
                "");
    }

    private void stopTraffic() {
        traffic.forEach(DemoGuest.Traffic::close);
    }

    @Override
    public void close() {
        stopTraffic();
        server.close();
    }
}
