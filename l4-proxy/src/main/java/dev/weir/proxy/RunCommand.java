package dev.weir.proxy;

import dev.weir.core.Proxy;
import dev.weir.core.Proxy.ListenerStatus;
import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.Units;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** {@code weir run FILE}: runs a configuration until a signal ends it. */
final class RunCommand implements Subcommand {
    private static final long LOOK_MILLIS = 1_000;

    private final BiConsumer<Server, Runnable> started;
    private final SystemdNotify systemd = new SystemdNotify(System.getenv("NOTIFY_SOCKET"));

    RunCommand() {
        this((server, stop) -> {});
    }

    /** {@code started} gets the running proxy, and what a signal to end it would do. */
    RunCommand(BiConsumer<Server, Runnable> started) {
        this.started = started;
    }

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        @Nullable String plugins = options.text("--plugins");
        ClassLoader loader = Plugins.loader(plugins == null ? null : Path.of(plugins));
        WatchedFile watched = new WatchedFile(options.operand());
        ConfigFile file = ConfigFile.read(options.operand(), loader);
        String warning = OpenFiles.warning();
        if (warning != null) {
            terminal.say(warning);
        }
        try (Handover handover = new Handover(file, terminal, systemd, options.flag("--takeover"))) {
            run(file, watched, loader, terminal, handover);
        }
        terminal.say("ended");
        return 0;
    }

    private void run(ConfigFile file, WatchedFile watched, ClassLoader loader, Terminal terminal, Handover handover)
            throws Exception {
        Inherited inherited = handover.inherit(loader);
        CompletableFuture<Void> end = new CompletableFuture<>();
        try (Server server = start(file, loader, inherited);
                Reloader reloader = new Reloader(file.source(), watched, loader, server, systemd)) {
            Runnable stop = stop(server, end, terminal, systemd);
            Signals.on("TERM", stop);
            Signals.on("INT", stop);
            Signals.on("HUP", () -> reloader.reload("SIGHUP"));
            server.onReload(() -> reloader.reload("asked to"));
            server.onHandOver(() -> {
                reloader.stop();
                server.drained().whenComplete((done, failure) -> end.complete(null));
            });
            announce(server, terminal);
            handover.complete(server);
            reloader.watch(LOOK_MILLIS);
            started.accept(server, stop);
            end.get();
        }
    }

    private static Server start(ConfigFile file, ClassLoader loader, Inherited inherited) throws IOException {
        try {
            requireFree(file, loader, inherited);
            return Server.start(file.config(), Reloader.plain(file), null, loader, inherited);
        } catch (ConfigException e) {
            throw file.named(e);
        }
    }

    private static void requireFree(ConfigFile file, ClassLoader loader, Inherited inherited) {
        try {
            FreeAddresses.require(
                    file.config().listeners(), inherited.own(file.config().listeners()));
        } catch (IllegalStateException e) {
            Proxy.check(file.config(), loader); // What is wrong with the file comes first.
            throw e;
        }
    }

    static void announce(Server server, Terminal terminal) {
        for (ListenerStatus listener : server.listeners()) {
            terminal.say(listener.name() + " listens on " + listener.address());
        }
        Address admin = server.adminAddress();
        if (admin != null) {
            terminal.say("admin server on " + shown(admin));
        }
    }

    /** An address of the admin server as people can use it. */
    static String shown(Address admin) {
        return admin.isUnix() ? admin.toString() : "http://" + admin + "/";
    }

    /** What a signal to end it does. */
    static Runnable stop(Server server, CompletableFuture<Void> end, Terminal terminal, SystemdNotify systemd) {
        AtomicInteger signals = new AtomicInteger();
        return () -> {
            if (signals.getAndIncrement() > 0) {
                terminal.say("leaving at once");
                terminal.halt().accept(1);
                return;
            }
            if (!server.draining()) { // else another process has taken over, or is asked for elsewhere
                systemd.stopping("draining");
            }
            String timeout = Units.format(server.drainTimeout());
            terminal.say("draining, at most " + timeout + "; a second signal leaves at once");
            server.drained().whenComplete((done, failure) -> end.complete(null));
        };
    }
}
