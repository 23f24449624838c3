package dev.weir.proxy;

import dev.weir.core.ListenSocket;
import dev.weir.core.Proxy;
import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.config.ProxyConfig.AccessLogConfig;
import dev.weir.core.config.ProxyConfig.AdminConfig;
import dev.weir.core.exchange.AccessLog;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.filter.ConnectionEvents;
import dev.weir.core.filter.WireClock;
import dev.weir.core.net.Transport;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A proxy with its meters, its access log and its admin server: what run, sniff and demo have in common. */
final class Server implements AdminSource, TakeoverServer.Source, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    private final CompositeMeterRegistry meters = new CompositeMeterRegistry();
    private final ProcessMetrics processMetrics;
    private final @Nullable AccessLog accessLog;
    private final Proxy proxy;
    private final DurationCollector durations;

    /** Made with the first admin server: without one nobody can ask, and a start is faster. */
    private volatile @Nullable PrometheusMeterRegistry scraped;

    private @Nullable AdminServer admin;
    private volatile @Nullable Object shown;
    private volatile @Nullable Supplier<CompletableFuture<ReloadOutcome>> reload;
    private volatile @Nullable CompletableFuture<Void> drained;
    private volatile @Nullable Runnable onHandOver;
    private volatile @Nullable LastReload lastReload;

    private Server(ProxyConfig config, @Nullable OutputStream exchanges, ClassLoader loader, Inherited inherited)
            throws IOException {
        this(config, exchanges, loader, inherited, false, ConnectionEvents.NONE);
    }

    private Server(
            ProxyConfig config,
            @Nullable OutputStream exchanges,
            ClassLoader loader,
            Inherited inherited,
            boolean counted,
            ConnectionEvents events)
            throws IOException {
        Logs.configure(config.process());
        if (counted) {
            meters.add(new SimpleMeterRegistry());
        }
        if (config.admin() != null) {
            scrape(); // Before there are meters: they count in the registries that are there.
        }
        this.processMetrics = new ProcessMetrics(meters);
        this.accessLog = accessLog(config.accessLog(), exchanges);
        Proxy.Builder builder = Proxy.builder()
                .meters(meters)
                .clock(clock())
                .classLoader(loader)
                .events(events)
                .inherit(inherited.listeners());
        if (accessLog != null) {
            builder.sink(accessLog);
        }
        this.proxy = builder.build(config);
        this.durations = new DurationCollector(proxy.exchanges().commands());
        if (scraped != null) {
            scraped.getPrometheusRegistry().register(durations);
        }
    }

    /**
     * Starts a configuration.
     *
     * @param shown what {@code /config} shows, as plain Java values
     * @param exchanges where exchanges are written as JSON, in place of what the configuration says; or null
     * @throws dev.weir.core.config.ConfigException with all problems
     * @throws IllegalStateException if an address is not to be had
     */
    static Server start(
            ProxyConfig config, @Nullable Object shown, @Nullable OutputStream exchanges, ClassLoader loader)
            throws IOException {
        return start(config, shown, exchanges, loader, Inherited.NOTHING);
    }

    /** The same with sockets that listen already. The listeners accept only when nothing can fail any more. */
    static Server start(
            ProxyConfig config,
            @Nullable Object shown,
            @Nullable OutputStream exchanges,
            ClassLoader loader,
            Inherited inherited)
            throws IOException {
        return start(new Server(config, exchanges, loader, inherited), config, shown, inherited);
    }

    /** Starts one whose meters count from the begin, also where there is no admin server: they are read by {@link #meters}. */
    static Server startCounted(ProxyConfig config, @Nullable Object shown, ClassLoader loader) throws IOException {
        Server server = new Server(config, null, loader, Inherited.NOTHING, true, ConnectionEvents.NONE);
        return start(server, config, shown, Inherited.NOTHING);
    }

    /** Starts one that tells {@code events} of its connections. */
    static Server startTelling(
            ProxyConfig config, Object shown, Inherited inherited, ConnectionEvents events, Runnable bound)
            throws IOException {
        Server server = new Server(config, null, Server.class.getClassLoader(), inherited, false, events);
        return start(server, config, shown, inherited, bound);
    }

    private static Server start(Server server, ProxyConfig config, @Nullable Object shown, Inherited inherited) {
        return start(server, config, shown, inherited, () -> {});
    }

    private static Server start(
            Server server, ProxyConfig config, @Nullable Object shown, Inherited inherited, Runnable bound) {
        try {
            server.shown = shown;
            server.startAdmin(config.admin(), inherited.admin());
            server.proxy.apply(config, bound);
            server.processMetrics.loaded();
            return server;
        } catch (RuntimeException e) {
            if (inherited.admin() != null && server.admin != null) {
                server.admin.handOver(); // The path is still its predecessor's.
            }
            server.close();
            throw e;
        }
    }

    private @Nullable AccessLog accessLog(@Nullable AccessLogConfig config, @Nullable OutputStream exchanges)
            throws IOException {
        if (exchanges != null) {
            return AccessLog.toStream(exchanges, clock(), meters);
        }
        if (config == null) {
            return null;
        }
        if (config.path().equals("stdout")) {
            return AccessLog.toStream(System.out, clock(), meters);
        }
        try {
            return AccessLog.toFile(Path.of(config.path()), clock(), meters);
        } catch (IOException e) {
            throw new IOException("access_log.path: \"" + config.path() + "\" cannot be written: " + e.getMessage(), e);
        }
    }

    private synchronized void startAdmin(@Nullable AdminConfig config, @Nullable ListenSocket given) {
        if (config != null) {
            admin = newAdmin(config, given);
        } else if (given != null) {
            Inherited.drop(given);
        }
    }

    private AdminServer newAdmin(AdminConfig config, @Nullable ListenSocket given) {
        return AdminServer.start(this, config, meters, new AdminSocket(config.address(), proxy.transport(), given));
    }

    /**
     * Replaces the configuration; what runs stays if it fails.
     *
     * @throws dev.weir.core.config.ConfigException with all problems
     * @throws IllegalStateException if an address is not to be had
     */
    synchronized void apply(ProxyConfig config, Object plain) {
        ProxyConfig before = proxy.config();
        AdminServer old = admin;
        AdminConfig wanted = config.admin();
        boolean moved = !Objects.equals(old == null ? null : old.config(), wanted);
        boolean sameAddress =
                moved && old != null && wanted != null && old.config().address().equals(wanted.address());
        AdminServer next = null;
        if (moved && wanted != null && !sameAddress) {
            scraped(); // What counted before stays out of it.
            next = newAdmin(wanted, null);
        }
        try {
            proxy.apply(config);
        } catch (RuntimeException e) {
            if (next != null) {
                next.close();
            }
            throw e;
        }
        shown = plain;
        if (moved && !sameAddress) {
            admin = next;
            closeLater(old);
        } else if (sameAddress) {
            LOG.warn("admin.hosts changed; it takes effect at the next start");
        }
        if (before != null) {
            warnFixed(before, config);
        }
        if (accessLog != null) {
            accessLog.reopen();
        }
        processMetrics.loaded();
    }

    /** The old one may be answering the very request for this. */
    private static void closeLater(@Nullable AdminServer old) {
        if (old != null) {
            Thread closer = new Thread(old::close, "weir-admin-close");
            closer.setDaemon(true);
            closer.start();
        }
    }

    private static void warnFixed(ProxyConfig before, ProxyConfig after) {
        if (!before.process().logLevel().equals(after.process().logLevel())
                || !before.process().logFormat().equals(after.process().logFormat())) {
            Logs.configure(after.process());
        }
        List<String> fixed = new ArrayList<>();
        addIfChanged(
                fixed,
                "event_loops",
                before.process().eventLoops(),
                after.process().eventLoops());
        addIfChanged(
                fixed,
                "transport",
                before.process().transport(),
                after.process().transport());
        addIfChanged(
                fixed,
                "memory.buffers",
                before.process().bufferMemory(),
                after.process().bufferMemory());
        addIfChanged(
                fixed,
                "takeover",
                before.process().takeoverSocket(),
                after.process().takeoverSocket());
        addIfChanged(fixed, "access_log", before.accessLog(), after.accessLog());
        addIfChanged(fixed, "metrics and slow_log", before.sinks(), after.sinks());
        for (String what : fixed) {
            LOG.warn("{} changed; it takes effect at the next start", what);
        }
    }

    private static void addIfChanged(List<String> list, String what, @Nullable Object before, @Nullable Object after) {
        if (!Objects.equals(before, after)) {
            list.add(what);
        }
    }

    /** A reload has ended, well or not. */
    void reloaded(ReloadOutcome outcome) {
        lastReload = new LastReload(Instant.ofEpochMilli(System.currentTimeMillis()), outcome);
        processMetrics.reload(outcome.applied());
    }

    @Override
    public @Nullable LastReload lastReload() {
        return lastReload;
    }

    /** Longest time a drain takes that begins now. */
    Duration drainTimeout() {
        ProxyConfig config = proxy.config();
        return config == null ? Duration.ZERO : config.process().drainTimeout();
    }

    /** What {@code POST /reload} does. */
    void onReload(Supplier<CompletableFuture<ReloadOutcome>> action) {
        reload = action;
    }

    private synchronized PrometheusMeterRegistry scraped() {
        PrometheusMeterRegistry registry = scraped;
        if (registry == null) {
            registry = scrape();
            registry.getPrometheusRegistry().register(durations);
        }
        return registry;
    }

    private PrometheusMeterRegistry scrape() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        meters.add(registry);
        scraped = registry;
        return registry;
    }

    /** Where the admin server listens, or null. */
    synchronized @Nullable Address adminAddress() {
        return admin == null ? null : admin.address();
    }

    /** Why exchanges cannot be written any more, or null. */
    @Nullable
    IOException writeError() {
        return accessLog == null ? null : accessLog.lastError();
    }

    /** Exchanges that the access log lost. */
    long unwritten() {
        return accessLog == null ? 0 : accessLog.dropped();
    }

    Transport transport() {
        return proxy.transport();
    }

    @Override
    public String version() {
        return Version.text();
    }

    @Override
    public List<Proxy.ListenerStatus> listeners() {
        return proxy.listeners();
    }

    @Override
    public List<Proxy.ClusterStatus> clusters() {
        return proxy.clusters();
    }

    @Override
    public Proxy.OverloadStatus overload() {
        return proxy.overload();
    }

    @Override
    public ExchangeSinks exchanges() {
        return proxy.exchanges();
    }

    @Override
    public WireClock clock() {
        return WireClock.system();
    }

    /** All meters. */
    MeterRegistry meters() {
        return meters;
    }

    @Override
    public PrometheusRegistry metrics() {
        processMetrics.bind();
        return scraped().getPrometheusRegistry();
    }

    @Override
    public @Nullable Object config() {
        return shown;
    }

    @Override
    public boolean started() {
        return proxy.config() != null;
    }

    @Override
    public boolean draining() {
        return proxy.draining();
    }

    @Override
    public void drain() {
        drained();
    }

    /** Begins to drain, if that has not happened yet; completes when it is over. */
    synchronized CompletableFuture<Void> drained() {
        CompletableFuture<Void> running = drained;
        if (running == null) {
            LOG.info("draining");
            running = proxy.drain();
            drained = running;
        }
        return running;
    }

    @Override
    public List<ListenSocket> listenSockets() {
        return proxy.listenSockets();
    }

    @Override
    public synchronized @Nullable ListenSocket adminSocket() {
        return admin == null ? null : admin.listenSocket();
    }

    /** Addresses that its listeners have: the real ones and those of the configuration. */
    List<Address> own() {
        List<Address> own = new ArrayList<>();
        listeners().forEach(one -> own.add(one.address()));
        ProxyConfig config = proxy.config();
        if (config != null) {
            config.listeners().forEach(one -> own.add(one.address()));
        }
        return own;
    }

    /** Where it accepts connections, of all kinds. */
    List<Address> accepting() {
        List<Address> all = new ArrayList<>();
        listeners().stream().filter(Proxy.ListenerStatus::accepting).forEach(one -> all.add(one.address()));
        Address own = adminAddress();
        if (own != null) {
            all.add(own);
        }
        return all;
    }

    @Override
    public synchronized void handOver(Set<Address> kept) {
        LOG.info("another process takes over; draining");
        drained = proxy.handOver(kept);
        AdminServer old = admin;
        if (old != null && kept.contains(old.address())) {
            admin = null;
            old.handOver();
            closeLater(old);
        }
        Runnable next = onHandOver;
        if (next != null) {
            next.run();
        }
    }

    /** What to do when another process has taken over. */
    void onHandOver(Runnable action) {
        onHandOver = action;
    }

    @Override
    public boolean decode(String listener, boolean enabled) {
        boolean found = proxy.decode(listener, enabled);
        if (found) {
            LOG.info("decoding on listener {} is switched {}", listener, enabled ? "on" : "off");
        }
        return found;
    }

    @Override
    public @Nullable CompletableFuture<ReloadOutcome> reload() {
        Supplier<CompletableFuture<ReloadOutcome>> action = reload;
        return action == null ? null : action.get();
    }

    @Override
    public synchronized void close() {
        if (admin != null) {
            admin.close();
            admin = null;
        }
        proxy.close();
        if (accessLog != null) {
            accessLog.close();
        }
        processMetrics.close();
        meters.close();
    }
}
