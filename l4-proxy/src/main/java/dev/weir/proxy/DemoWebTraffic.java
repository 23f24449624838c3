package dev.weir.proxy;

import dev.weir.core.Proxy;
import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Browsers and apps that speak HTTP/2, partners and probes that speak HTTP/1.1, and the plan by which one of the web
 * servers fails now and then while they go on.
 */
final class DemoWebTraffic implements DemoGuest.Traffic {
    private static final int SEED = 20_261_202;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long LOOK_MILLIS = 100;
    /** While others start, one round of so many is done: they need the processors. */
    private static final int SLOWLY = 10;
    /** When it fails, for how long, if the demo has the time, and from when to when. */
    private static final Duration FAIL_AFTER = Duration.ofSeconds(2);

    private static final Duration FAIL_FOR = Duration.ofSeconds(3);
    private static final Duration PERIOD = Duration.ofSeconds(12);

    private final DemoWebServer failing;
    private final URI base;
    private final SSLContext tls;
    private final Consumer<String> news;
    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(6, task -> {
        Thread thread = new Thread(task, "demo-web");
        thread.setDaemon(true);
        return thread;
    });
    private final Count safe = new Count();
    private final Count unsafe = new Count();
    private final LongAdder http1 = new LongAdder();
    private final LongAdder http2 = new LongAdder();
    private final AtomicInteger spells = new AtomicInteger();
    private final AtomicInteger ejections = new AtomicInteger();
    private int seed = SEED;
    private volatile boolean ejected;
    private volatile @Nullable Instant lastEjected;
    private volatile boolean allJoined;
    private volatile boolean closed;

    /** What clients saw. */
    private static final class Count {
        final LongAdder answered = new LongAdder();
        final LongAdder failed = new LongAdder();

        @Override
        public String toString() {
            return Terminal.grouped(answered.sum()) + " answered, " + Terminal.grouped(failed.sum()) + " failed";
        }
    }

    /** A client with a name. */
    private record Client(HttpClient http, String app, Random random) {}

    /** What it does again and again. */
    @FunctionalInterface
    private interface Task {
        void run(Client client) throws IOException, InterruptedException;
    }

    private DemoWebTraffic(DemoWebServer failing, Address proxy, SSLContext tls, Consumer<String> news) {
        this.failing = failing;
        this.base = URI.create("https://" + proxy);
        this.tls = tls;
        this.news = news;
    }

    /**
     * Begins to send through {@code proxy}.
     *
     * @param failing which of the servers is to fail
     * @throws IOException if it does not answer
     */
    static DemoWebTraffic start(DemoWebServer failing, Address proxy, SSLContext tls, Consumer<String> news)
            throws IOException {
        DemoWebTraffic traffic = new DemoWebTraffic(failing, proxy, tls, news);
        try {
            traffic.each(20, "browser", HttpClient.Version.HTTP_2, traffic::page);
            traffic.each(20, "mobile-app", HttpClient.Version.HTTP_2, traffic::page);
            traffic.each(40, "partner", HttpClient.Version.HTTP_1_1, traffic::page);
            traffic.each(200, "crawler", HttpClient.Version.HTTP_1_1, client -> traffic.get(client, "/"));
            traffic.each(500, "probe", HttpClient.Version.HTTP_1_1, client -> traffic.get(client, "/healthz"));
            return traffic;
        } catch (IOException e) {
            traffic.close();
            throw e;
        } catch (InterruptedException e) {
            traffic.close();
            Thread.currentThread().interrupt();
            throw new IOException("the demo ends", e);
        }
    }

    private void each(long millis, String app, HttpClient.Version version, Task task)
            throws IOException, InterruptedException {
        HttpClient http = HttpClient.newBuilder()
                .version(version)
                .sslContext(tls)
                .connectTimeout(PATIENCE)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build();
        Client client = new Client(http, app, new Random(seed++));
        // The first one is answered, or says that nobody answers.
        task.run(client);
        executor.scheduleWithFixedDelay(() -> attempt(client, task), millis, millis, TimeUnit.MILLISECONDS);
    }

    private void attempt(Client client, Task task) {
        if (!allJoined && client.random().nextInt(SLOWLY) > 0) {
            return;
        }
        try {
            task.run(client);
        } catch (IOException e) {
            // It was counted.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void page(Client client) throws IOException, InterruptedException {
        switch (client.random().nextInt(6)) {
            case 0 -> get(client, "/search?q=" + client.random().nextInt(50));
            case 1 -> {
                HttpRequest.Builder order = request(client, "/orders").header("Content-Type", "application/json");
                send(client, order.POST(HttpRequest.BodyPublishers.ofString("{\"product\":\"p7\"}")), unsafe);
            }
            default -> get(client, "/orders/" + client.random().nextInt(DemoWebServer.ORDERS * 21 / 20));
        }
    }

    private void get(Client client, String target) throws IOException, InterruptedException {
        send(client, request(client, target), safe);
    }

    private HttpRequest.Builder request(Client client, String target) {
        return HttpRequest.newBuilder(base.resolve(target))
                .timeout(PATIENCE)
                .header("User-Agent", client.app() + "/1.0");
    }

    private void send(Client client, HttpRequest.Builder request, Count count)
            throws IOException, InterruptedException {
        try {
            HttpResponse<Void> response = client.http().send(request.build(), HttpResponse.BodyHandlers.discarding());
            (response.statusCode() < 500 ? count.answered : count.failed).increment();
            (response.version() == HttpClient.Version.HTTP_2 ? http2 : http1).increment();
        } catch (IOException e) {
            if (!closed) {
                count.failed.increment();
            }
            throw e;
        }
    }

    @Override
    public void timeBegins(Duration limit) {
        allJoined = true;
        // Half of the time is for what comes after.
        long quarter = limit.isZero() ? Long.MAX_VALUE : limit.toMillis() / 4;
        long first = Math.min(FAIL_AFTER.toMillis(), quarter);
        long length = Math.min(FAIL_FOR.toMillis(), quarter);
        executor.scheduleAtFixedRate(this::fail, first, PERIOD.toMillis(), TimeUnit.MILLISECONDS);
        executor.scheduleAtFixedRate(this::recover, first + length, PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void fail() {
        failing.fail(true);
        // One spell is told of; the others are counted.
        if (spells.incrementAndGet() == 1) {
            news.accept("web server " + failing.address() + " answers 503 from now on");
        }
    }

    private void recover() {
        failing.fail(false);
        if (spells.get() == 1) {
            news.accept(
                    "web server " + failing.address() + " serves again; until now GET " + safe + "; POST " + unsafe);
        }
    }

    @Override
    public void watch(Supplier<List<Proxy.ClusterStatus>> clusters) {
        executor.scheduleWithFixedDelay(() -> look(clusters.get()), 0, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look(List<Proxy.ClusterStatus> clusters) {
        String address = failing.address().toString();
        clusters.stream()
                .filter(cluster -> cluster.name().equals(DemoWeb.NAME))
                .flatMap(cluster -> cluster.endpoints().stream())
                .filter(endpoint -> endpoint.address().equals(address))
                .forEach(this::look);
    }

    private void look(Proxy.EndpointStatus endpoint) {
        Instant last = endpoint.lastEjected();
        if (last != null && !last.equals(lastEjected)) {
            lastEjected = last;
            ejected = true;
            if (ejections.incrementAndGet() == 1) {
                news.accept("Weir ejected web server " + endpoint.address() + ": " + endpoint.reason());
            }
        }
        if (ejected && endpoint.ejectedUntil() == null) {
            ejected = false;
            if (ejections.get() == 1) {
                news.accept("Weir sends requests to web server " + endpoint.address() + " again");
            }
        }
    }

    @Override
    public List<String> summary() {
        return List.of(
                "",
                "Web servers, of which " + failing.address() + " failed " + times(spells.get()),
                "  it answered 503      " + times(failing.refused()) + "; Weir ejected it " + times(ejections.get()),
                "  GET, tried again     " + safe,
                "  POST, tried once     " + unsafe,
                "  by HTTP/2            " + Terminal.grouped(http2.sum()) + ", by HTTP/1.1 "
                        + Terminal.grouped(http1.sum()));
    }

    private static String times(long count) {
        return count == 1 ? "once" : Terminal.grouped(count) + " times";
    }

    @Override
    public void close() {
        closed = true;
        executor.shutdownNow();
        try {
            executor.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
