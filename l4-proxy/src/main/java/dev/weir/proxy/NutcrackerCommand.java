package dev.weir.proxy;

import dev.weir.core.ConfigTranslator;
import dev.weir.core.config.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code weir nutcracker FILE}: runs a configuration of twemproxy, with the options of twemproxy. */
final class NutcrackerCommand implements Subcommand {
    private static final Logger LOG = LoggerFactory.getLogger(NutcrackerCommand.class);
    private static final String NAME = "nutcracker";
    private static final List<String> PLACES = List.of("conf/nutcracker.yml", "/etc/nutcracker/nutcracker.yml");

    private final SystemdNotify systemd = new SystemdNotify(System.getenv("NOTIFY_SOCKET"));
    private final BiConsumer<Server, StatsPort> started;
    private volatile @Nullable Foreign applied;
    private @Nullable Foreign read;

    NutcrackerCommand() {
        this((server, stats) -> {});
    }

    /** {@code started} gets what runs. */
    NutcrackerCommand(BiConsumer<Server, StatsPort> started) {
        this.started = started;
    }

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        if (options.flag("--version")) {
            terminal.out().println("This is weir " + Version.text() + ", in the place of nutcracker-0.5.0");
            return 0;
        }
        if (options.flag("--describe-stats")) {
            terminal.out().print(NutcrackerOptions.STATISTICS);
            return 0;
        }
        NutcrackerOptions settings = NutcrackerOptions.of(options);
        ConfigTranslator plain = Foreign.translator(NAME, NutcrackerCommand.class.getClassLoader());
        ConfigTranslator translator = options.flag("--strict") ? new Strict(plain) : plain;
        String file = file(options);
        if (options.flag("--test-conf")) {
            return test(file, translator, settings, terminal);
        }
        if (options.flag("--explain")) {
            Explanation.print(read(file, translator, Map.of()), terminal);
            return 0;
        }
        if (options.flag("--daemonize") && !Daemon.inside()) {
            return Daemon.start(terminal);
        }
        if (settings.log() != null) {
            Logs.toFile(settings.log());
        }
        try (PidFile pid = new PidFile(settings.pidFile())) {
            pid.write();
            run(file, translator, settings, terminal);
        }
        terminal.say("ended");
        return 0;
    }

    /** The operand, or what -c says, or where twemproxy looks by itself. */
    private static String file(Arguments options) {
        String given = options.text("--conf-file");
        if (!options.operands().isEmpty()) {
            if (given != null) {
                throw new UsageException("FILE beside --conf-file (expected: one of the two)");
            }
            return options.operand();
        }
        if (given != null) {
            return given;
        }
        return PLACES.stream()
                .filter(place -> Files.isReadable(Path.of(place)))
                .findFirst()
                .orElseThrow(() -> new UsageException("no configuration file (expected: FILE, -c FILE, or one of "
                        + String.join(", ", PLACES) + "); weir nutcracker --help explains"));
    }

    private static Foreign read(String file, ConfigTranslator translator, Map<String, ?> more) {
        return Foreign.read(file, translator, more, NutcrackerCommand.class.getClassLoader());
    }

    private static int test(String file, ConfigTranslator translator, NutcrackerOptions settings, Terminal terminal) {
        try {
            Foreign foreign = read(file, translator, settings.more());
            foreign.translation().notes().forEach(note -> terminal.err().println("nutcracker: note: " + note));
            terminal.err().println("nutcracker: configuration file '" + file + "' syntax is ok");
            return 0;
        } catch (ConfigException e) {
            terminal.err().println("nutcracker: configuration file '" + file + "' syntax is invalid");
            throw e;
        }
    }

    /** The same configurations, but that what is not supported or malformed ends the connection without an answer, as twemproxy does it. */
    private record Strict(ConfigTranslator translator) implements ConfigTranslator {
        @Override
        public String name() {
            return translator.name();
        }

        @Override
        public Translation translate(ForeignFile file) {
            Translation made = translator.translate(file);
            Map<String, Object> configuration = new LinkedHashMap<>();
            made.configuration().forEach((key, value) -> configuration.put(key, strict(value)));
            return new Translation(configuration, made.notes(), made.status());
        }

        private static Object strict(Object value) {
            if (value instanceof List<?> list) {
                return list.stream().map(Strict::strict).toList();
            }
            if (!(value instanceof Map<?, ?> map)) {
                return value;
            }
            Map<Object, Object> copy = new LinkedHashMap<>();
            map.forEach((key, inner) -> copy.put(key, strict(inner)));
            if ("redis_proxy".equals(map.get("type"))) {
                copy.put("strict", true);
            }
            return copy;
        }
    }

    // ---- running

    private void run(String source, ConfigTranslator translator, NutcrackerOptions settings, Terminal terminal)
            throws Exception {
        WatchedFile watched = new WatchedFile(source);
        Foreign first = read(source, translator, settings.more());
        applied = first;
        String warning = OpenFiles.warning();
        if (warning != null) {
            terminal.say(warning);
        }
        FreeAddresses.require(first.file().config().listeners(), List.of());
        CompletableFuture<Void> end = new CompletableFuture<>();
        Instant begin = Instant.ofEpochMilli(System.currentTimeMillis());
        ClassLoader loader = NutcrackerCommand.class.getClassLoader();
        try (Server server = Server.startCounted(first.file().config(), Reloader.plain(first.file()), loader);
                StatsPort stats = new StatsPort(settings.stats(), () -> statistics(server, begin));
                Reloader reloader = new Reloader(() -> next(source, translator, settings), watched, server, systemd)) {
            Runnable stop = RunCommand.stop(server, end, terminal, systemd);
            Signals.on("TERM", stop);
            Signals.on("INT", stop);
            Signals.on("HUP", () -> {
                Logs.reopen();
                reload(reloader, "SIGHUP");
            });
            Signals.on("TTIN", () -> Logs.step(1));
            Signals.on("TTOU", () -> Logs.step(-1));
            server.onReload(() -> reload(reloader, "asked to"));
            tell(first);
            RunCommand.announce(server, terminal);
            terminal.say("statistics on " + stats.address());
            systemd.ready(false, "serving");
            Daemon.up(terminal);
            started.accept(server, stats);
            end.get();
        }
    }

    private static void tell(Foreign foreign) {
        foreign.translation()
                .notes()
                .forEach(note -> LOG.info("{}: {}", foreign.file().source(), note));
    }

    private ConfigFile next(String source, ConfigTranslator translator, NutcrackerOptions settings) {
        Foreign next = read(source, translator, settings.more());
        read = next; // on the one thread that reloads
        return next.file();
    }

    private CompletableFuture<AdminSource.ReloadOutcome> reload(Reloader reloader, String why) {
        return reloader.reload(why, outcome -> {
            Foreign next = read;
            if (outcome.applied() && next != null) {
                applied = next;
                tell(next);
            }
        });
    }

    private String statistics(Server server, Instant begin) {
        Foreign now = applied;
        if (now == null) {
            throw new IllegalStateException("nothing runs yet");
        }
        return now.translation()
                .status()
                .text(new ConfigTranslator.Running(
                        Version.text(),
                        begin,
                        Instant.ofEpochMilli(System.currentTimeMillis()),
                        server.meters(),
                        server.clusters()));
    }

    /** Holds the number of the process, as long as it lives. */
    private record PidFile(@Nullable Path path) implements AutoCloseable {
        void write() {
            if (path != null) {
                try {
                    Files.writeString(path, ProcessHandle.current().pid() + "\n");
                } catch (IOException e) {
                    throw new IllegalStateException("--pid-file: \"" + path + "\" cannot be written: " + e, e);
                }
            }
        }

        @Override
        public void close() {
            try {
                if (path != null) {
                    Files.deleteIfExists(path);
                }
            } catch (IOException e) {
                LOG.warn("{} cannot be removed: {}", path, e.toString());
            }
        }
    }
}
