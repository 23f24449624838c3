package dev.weir.proxy;

import dev.weir.core.config.Address;
import dev.weir.core.config.Names;
import dev.weir.core.protocol.Protocol;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** {@code weir sniff PROTOCOL}: measures the commands to one server, without a configuration file. */
final class SniffCommand implements Subcommand {
    private static final int SUMMARY_ROWS = 100;
    private static final long PIPE_CHECK_MILLIS = 200;

    private boolean warned;

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        String plugins = options.text("--plugins");
        ClassLoader loader = Plugins.loader(plugins == null ? null : java.nio.file.Path.of(plugins));
        Protocol protocol = protocol(options.operand(), loader);
        Address listen = Arguments.address("--listen", String.valueOf(options.text("--listen")));
        Address upstream = Arguments.address("--upstream", String.valueOf(options.text("--upstream")));
        if (listen.equals(upstream)) {
            throw new UsageException("--upstream: \"" + upstream + "\" (expected: another address than --listen)");
        }
        Duration limit = options.duration("--for");
        String admin = QuickStart.admin(options);
        boolean json = options.flag("--json");
        Map<String, Object> filter = new LinkedHashMap<>();
        filter.put("type", protocol.statsFilter());
        filter.putAll(options.sniffing());
        CompletableFuture<Void> end = new CompletableFuture<>();
        for (String signal : List.of("TERM", "INT", "HUP")) {
            Signals.on(signal, () -> end.complete(null));
        }
        // Past System.out, which keeps errors to itself: the end of a pipe has to be noticed.
        OutputStream exchanges = json ? new FileOutputStream(FileDescriptor.out) : null;
        Server server = QuickStart.start(
                QuickStart.Front.sniffing(protocol.name(), "upstream", listen, upstream, filter),
                admin,
                exchanges,
                loader);
        try (server) {
            RunCommand.announce(server, terminal);
            if (json) {
                awaitEnd(server, upstream, end, limit, terminal);
            } else {
                show(server, upstream, end, limit, terminal);
            }
        }
        return json ? reportJson(server, terminal) : 0;
    }

    /** The installed protocol of this name. */
    static Protocol protocol(String name, ClassLoader loader) {
        List<String> names = new ArrayList<>();
        for (Protocol protocol : ServiceLoader.load(Protocol.class, loader)) {
            if (protocol.name().equals(name) || protocol.aliases().contains(name)) {
                return protocol;
            }
            names.add(protocol.name());
        }
        String hint = names.isEmpty() ? " (no protocol is installed)" : Names.suggest(name, names);
        throw new UsageException("unknown protocol \"" + name + "\"" + hint);
    }

    private void show(Server server, Address upstream, CompletableFuture<Void> end, Duration limit, Terminal terminal)
            throws IOException, InterruptedException {
        Address listen = server.listeners().get(0).address();
        Address admin = server.adminAddress();
        String where = "weir   " + listen + " → " + upstream + (admin == null ? "" : "   " + RunCommand.shown(admin));
        boolean interactive = Terminal.interactive();
        LiveView.Frames frames = () -> {
            long failures = failures(server);
            if (!interactive) {
                warn(failures, upstream, terminal);
            }
            String failed = failures == 0 ? "" : "   " + Terminal.grouped(failures) + " connects failed";
            return QuickStart.frame(server, List.of(where + failed));
        };
        new LiveView(terminal, frames, interactive).run(end, limit);
        LiveView.summary(terminal, frames.next(), SUMMARY_ROWS);
    }

    private static long failures(Server server) {
        return server.clusters().stream()
                .flatMap(cluster -> cluster.endpoints().stream())
                .mapToLong(endpoint -> endpoint.connectFailures())
                .sum();
    }

    /** Once: who mistyped the address of the server sees no exchange, and would not know why. */
    private void warn(long failures, Address upstream, Terminal terminal) {
        if (failures > 0 && !warned) {
            warned = true;
            terminal.say("warning: cannot connect to " + upstream + "; clients are closed");
        }
    }

    private void awaitEnd(
            Server server, Address upstream, CompletableFuture<Void> end, Duration limit, Terminal terminal)
            throws InterruptedException, ExecutionException {
        long until = System.nanoTime() + limit.toNanos();
        while (server.writeError() == null && (limit.isZero() || System.nanoTime() < until)) {
            warn(failures(server), upstream, terminal);
            try {
                end.get(PIPE_CHECK_MILLIS, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException e) {
                // looks again
            }
        }
    }

    /** After the server was closed, so that everything was written that will be. */
    private static int reportJson(Server server, Terminal terminal) {
        long dropped = server.unwritten();
        if (dropped > 0) {
            terminal.say(Terminal.grouped(dropped) + " exchanges were not written: standard output was too slow");
        }
        IOException error = server.writeError();
        if (error != null) {
            terminal.say("cannot write exchanges: " + error.getMessage());
            return 1;
        }
        return 0;
    }
}
