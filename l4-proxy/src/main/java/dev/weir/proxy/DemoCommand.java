package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** {@code weir demo}: real servers, the proxy in front of them, sample traffic, and what to look at. */
final class DemoCommand implements Subcommand {
    private static final long JOIN_MILLIS = 15_000;
    /**
     * Who would log each connection, and each error that the sample traffic makes on purpose; and that an endpoint is
     * ejected, which the demo tells itself.
     */
    private static final List<String> TALKATIVE =
            List.of("org.mongodb", "de.bwaldvogel", "dev.weir.core.net.LiveCluster");

    /** The address of the first Redis, once it is there. */
    private final CompletableFuture<Address> redisAddress = new CompletableFuture<>();

    private final DemoCertificate.Once certificate = new DemoCertificate.Once();

    private final List<Guest> guests = List.of(
            new Guest("TLS", home -> DemoTls.start(home, certificate, redisAddress)),
            new Guest("Redis shards", DemoShards::start),
            new Guest("web", home -> DemoWeb.start(home, certificate)),
            new Guest("MongoDB", DemoMongo::start),
            new Guest("DynamoDB", DemoDynamo::start),
            new Guest("MySQL", DemoMysql::start));

    /**
     * Who joins.
     *
     * @param kind what people call it
     * @param start starts one that ends with the home; {@link IOException} says in one line why there is none
     */
    private record Guest(String kind, Start start) {}

    @FunctionalInterface
    private interface Start {
        DemoGuest in(DemoHome home) throws IOException, InterruptedException;
    }

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        Duration limit = options.duration("--for");
        String admin = QuickStart.admin(options);
        CompletableFuture<Void> end = new CompletableFuture<>();
        for (String signal : List.of("TERM", "INT", "HUP")) {
            Signals.on(signal, () -> end.complete(null));
        }
        terminal.say(
                "starting a Redis, three Redis shards, two web servers, a MongoDB, a DynamoDB and a MariaDB, Weir in front of them, and sample traffic");
        // Before other threads log: while SLF4J begins on one of them, none of them can silence anybody.
        TALKATIVE.forEach(Logs::silence);
        CompletableFuture<DemoSession> session = new CompletableFuture<>();
        try (DemoHome home = DemoHome.create()) {
            // They take seconds; Redis is shown meanwhile.
            List<Thread> joining = join(home, session, limit, end);
            DemoRedis redis = DemoRedis.start(home);
            redisAddress.complete(redis.address());
            List<String> kinds = guests.stream().map(Guest::kind).toList();
            try (DemoSession begun = DemoSession.start(redis.address(), kinds, admin, terminal, end)) {
                session.complete(begun);
                try {
                    begun.view();
                } finally {
                    // What still starts need not: the demo ends.
                    end.complete(null);
                    for (Thread thread : joining) {
                        thread.interrupt();
                        thread.join(JOIN_MILLIS);
                    }
                }
                begun.summary();
            }
        }
        failIfFailed(end);
        return 0;
    }

    /** A thread for each guest; the time of the demo begins when all have joined, or are known not to. */
    private List<Thread> join(
            DemoHome home, CompletableFuture<DemoSession> session, Duration limit, CompletableFuture<Void> end) {
        AtomicInteger missing = new AtomicInteger(guests.size());
        List<Thread> threads = new ArrayList<>();
        for (Guest guest : guests) {
            Runnable arrived = () -> {
                if (missing.decrementAndGet() == 0) {
                    session.thenAccept(begun -> begun.timeBegins(limit));
                }
            };
            Thread thread = new Thread(
                    () -> add(guest, home, session, arrived, end),
                    "demo-" + guest.kind().toLowerCase(Locale.ROOT).replace(' ', '-'));
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        return threads;
    }

    /** Starts a server and lets it join, or says why there is none. */
    private static void add(
            Guest guest,
            DemoHome home,
            CompletableFuture<DemoSession> session,
            Runnable arrived,
            CompletableFuture<Void> end) {
        try {
            DemoGuest server = null;
            String reason = "";
            try {
                server = guest.start().in(home);
            } catch (IOException e) {
                reason = String.valueOf(e.getMessage());
            }
            DemoSession begun = session.get();
            try {
                if (server == null) {
                    begun.doWithout(guest.kind(), reason);
                } else {
                    begun.add(guest.kind(), server);
                }
                arrived.run();
            } catch (IOException | RuntimeException e) {
                end.completeExceptionally(e);
            }
        } catch (InterruptedException | ExecutionException e) {
            // The demo ends, or never began.
            Thread.currentThread().interrupt();
        }
    }

    private static void failIfFailed(CompletableFuture<Void> end) throws Exception {
        try {
            end.getNow(null);
        } catch (CompletionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }
}
