package dev.weir.proxy;

import dev.weir.core.Proxy.ListenerStatus;
import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigException;
import dev.weir.proxy.AdminSource.ReloadOutcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replaces the configuration when its file changes, and when it is told to. It looks at the file each second: a change
 * counts once two looks have seen the same, so that a half-written file is not read. What a symbolic link points to
 * counts too: that is how Kubernetes swaps the files of a config map. All on one thread of its own.
 */
final class Reloader implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reloader.class);

    private final String source;
    private final ClassLoader loader;
    private final Server server;
    private final ScheduledExecutorService executor;

    private @Nullable State loaded;
    private @Nullable State seen;

    /** What tells one state of the file from another. */
    private record State(
            Path real,
            FileTime modified,
            long size,
            @Nullable Object key) {
        static @Nullable State of(String source) {
            try {
                Path real = Path.of(source).toRealPath();
                BasicFileAttributes attributes = Files.readAttributes(real, BasicFileAttributes.class);
                return new State(real, attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
            } catch (IOException e) {
                // Gone for the moment: an editor is replacing it, or a volume is being mounted.
                return null;
            }
        }
    }

    Reloader(String source, ClassLoader loader, Server server) {
        this.source = source;
        this.loader = loader;
        this.server = server;
        this.loaded = State.of(source);
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
        State now = State.of(source);
        boolean settled = Objects.equals(now, seen);
        seen = now;
        if (now != null && settled && !now.equals(loaded)) {
            reloadNow("the file changed");
        }
    }

    /** Reloads as soon as may be. From any thread. */
    CompletableFuture<ReloadOutcome> reload(String why) {
        return CompletableFuture.supplyAsync(() -> reloadNow(why), executor);
    }

    private ReloadOutcome reloadNow(String why) {
        loaded = State.of(source);
        ReloadOutcome outcome;
        try {
            ConfigFile file = ConfigFile.read(source, loader);
            apply(file);
            outcome = new ReloadOutcome(true, "reloaded: " + summary(server));
            LOG.info("{}; {}", why, outcome.report());
        } catch (ConfigException | IllegalStateException e) {
            outcome = new ReloadOutcome(false, String.valueOf(e.getMessage()));
            LOG.error("{}; the configuration in force stays: {}", why, e.getMessage());
        } catch (RuntimeException e) {
            outcome = new ReloadOutcome(false, "failed: " + e);
            LOG.error("{}; the configuration in force stays", why, e);
        }
        server.processMetrics().reload(outcome.applied());
        return outcome;
    }

    private void apply(ConfigFile file) {
        List<Address> own =
                server.listeners().stream().map(ListenerStatus::address).toList();
        try {
            FreeAddresses.require(file.config().listeners(), own);
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

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
