package dev.weir.proxy;

import dev.weir.core.protocol.Protocol;
import dev.weir.proxy.replay.CaptureException;
import dev.weir.proxy.replay.CaptureSet;
import dev.weir.proxy.replay.Replay;
import dev.weir.proxy.replay.ReplayCounts;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** {@code weir replay}: measures the commands in captures. */
final class ReplayCommand implements Subcommand {
    private static final int SUMMARY_ROWS = 100;
    private static final int LOOK = 1_024;
    private static final long PROGRESS_NANOS = 200_000_000L;
    private static final String CLEAR = "\r\u001b[K";

    private volatile boolean stopped;

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        String plugins = options.text("--plugins");
        ClassLoader loader = Plugins.loader(plugins == null ? null : Path.of(plugins));
        Protocol protocol = SniffCommand.protocol(String.valueOf(options.text("--protocol")), loader);
        int port = port(options);
        boolean json = options.flag("--json");
        try (CaptureSet captures = open(options.operands());
                Replay replay =
                        new Replay(captures, protocol, options.sniffing(), port, json ? terminal.out() : null)) {
            // One that waits for standard input has to be woken.
            Thread reader = Thread.currentThread();
            for (String signal : List.of("TERM", "INT")) {
                Signals.on(signal, () -> {
                    stopped = true;
                    reader.interrupt();
                });
            }
            play(captures, replay, terminal, json);
            String problem = replay.finish();
            summary(replay, json ? new Terminal(terminal.err(), terminal.err(), terminal.halt()) : terminal);
            captures.problems().forEach(text -> terminal.say("warning: " + text));
            if (problem != null) {
                throw new UsageException(problem);
            }
            return captures.broken() ? 1 : 0;
        }
    }

    private static CaptureSet open(List<String> files) throws IOException {
        try {
            return CaptureSet.open(files);
        } catch (CaptureException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
    }

    private static int port(Arguments options) {
        String text = options.text("--port");
        if (text == null) {
            return -1;
        }
        int port = text.matches("[0-9]{1,5}") ? Integer.parseInt(text) : 0;
        if (port < 1 || port > 65_535) {
            throw new UsageException("--port: \"" + text + "\" (expected: a port of 1..65535)");
        }
        return port;
    }

    private void play(CaptureSet captures, Replay replay, Terminal terminal, boolean json) throws IOException {
        boolean interactive = Terminal.interactiveError() && !(json && Terminal.interactive());
        long shown = System.nanoTime();
        long packets = 0;
        try {
            while (!stopped && replay.step()) {
                if (interactive && ++packets % LOOK == 0 && System.nanoTime() - shown > PROGRESS_NANOS) {
                    shown = System.nanoTime();
                    terminal.err().print(CLEAR + progress(captures, replay));
                    terminal.err().flush();
                }
            }
        } catch (ClosedByInterruptException e) {
            if (!stopped) {
                throw e;
            }
        }
        // Of the signal: what follows is not to be interrupted.
        Thread.interrupted();
        if (interactive) {
            terminal.err().print(CLEAR);
        }
    }

    private static String progress(CaptureSet captures, Replay replay) {
        long size = captures.size();
        String part = size == 0
                ? TableText.bytes(captures.position())
                : Math.min(100, 100 * captures.position() / size) + " % of " + TableText.bytes(size);
        return String.format(
                Locale.ROOT,
                "weir: %s   %s packets   %s connections open   %s exchanges",
                part,
                Terminal.grouped(replay.counts().packets()),
                Terminal.grouped(replay.open()),
                Terminal.grouped(replay.counts().exchanges()));
    }

    private static void summary(Replay replay, Terminal terminal) {
        ReplayCounts counts = replay.counts();
        UsageTable table = UsageTable.of(replay.exchanges(), "command", null).sorted("total_us");
        LiveView.summary(terminal, new LiveView.Frame(List.of(), counts.connections(), table), SUMMARY_ROWS);
        terminal.out().println();
        counts.lines().forEach(terminal.out()::println);
        terminal.out().flush();
    }
}
