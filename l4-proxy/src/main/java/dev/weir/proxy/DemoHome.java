package dev.weir.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The one temporary folder of the demo, and the processes that live in it. When it is closed, or the JVM ends, the
 * processes are killed and the folder is removed; nothing is started or written from then on. Where Linux can do so, it
 * kills the processes also when the JVM itself is killed; the folder is left over then. For any thread.
 */
final class DemoHome implements AutoCloseable {
    private static final int CHUNK = 1 << 16;
    private static final long KILL_SECONDS = 10;
    /** For what takes no time at all, unless the machine is busy. */
    private static final long SHORT_SECONDS = 20;

    private final Path folder;
    private final List<String> bound = bound();
    private final List<Process> processes = new ArrayList<>();
    private final List<Runnable> ends = new ArrayList<>();
    private final Thread hook = new Thread(this::end, "demo-end");
    private volatile boolean closed;

    private DemoHome(Path folder) {
        this.folder = folder;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    static DemoHome create() throws IOException {
        return new DemoHome(Files.createTempDirectory("weir-demo-").toRealPath());
    }

    /** The prefix that binds the life of a process to the thread that starts it; empty if there is no such program. */
    private static List<String> bound() {
        List<String> prefix = List.of("setpriv", "--pdeathsig", "KILL");
        try {
            Process test = new ProcessBuilder(
                            Stream.concat(prefix.stream(), Stream.of("true")).toList())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return test.waitFor(SHORT_SECONDS, TimeUnit.SECONDS) && test.exitValue() == 0 ? prefix : List.of();
        } catch (IOException e) {
            return List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    /** A new folder in it. */
    synchronized Path folder(String name) throws IOException {
        requireOpen();
        return Files.createTempDirectory(folder, name + "-");
    }

    /** Writes all of {@code in} to a file in it, whose folder is made; gives up when the demo ends. */
    synchronized void write(Path file, InputStream in) throws IOException {
        requireOpen();
        Files.createDirectories(file.getParent());
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] chunk = new byte[CHUNK];
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                requireOpen();
                out.write(chunk, 0, read);
            }
        }
    }

    /** Starts a process without standard input that lives as long as the demo at most. */
    synchronized Process start(Path in, Path log, List<String> command) throws IOException {
        requireOpen();
        List<String> whole = new ArrayList<>(bound);
        whole.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(whole)
                .directory(in.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(log.toFile());
        builder.environment().put("TMPDIR", folder.toString());
        CompletableFuture<Process> started = new CompletableFuture<>();
        // A thread for each: Linux takes the end of the thread that started a process for the end of its parent.
        Thread thread = new Thread(() -> attend(builder, started), "demo-process");
        thread.setDaemon(true);
        thread.start();
        try {
            Process process = started.join();
            processes.add(process);
            return process;
        } catch (CompletionException e) {
            throw new IOException(e.getCause() == null ? e : e.getCause());
        }
    }

    /** Runs {@code end} when the demo ends: for what lives in this process. */
    synchronized void onEnd(Runnable end) throws IOException {
        requireOpen();
        ends.add(end);
    }

    private static void attend(ProcessBuilder builder, CompletableFuture<Process> started) {
        try {
            Process process = builder.start();
            started.complete(process);
            process.waitFor();
        } catch (IOException | RuntimeException e) {
            started.completeExceptionally(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("the demo ends");
        }
    }

    /** The first of {@code names} on the path, or in the folders where servers are installed beside it. */
    static @Nullable Path find(String... names) {
        String path = System.getenv("PATH");
        for (String name : names) {
            for (String entry : (path == null ? "" : path).split(":", -1)) {
                if (!entry.startsWith("/")) {
                    continue;
                }
                Path bin = Path.of(entry);
                for (Path folder : List.of(bin, bin.resolveSibling("sbin"), bin.resolveSibling("libexec"))) {
                    Path file = folder.resolve(name);
                    if (Files.isExecutable(file)) {
                        return file;
                    }
                }
            }
        }
        return null;
    }

    /** A port of 127.0.0.1 that is free at this moment. */
    static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    /** The last line of {@code log} that says something. */
    static String lastLine(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log, StandardCharsets.ISO_8859_1).stream()
                .filter(line -> !line.isBlank())
                .toList();
        return lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1).strip();
    }

    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending: the hook runs, or has run.
        }
    }

    private void end() {
        closed = true;
        synchronized (this) {
            ends.forEach(Runnable::run);
            ends.clear();
            processes.forEach(DemoHome::kill);
            processes.clear();
            delete(folder);
        }
    }

    /** Ends a process with all that it started, at once: nothing that they hold is kept. */
    static void kill(Process process) {
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroyForcibly);
        try {
            process.waitFor(KILL_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Removes what a failed attempt left. */
    static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            // A temporary folder: the system clears it some time.
        }
    }
}
