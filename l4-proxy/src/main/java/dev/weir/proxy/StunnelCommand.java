package dev.weir.proxy;

import dev.weir.core.config.ConfigException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * {@code weir stunnel [FILE]}: runs a configuration of stunnel, with the options, signals, log lines and exit codes of stunnel. What it prints of itself goes
 * to standard error, as there.
 */
final class StunnelCommand implements Subcommand {
    private static final String DEFAULT_FILE = "/etc/stunnel/stunnel.conf";
    /** What the answers to -version and the first lines of the log say it stands in for. */
    private static final String VERSION = "5.68";
    /** Variable with the name of a file that is handed to the process in the background. */
    private static final String TEXT = "WEIR_STUNNEL_TEXT";

    private static final List<String> SOCKETS = List.of(
            "    Option Name         |  Accept  |   Local  |  Remote  |effect",
            "    --------------------+----------+----------+----------+------------------------------",
            "    SO_KEEPALIVE        |       yes|       yes|       yes|as given",
            "    SO_REUSEADDR        |       yes|    --    |    --    |always yes",
            "    SO_BINDTODEVICE     |    --    |    --    |    --    |lo, on an address of it",
            "    TCP_NODELAY         |    --    |       yes|       yes|as given",
            "    all others          |    --    |    --    |    --    |none: the system's values");

    private final BiConsumer<Server, Runnable> started;

    StunnelCommand() {
        this((server, stop) -> {});
    }

    /** {@code started} gets what runs, and what a signal to end it would do. */
    StunnelCommand(BiConsumer<Server, Runnable> started) {
        this.started = started;
    }

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        if (options.flag("-version")) {
            banner().forEach(terminal.err()::println);
            return 0;
        }
        if (options.flag("-help")) {
            banner().forEach(terminal.err()::println);
            terminal.err().println(" ");
            terminal.err()
                    .println(
                            "All options, and what becomes of each: docs/stunnel.md; weir stunnel --help for the command line");
            return 0;
        }
        if (options.flag("-sockets")) {
            banner().forEach(terminal.err()::println);
            SOCKETS.forEach(terminal.err()::println);
            return 0;
        }
        if (options.flag("-options")) {
            banner().forEach(terminal.err()::println);
            terminal.err()
                    .println(
                            "options = NO_TLSv1, NO_TLSv1_1, NO_TLSv1_2, NO_TLSv1_3, NO_TICKET: as in OpenSSL; all other names of OpenSSL 3.0 are"
                                    + " accepted, docs/stunnel.md says which have no effect");
            return 0;
        }
        try (StunnelLog log = new StunnelLog(terminal.err())) {
            return run(options, terminal, log);
        }
    }

    static List<String> banner() {
        String platform = System.getProperty("os.arch", "") + "-"
                + System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        return List.of(
                "stunnel " + VERSION + " on " + platform + " platform, by weir " + Version.text(),
                "Compiled with OpenSSL 1.1.1 (the level of BoringSSL)",
                "Running  with OpenSSL 1.1.1 (the level of BoringSSL)");
    }

    private int run(Arguments options, Terminal terminal, StunnelLog log) throws Exception {
        String path = file(options);
        banner().forEach(line -> log.log(StunnelLog.NOTICE, line));
        String text;
        try {
            text = Daemon.inside() && options.text("-fd") != null ? handed() : StunnelConf.text(path);
        } catch (IOException e) {
            log.log(StunnelLog.ERROR, "Invalid configuration file name \"" + path + "\"");
            log.log(StunnelLog.ERROR, "realpath: No such file or directory (2)");
            log.failed();
            return 1;
        }
        StunnelConf conf;
        try {
            conf = StunnelConf.read(path, text, more(options), log);
        } catch (ConfigException e) {
            log.failed();
            return 1;
        }
        if (options.flag("--explain")) {
            Explanation.print(conf.foreign(), terminal);
            return 0;
        }
        if (options.flag("--test-conf")) {
            log.failed(); // All that was said, on standard error.
            return 0;
        }
        if (background(conf) && !Daemon.inside()) {
            return Daemon.start(terminal, options.text("-fd") == null ? Map.of() : Map.of(TEXT, hand(text)));
        }
        return serve(conf, options, terminal, log);
    }

    /** What came by a descriptor is gone when it has been read: the process in the background gets it by a file that only this user can read. */
    private static String hand(String text) throws IOException {
        Path file = Files.createTempFile("weir-stunnel-", ".conf");
        Files.writeString(file, text);
        return file.toString();
    }

    private static String handed() throws IOException {
        String name = System.getenv(TEXT);
        if (name == null) {
            throw new IOException("no text");
        }
        String text = StunnelConf.text(name);
        Files.delete(Path.of(name));
        return text;
    }

    private int serve(StunnelConf conf, Arguments options, Terminal terminal, StunnelLog log) throws Exception {
        boolean inBackground = background(conf);
        try {
            new StunnelRun(conf, more(options), log, terminal, started).run();
            return 0;
        } catch (IOException | UncheckedIOException | IllegalStateException | StunnelConf.BindException e) {
            if (!StunnelRun.isTold(e)) {
                log.log(StunnelLog.ERROR, String.valueOf(e.getMessage()));
            }
            log.failed(); // Where even the log is not to be had.
            if (inBackground) {
                terminal.err().println("[!] " + e.getMessage());
            }
            return 1;
        } catch (ConfigException e) {
            StunnelConf.tell(conf.path(), StunnelConf.placed(conf.path(), e, conf.process()), log);
            return 1;
        }
    }

    /** As stunnel does it unless it is told otherwise. */
    private static boolean background(StunnelConf conf) {
        return conf.process().getOrDefault("foreground", "no").equalsIgnoreCase("no") && !conf.inetd();
    }

    /** The operand, a descriptor that is open already, or where stunnel looks by itself; absolute. */
    private static String file(Arguments options) {
        String descriptor = options.text("-fd");
        if (descriptor != null) {
            if (!descriptor.matches("[0-9]{1,5}") || !options.operands().isEmpty()) {
                throw new UsageException(
                        "-fd: \"" + descriptor + "\" (expected: the number of a descriptor, and no FILE)");
            }
            return "/dev/fd/" + descriptor;
        }
        String given = options.operands().isEmpty() ? DEFAULT_FILE : options.operand();
        try {
            return Path.of(given).toAbsolutePath().toString();
        } catch (InvalidPathException e) {
            return given;
        }
    }

    private static Map<String, Object> more(Arguments options) {
        Map<String, Object> more = new LinkedHashMap<>();
        String admin = options.text("--admin");
        if (admin != null) {
            more.put(
                    "admin",
                    Map.of("address", Arguments.address("--admin", admin).toString()));
        }
        return more;
    }
}
