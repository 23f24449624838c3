package dev.weir.proxy;

import java.io.IOException;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Shows a usage table each second: on a terminal in place, elsewhere a line a second. On the thread that calls. */
final class LiveView {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);
    private static final int ROOM_FOR_TABLE = 12;
    private static final String HOME = "\u001b[H";
    private static final String CLEAR_LINE = "\u001b[K";
    private static final String CLEAR_REST = "\u001b[J";
    private static final String CLEAR_ALL = "\u001b[2J";
    private static final String HIDE_CURSOR = "\u001b[?25l";
    private static final String SHOW_CURSOR = "\u001b[?25h";

    /**
     * What is shown.
     *
     * @param notes lines above the table
     * @param connections client connections open now
     * @param table sorted
     */
    record Frame(List<String> notes, long connections, UsageTable table) {}

    /** Gets what is to be shown. */
    @FunctionalInterface
    interface Frames {
        Frame next() throws IOException;
    }

    private final Terminal terminal;
    private final Frames frames;
    private final boolean interactive;
    private volatile Terminal.Size size = new Terminal.Size(24, 120);
    private long callsBefore = -1;

    LiveView(Terminal terminal, Frames frames, boolean interactive) {
        this.terminal = terminal;
        this.frames = frames;
        this.interactive = interactive;
    }

    /** Shows until {@code end} completes or {@code limit} has passed (zero: no limit). */
    void run(CompletableFuture<Void> end, Duration limit) throws IOException, InterruptedException {
        long until = System.nanoTime() + limit.toNanos();
        if (interactive) {
            size = Terminal.size();
            Signals.on("WINCH", () -> size = Terminal.size());
            terminal.out().print(CLEAR_ALL + HIDE_CURSOR);
        }
        try {
            boolean over = false;
            while (!over) {
                Frame frame = frames.next();
                terminal.out().print(interactive ? screen(frame) : line(frame));
                terminal.out().flush();
                long left = limit.isZero() ? Long.MAX_VALUE : until - System.nanoTime();
                over = left <= 0 || ended(end, Math.min(left, 1_000_000_000L));
            }
        } finally {
            if (interactive) {
                terminal.out().print(SHOW_CURSOR);
                terminal.out().flush();
            }
        }
    }

    private static boolean ended(CompletableFuture<Void> end, long nanos) throws InterruptedException {
        try {
            end.get(nanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return true;
        }
    }

    private String screen(Frame frame) {
        List<String> lines = new ArrayList<>(frame.notes());
        if (lines.size() > size.rows() - ROOM_FOR_TABLE) {
            lines.removeIf(String::isBlank);
        }
        lines.add(totals(frame));
        lines.add("");
        lines.add(TableText.head(frame.table().by()));
        lines.addAll(TableText.lines(frame.table(), size.rows() - lines.size() - 1, manyListeners(frame)));
        StringBuilder screen = new StringBuilder(HOME);
        for (String line : lines) {
            screen.append(line, 0, Math.min(line.length(), size.columns()))
                    .append(CLEAR_LINE)
                    .append('\n');
        }
        return screen.append(CLEAR_REST).toString();
    }

    private static boolean manyListeners(Frame frame) {
        return frame.table().rows().stream().map(UsageRow::listener).distinct().count() > 1;
    }

    private static String totals(Frame frame) {
        double rate =
                frame.table().rows().stream().mapToDouble(UsageRow::perSecond).sum();
        long errors = frame.table().rows().stream().mapToLong(UsageRow::errors).sum();
        long calls = calls(frame);
        return Terminal.grouped(frame.connections()) + " connections   " + Terminal.grouped(calls) + " calls   "
                + TableText.rate(rate) + " calls/s   " + Terminal.grouped(errors) + " errors";
    }

    private static long calls(Frame frame) {
        return frame.table().rows().stream().mapToLong(UsageRow::calls).sum();
    }

    /** The time of day, as lines begin with it. */
    static String now() {
        return LocalTime.now(ZoneId.systemDefault()).format(TIME);
    }

    /** The one-line form: time, connections, calls in this second, errors, what took most of the time. */
    private String line(Frame frame) {
        long calls = calls(frame);
        long more = callsBefore < 0 ? calls : calls - callsBefore;
        callsBefore = calls;
        long errors = frame.table().rows().stream().mapToLong(UsageRow::errors).sum();
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT,
                "%s  connections %d  calls %d (+%d)  errors %d ",
                now(),
                frame.connections(),
                calls,
                Math.max(0, more),
                errors));
        for (UsageRow row : frame.table().rows().stream().limit(3).toList()) {
            line.append(String.format(
                    Locale.ROOT,
                    "  %s %.0f%% p99 %s",
                    TableText.printable(row.key()),
                    row.share() * 100,
                    TableText.micros(row.p99())));
        }
        return line.append('\n').toString();
    }

    /** Prints the whole table once, for the end. */
    static void summary(Terminal terminal, Frame frame, int most) {
        terminal.out().println();
        terminal.out().println(totals(frame));
        terminal.out().println();
        terminal.out().println(TableText.head(frame.table().by()));
        TableText.lines(frame.table(), most, manyListeners(frame)).forEach(terminal.out()::println);
        int left = frame.table().rows().size() - most;
        if (left > 0) {
            terminal.out().println("… and " + left + " more");
        }
        terminal.out().flush();
    }
}
