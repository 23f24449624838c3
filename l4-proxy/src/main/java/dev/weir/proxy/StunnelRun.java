package dev.weir.proxy;

import dev.weir.core.ListenSocket;
import dev.weir.core.Proxy.ListenerStatus;
import dev.weir.core.config.ConfigException;
import dev.weir.proxy.AdminSource.ReloadOutcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Runs a file of stunnel until a signal ends it: binds, writes the pid file, gives up root's rights, serves, reloads. */
final class StunnelRun {
    private static final long FIRST_RETRY_MILLIS = 10;
    private static final long LAST_RETRY_MILLIS = 10_000;
    private static final int ENDPOINT_LOOKS = 100;
    private static final long ENDPOINT_MILLIS = 5;

    private final StunnelLog log;
    private final StunnelEvents events;
    private final StunnelBridges bridges;
    private final Map<String, ?> more;
    private final Terminal terminal;
    private final SystemdNotify systemd = new SystemdNotify(System.getenv("NOTIFY_SOCKET"));
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final BiConsumer<Server, Runnable> started;
    private volatile StunnelConf applied;
    /** Only on the thread that reloads. */
    private @Nullable StunnelConf read;

    private boolean unbound;
    private final AtomicInteger reloads = new AtomicInteger();

    StunnelRun(
            StunnelConf conf,
            Map<String, ?> more,
            StunnelLog log,
            Terminal terminal,
            BiConsumer<Server, Runnable> started) {
        this.applied = conf;
        this.more = more;
        this.log = log;
        this.terminal = terminal;
        this.started = started;
        this.events = new StunnelEvents(log);
        this.bridges = new StunnelBridges(log, terminal, () -> end.complete(null));
    }

    /** Returns when it has ended. */
    void run() throws IOException, InterruptedException, java.util.concurrent.ExecutionException {
        bridges.prepare(applied);
        Inherited inherited =
                SystemdSockets.of(System.getenv(), ProcessHandle.current().pid());
        StunnelConf conf = applied.bindable(inherited.own(applied.config().listeners()), log);
        use(conf);
        WatchedFile watched = new WatchedFile(conf.path());
        Privileges.Wanted rights = Privileges.find(name(conf, "setuid"), name(conf, "setgid"));
        try (Server server = Server.startTelling(
                        conf.config(),
                        Reloader.plain(conf.foreign().file()),
                        inherited,
                        events,
                        () -> giveUp(rights, conf));
                Reloader reloader = new Reloader(() -> next(server), watched, server, systemd)) {
            StunnelAppender.install(log);
            signals(server, reloader);
            server.onReload(() -> reload(server, reloader));
            bound(server);
            Path pid = pidFile(conf);
            endpoints(server);
            log.log(StunnelLog.INFO, conf.inetd() ? "Service [inetd] started" : "Accepting new connections");
            bridges.run(conf);
            systemd.ready(false, "serving");
            Daemon.up(terminal);
            started.accept(server, () -> end.complete(null));
            end.get();
            remove(pid);
        } finally {
            remove(bridges.folder());
        }
    }

    private void use(StunnelConf conf) {
        applied = conf;
        events.use(conf.process());
    }

    private static @Nullable String name(StunnelConf conf, String option) {
        String name = conf.process().getOrDefault(option, "");
        return name.isEmpty() ? null : name;
    }

    /** Servers that have names are there a moment after the start; who reads that clients are accepted may be one of them. */
    private void endpoints(Server server) {
        for (int i = 0; i < ENDPOINT_LOOKS; i++) {
            if (server.clusters().stream().noneMatch(one -> one.endpoints().isEmpty())) {
                return;
            }
            end.copy()
                    .completeOnTimeout(null, ENDPOINT_MILLIS, TimeUnit.MILLISECONDS)
                    .join();
        }
    }

    // ---- signals

    private void signals(Server server, Reloader reloader) {
        boolean drains = applied.process().containsKey("weir.drainTimeout");
        Runnable stop = () -> {
            log.log(StunnelLog.NOTICE, "Terminated");
            systemd.stopping("stopping");
            if (drains && !server.draining()) {
                server.drained().whenComplete((done, failure) -> end.complete(null));
            } else {
                end.complete(null);
            }
        };
        Signals.on("TERM", stop);
        Signals.on("INT", stop);
        Signals.on("HUP", () -> reload(server, reloader));
        Signals.on("USR1", this::reopen);
        Signals.on("USR2", events::list);
        Signals.on("PIPE", () -> {});
    }

    private void changeLog(StunnelConf conf) {
        try {
            log.change(conf.process());
        } catch (IOException e) {
            log.log(StunnelLog.ERROR, String.valueOf(e.getMessage()));
        }
    }

    private void reopen() {
        try {
            log.reopen();
            log.log(StunnelLog.NOTICE, "Log file reopened");
        } catch (IOException e) {
            log.log(StunnelLog.ERROR, String.valueOf(e.getMessage()));
        }
    }

    // ---- reload

    private ConfigFile next(Server server) {
        unbound = false;
        String path = applied.path();
        StunnelConf next;
        try {
            next = StunnelConf.read(path, StunnelConf.text(path), more, log);
        } catch (IOException e) {
            throw new IllegalStateException(path + ": " + e.getMessage(), e);
        }
        try {
            next = next.bindable(server.own(), log);
        } catch (StunnelConf.BindException e) {
            unbound = true;
            throw new IllegalStateException(e.getMessage(), e);
        }
        try {
            bridges.prepare(next);
        } catch (IOException e) {
            throw new IllegalStateException("No folder for sockets: " + e.getMessage(), e);
        }
        read = next;
        return next.foreign().file();
    }

    private CompletableFuture<ReloadOutcome> reload(Server server, Reloader reloader) {
        return reload(server, reloader, 0, reloads.incrementAndGet());
    }

    /** Where an address is not to be had yet, it is tried again, after twice the time each time, until somebody else asks for a reload. */
    private CompletableFuture<ReloadOutcome> reload(Server server, Reloader reloader, long waitMillis, int number) {
        return reloader.reload("SIGHUP", outcome -> {
            StunnelConf next = read;
            if (outcome.applied() && next != null) {
                use(next);
                changeLog(next);
                bound(server);
                endpoints(server);
                bridges.run(next);
                return;
            }
            log.log(StunnelLog.ERROR, "Failed to reload the configuration file");
            if (!outcome.report().startsWith(applied.path()) && !unbound) {
                log.log(StunnelLog.ERROR, outcome.report());
            }
            if (unbound) {
                long wait = waitMillis == 0 ? FIRST_RETRY_MILLIS : Math.min(waitMillis * 2, LAST_RETRY_MILLIS);
                CompletableFuture.delayedExecutor(wait, TimeUnit.MILLISECONDS).execute(() -> {
                    if (reloads.get() == number) {
                        reload(server, reloader, wait, number);
                    }
                });
            }
        });
    }

    // ---- what is told, and done, when all is bound

    /** Each listener once, though there may be a socket per event loop. */
    private void bound(Server server) {
        Map<String, Integer> descriptors = new HashMap<>();
        for (ListenSocket socket : server.listenSockets()) {
            descriptors.putIfAbsent(socket.name(), socket.descriptor());
        }
        Map<String, String> bridged = applied.of("bridge");
        for (ListenerStatus one : server.listeners()) {
            Integer descriptor = descriptors.get(one.name());
            if (!bridged.containsKey(one.name())) {
                log.log(
                        StunnelLog.INFO,
                        "Service [" + applied.process().getOrDefault("service:" + one.name(), one.name()) + "]"
                                + (descriptor == null ? "" : " (FD=" + descriptor + ")") + " bound to "
                                + stunnel(one.address().toString()));
            }
        }
    }

    /** Stunnel writes IPv6 addresses without brackets, and sockets by their path. */
    private static String stunnel(String address) {
        return address.startsWith("unix:")
                ? address.substring("unix:".length())
                : address.replace("[", "").replace("]", "");
    }

    /** All addresses are bound, and nobody has been served yet. What is written from now on is written with the rights that are left. */
    private void giveUp(Privileges.Wanted rights, StunnelConf conf) {
        try {
            owners(conf);
            Path folder = bridges.folder();
            if (folder != null) {
                rights.own(folder);
            }
            rights.take();
            log.open(StunnelLog.Settings.of(conf.process(), conf.inetd()));
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    private void owners(StunnelConf conf) throws IOException {
        UserPrincipalLookupService names = FileSystems.getDefault().getUserPrincipalLookupService();
        for (Map.Entry<String, String> one : conf.of("owner").entrySet()) {
            Path path = Path.of(one.getKey());
            String[] owner = one.getValue().split(":", 2);
            PosixFileAttributeView view =
                    Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
            if (!owner[0].isEmpty()) {
                view.setOwner(names.lookupPrincipalByName(owner[0]));
            }
            if (!owner[1].isEmpty()) {
                view.setGroup(names.lookupPrincipalByGroupName(owner[1]));
            }
        }
    }

    private @Nullable Path pidFile(StunnelConf conf) throws IOException {
        String name = conf.process().getOrDefault("pid", "");
        if (name.isEmpty() || conf.inetd()) {
            return null;
        }
        Path path = Path.of(name);
        try {
            Files.writeString(path, ProcessHandle.current().pid() + "\n");
        } catch (IOException e) {
            throw new IOException("Cannot create pid file " + path + ": " + e.getMessage(), e);
        }
        log.log(StunnelLog.DEBUG, "Created pid file " + path);
        return path;
    }

    // ---- files

    private void remove(@Nullable Path path) {
        if (path == null) {
            return;
        }
        try {
            if (Files.isDirectory(path)) {
                try (var files = Files.newDirectoryStream(path)) {
                    for (Path file : files) {
                        Files.delete(file);
                    }
                }
            }
            Files.deleteIfExists(path);
        } catch (IOException e) {
            log.log(StunnelLog.WARNING, path + " cannot be removed: " + e.getMessage());
        }
    }

    /** Whether a failure has been told already. */
    static boolean isTold(Throwable failure) {
        return failure instanceof ConfigException || failure instanceof StunnelConf.BindException;
    }
}
