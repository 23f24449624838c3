package dev.weir.proxy;

import dev.weir.core.protocol.Protocol;
import dev.weir.proxy.replay.CaptureException;
import dev.weir.proxy.replay.CaptureSet;
import dev.weir.proxy.replay.Replay;
import dev.weir.proxy.replay.ReplayCounts;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
        Map<String, ?> settings = options.flag("--keys") ? Map.of("keys", true) : Map.of();
        List<Path> files = options.operands().stream().map(Path::of).toList();
        try (CaptureSet captures = CaptureSet.open(files);
                Replay replay = new Replay(captures, protocol, settings, port, json ? terminal.out() : null)) {
            for (String signal : List.of("TERM", "INT")) {
                Signals.on(signal, () -> stopped = true);
            }
            play(captures, replay, terminal);
            summary(replay, json ? new Terminal(terminal.err(), terminal.err(), terminal.halt()) : terminal);
            captures.problems().forEach(terminal::say);
            return captures.problems().isEmpty() ? 0 : 1;
        } catch (CaptureException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
    }

    private static int port(Arguments options) {
        String text = options.text("--port");
        if (text == null) {
            return -1;
        }
        boolean digits = text.length() <= 5 && text.chars().allMatch(c -> c >= '0' && c <= '9') && !text.isEmpty();
        int port = digits ? Integer.parseInt(text) : 0;
        if (port < 1 || port > 65_535) {
            throw new UsageException("--port: \"" + text + "\" (expected: a port of 1..65535)");
        }
        return port;
    }

    private void play(CaptureSet captures, Replay replay, Terminal terminal) throws IOException {
        boolean interactive = Terminal.interactiveError();
        long shown = System.nanoTime();
        long packets = 0;
        while (!stopped && replay.step()) {
            if (interactive && ++packets % LOOK == 0 && System.nanoTime() - shown > PROGRESS_NANOS) {
                shown = System.nanoTime();
                terminal.err().print(CLEAR + progress(captures, replay));
                terminal.err().flush();
            }
        }
        if (interactive) {
            terminal.err().print(CLEAR);
        }
        replay.finish();
    }

    private static String progress(CaptureSet captures, Replay replay) {
        long size = Math.max(1, captures.size());
        return String.format(
                Locale.ROOT,
                "weir: %3d %% of %s   %s packets   %s connections open   %s exchanges",
                Math.min(100, 100 * captures.position() / size),
                TableText.bytes(size),
                Terminal.grouped(replay.counts().packets),
                Terminal.grouped(replay.open()),
                Terminal.grouped(replay.counts().exchanges));
    }

    private static void summary(Replay replay, Terminal terminal) {
        ReplayCounts counts = replay.counts();
        UsageTable table = UsageTable.of(replay.exchanges(), "command", null).sorted("total_us");
        LiveView.summary(terminal, new LiveView.Frame(List.of(), counts.connections, table), SUMMARY_ROWS);
        PrintStream out = terminal.out();
        out.println();
        List<String> parts = new ArrayList<>();
        part(parts, counts.packets, "packets");
        part(parts, counts.tcp, "of TCP");
        add(parts, counts.repeated, "repeated");
        add(parts, counts.early, "out of order");
        add(parts, counts.cut, "cut short");
        add(parts, counts.fragments, "IP fragments");
        add(parts, counts.unreadable, "unreadable");
        add(parts, counts.unknownLinks, "of an unknown link layer");
        add(parts, counts.otherPorts, "of other connections");
        add(parts, counts.gaps, "gaps");
        add(parts, counts.evicted, "connections forgotten");
        out.println(String.join("   ", parts));
        counts.stops().forEach((reason, count) -> out.println(Terminal.grouped(count) + " connections " + reason));
        out.flush();
    }

    private static void add(List<String> parts, long count, String what) {
        if (count > 0) {
            part(parts, count, what);
        }
    }

    private static void part(List<String> parts, long count, String what) {
        parts.add(Terminal.grouped(count) + " " + what);
    }
}
