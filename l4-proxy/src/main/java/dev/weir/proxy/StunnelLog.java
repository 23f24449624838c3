package dev.weir.proxy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The log of stunnel: {@code 2026.11.30 21:52:19 LOG5[ui]: text}, on standard error, in a file and to syslog. What is said before the configuration is known
 * is kept: it comes in this form once the configuration is good, or with a mark for its level on standard error where it is not. Each line is out
 * when {@link #log} returns. From any thread.
 */
final class StunnelLog implements AutoCloseable {
    static final int EMERGENCY = 0;
    static final int ERROR = 3;
    static final int WARNING = 4;
    static final int NOTICE = 5;
    static final int INFO = 6;
    static final int DEBUG = 7;

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy.MM.dd HH:mm:ss", Locale.ROOT);
    private static final List<String> MARKS = List.of("[!]", "[!]", "[!]", "[!]", "[:]", "[.]", "[ ]", "[ ]");
    private static final int MOST_EARLY = 10_000;

    private final PrintStream standardError;
    private final ZoneId zone = ZoneId.systemDefault();
    private @Nullable List<Line> early = new ArrayList<>();
    private Settings settings = new Settings(NOTICE, true, null, false, null);
    private @Nullable OutputStream file;
    private @Nullable Syslog syslog;

    private record Line(int level, String text) {}

    /**
     * Where it goes.
     *
     * @param level lines above it are left out
     * @param standardError whether it goes there
     * @param file a file, or null
     * @param overwrite whether the file is begun anew each time that it is opened
     * @param syslog what syslog is told, or null
     */
    record Settings(
            int level,
            boolean standardError,
            @Nullable Path file,
            boolean overwrite,
            @Nullable Syslog syslog) {
        /** From what a file says of the process. */
        static Settings of(Map<String, String> process, boolean inetd) {
            String foreground = process.getOrDefault("foreground", "no").toLowerCase(Locale.ROOT);
            String output = process.getOrDefault("output", "");
            boolean toSyslog = !"no".equalsIgnoreCase(process.getOrDefault("syslog", "yes")) && Syslog.isThere();
            return new Settings(
                    Integer.parseInt(process.getOrDefault("debug", String.valueOf(NOTICE))),
                    foreground.equals("yes") && !(inetd && process.get("foreground") == null),
                    output.isEmpty() ? null : Path.of(output),
                    "overwrite".equalsIgnoreCase(process.getOrDefault("log", "append")),
                    toSyslog
                            ? new Syslog(
                                    process.getOrDefault("service", "stunnel"),
                                    process.getOrDefault("facility", "daemon"))
                            : null);
        }
    }

    StunnelLog(PrintStream standardError) {
        this.standardError = standardError;
    }

    /** Other settings from here on, but that standard error stays as it was at the start: {@code foreground} is not read anew. */
    synchronized void change(Map<String, String> process) throws IOException {
        Settings next = Settings.of(process, false);
        open(new Settings(next.level, settings.standardError, next.file, next.overwrite, next.syslog));
    }

    /** The configuration is good: what was kept goes where it says, as all that follows. */
    synchronized void open(Settings wanted) throws IOException {
        OutputStream next = wanted.file == null ? null : open(wanted.file, wanted.overwrite);
        closeFile();
        settings = wanted;
        file = next;
        syslog = wanted.syslog;
        List<Line> kept = early;
        early = null;
        if (kept != null) {
            kept.forEach(line -> log(line.level, "ui", line.text));
        }
    }

    /** It is not: what was kept is told. Nothing happens where the log is open. */
    synchronized void failed() {
        List<Line> kept = early;
        if (kept != null) {
            early = new ArrayList<>();
            kept.forEach(line -> standardError.println(MARKS.get(line.level) + " " + line.text));
            standardError.flush();
        }
    }

    /** Whether lines of a level are written. */
    synchronized boolean writes(int level) {
        return level <= settings.level;
    }

    /** Writes a line of the process. */
    void log(int level, String text) {
        log(level, "ui", text);
    }

    /** Writes a line. {@code id} says of which connection; or {@code ui}. */
    void log(int level, String id, String text) {
        log(level, -1, id, text);
    }

    /** The same for a service that has a level of its own; -1 if it has none. */
    synchronized void log(int level, int most, String id, String text) {
        boolean plain = text.chars().allMatch(c -> c >= ' ' && c != 0x7f);
        String clean = plain ? text : text.replaceAll("\\p{Cntrl}", " "); // Peers choose parts of it.
        if (early != null) {
            if (early.size() < MOST_EARLY) {
                early.add(new Line(level, clean));
            }
            return;
        }
        if (level > (most < 0 ? settings.level : most)) {
            return;
        }
        String head = "LOG" + level + "[" + id + "]: ";
        if (settings.standardError || file != null) {
            write(TIME.format(LocalDateTime.now(zone)) + " " + head + clean + "\n");
        }
        if (syslog != null) {
            syslog.send(level, head + clean);
        }
    }

    private void write(String line) {
        if (settings.standardError) {
            standardError.print(line);
            standardError.flush();
        }
        OutputStream to = file;
        if (to != null) {
            try {
                to.write(line.getBytes(StandardCharsets.UTF_8));
                to.flush();
            } catch (IOException e) {
                // The disk is full: the next line may fit again.
            }
        }
    }

    private static OutputStream open(Path path, boolean overwrite) throws IOException {
        boolean regular = !Files.exists(path) || Files.isRegularFile(path);
        OpenOption how = overwrite && regular ? StandardOpenOption.TRUNCATE_EXISTING : StandardOpenOption.APPEND;
        try {
            return regular
                    ? Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, how)
                    : Files.newOutputStream(path, StandardOpenOption.WRITE); // a terminal or a pipe: /dev/stdout
        } catch (IOException e) {
            throw new IOException("Cannot open log file: " + path + ": " + e.getMessage(), e);
        }
    }

    /** Opens the file anew: it may have been moved away. */
    synchronized void reopen() throws IOException {
        if (settings.file != null) {
            OutputStream next = open(settings.file, settings.overwrite);
            closeFile();
            file = next;
        }
    }

    private void closeFile() {
        OutputStream old = file;
        file = null;
        if (old != null) {
            try {
                old.close();
            } catch (IOException e) {
                // Each line was written by itself.
            }
        }
    }

    @Override
    public synchronized void close() {
        closeFile();
    }
}
