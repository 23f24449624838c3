package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** The program in a process of its own, for signals, standard output and exit codes. */
final class WeirProcess implements AutoCloseable {
    private static final long SECONDS = 180;
    private static final long JOIN_MILLIS = 30_000;

    private final Process process;
    private final List<String> out = new ArrayList<>();
    private final List<String> err = new ArrayList<>();
    private final Thread outReader;
    private final Thread errReader;

    private WeirProcess(Process process) {
        this.process = process;
        this.outReader = reader(process.getInputStream(), out);
        this.errReader = reader(process.getErrorStream(), err);
    }

    static WeirProcess start(String... arguments) throws IOException {
        return start(System.getProperty("java.class.path"), Map.of(), arguments);
    }

    /** Starts it with another class path, and with {@code environment} besides that of the tests. */
    static WeirProcess start(String classPath, Map<String, String> environment, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-cp",
                classPath,
                Main.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("TERM", "dumb");
        builder.environment().putAll(environment);
        return new WeirProcess(builder.start());
    }

    private static Thread reader(InputStream in, List<String> lines) {
        Thread thread = new Thread(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    synchronized (lines) {
                        lines.add(line);
                        lines.notifyAll();
                    }
                }
            } catch (IOException e) {
                // The process is gone.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** Waits for a line on standard error that contains {@code text}, and returns it. */
    String awaitErr(String text) throws InterruptedException {
        return await(err, text);
    }

    /** Waits for a line on standard output that contains {@code text}, and returns it. */
    String awaitOut(String text) throws InterruptedException {
        return await(out, text);
    }

    private String await(List<String> lines, String text) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (true) {
            boolean alive = process.isAlive();
            if (!alive) {
                joinReaders(); // what it said last may not have been read yet
            }
            synchronized (lines) {
                for (String line : lines) {
                    if (line.contains(text)) {
                        return line;
                    }
                }
                long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                assertThat(alive && left > 0)
                        .as("alive, and time to wait for \"%s\"; standard output %s, standard error %s", text, out, err)
                        .isTrue();
                lines.wait(Math.min(left, 500));
            }
        }
    }

    private void joinReaders() throws InterruptedException {
        outReader.join(JOIN_MILLIS);
        errReader.join(JOIN_MILLIS);
    }

    /** Where a listener, or {@code admin}, was said to listen. */
    Address address(String listener) throws InterruptedException {
        boolean admin = listener.equals("admin");
        String line = awaitErr(admin ? "admin server on http://" : listener + " listens on ");
        String address = line.substring(line.lastIndexOf(' ') + 1);
        return Address.parse(admin ? address.substring("http://".length(), address.length() - 1) : address);
    }

    /** What it reads from standard input. */
    OutputStream in() {
        return process.getOutputStream();
    }

    void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
        assertThat(kill.waitFor()).isZero();
    }

    int exitCode() throws InterruptedException {
        assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS))
                .as("ended; standard error %s", err)
                .isTrue();
        joinReaders();
        return process.exitValue();
    }

    List<String> out() {
        synchronized (out) {
            return List.copyOf(out);
        }
    }

    List<String> err() {
        synchronized (err) {
            return List.copyOf(err);
        }
    }

    long pid() {
        return process.pid();
    }

    /** Waits for {@code condition}. */
    static void await(BooleanSupplier condition) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time to wait").isLessThan(until);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
