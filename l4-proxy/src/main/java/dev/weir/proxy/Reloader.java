package dev.weir.proxy;

import dev.weir.core.Proxy.ListenerStatus;
import dev.weir.core.config.ConfigException;
import dev.weir.proxy.AdminSource.ReloadOutcome;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Replaces the configuration when its {@link WatchedFile} changes, and when it is told to. All on one thread of its own. */
final class Reloader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reloader.class);

    private final Supplier<ConfigFile> reading;
    private final Server server;
    private final SystemdNotify systemd;
    private final WatchedFile file;
    private final ScheduledExecutorService executor;

    /** {@code file} has been looked at before it was read. */
    Reloader(String source, WatchedFile file, ClassLoader loader, Server server, SystemdNotify systemd) {
        this(() -> ConfigFile.read(source, loader), file, server, systemd);
    }

    /** The same with another way to read it; that is done on the thread that reloads. */
    Reloader(Supplier<ConfigFile> reading, WatchedFile file, Server server, SystemdNotify systemd) {
        this.systemd = systemd;
        this.reading = reading;
        this.server = server;
        this.file = file;
        this.executor = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "weir-reload");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Begins to look after the file. */
    void watch(long millis) {
        executor.scheduleWithFixedDelay(this::look, millis, millis, TimeUnit.MILLISECONDS);
    }

    private void look() {
        try {
            if (file.look() == WatchedFile.Look.CHANGED) {
                reloadNow("the file changed");
            }
        } catch (Throwable t) { // What escapes would end the looking.
            LOG.error("the configuration file could not be looked after", t);
        }
    }

    /** Reloads as soon as may be. From any thread. */
    CompletableFuture<ReloadOutcome> reload(String why) {
        return reload(why, outcome -> {});
    }

    /** The same; {@code after} gets what came of it, on the thread that reloads. */
    CompletableFuture<ReloadOutcome> reload(String why, Consumer<ReloadOutcome> after) {
        try {
            return CompletableFuture.supplyAsync(
                    () -> {
                        ReloadOutcome outcome = reloadNow(why);
                        after.accept(outcome);
                        return outcome;
                    },
                    executor);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.completedFuture(
                    new ReloadOutcome(false, "this process has been taken over, and drains"));
        }
    }

    private ReloadOutcome reloadNow(String why) {
        file.reading();
        systemd.reloading();
        ReloadOutcome outcome;
        try {
            apply(reading.get());
            outcome = new ReloadOutcome(true, "reloaded: " + summary(server));
            LOG.info("{}; {}", why, outcome.report());
        } catch (ConfigException | IllegalStateException e) {
            outcome = new ReloadOutcome(false, String.valueOf(e.getMessage()));
            LOG.error("{}; the configuration in force stays: {}", why, e.getMessage());
        } catch (RuntimeException e) {
            outcome = new ReloadOutcome(false, "failed: " + e);
            LOG.error("{}; the configuration in force stays", why, e);
        }
        server.reloaded(outcome);
        systemd.reloaded(outcome.applied() ? "serving" : "serving; the last reload was refused");
        return outcome;
    }

    private void apply(ConfigFile file) {
        try {
            FreeAddresses.require(file.config().listeners(), server.own());
            server.apply(file.config(), plain(file));
        } catch (ConfigException e) {
            throw file.named(e);
        }
    }

    /** What {@code /config} shows. */
    static Object plain(ConfigFile file) {
        Object plain = file.root().plain();
        return plain == null ? Map.of() : plain;
    }

    private static String summary(Server server) {
        return server.listeners().stream()
                .filter(ListenerStatus::accepting)
                .map(listener -> listener.name() + " listens on " + listener.address())
                .collect(Collectors.joining(", "));
    }

    /** Reloads no more. */
    void stop() {
        executor.shutdownNow();
    }

    @Override
    public void close() {
        stop();
    }
}
