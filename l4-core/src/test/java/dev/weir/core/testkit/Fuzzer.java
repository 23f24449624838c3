package dev.weir.core.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Runs Jazzer on a target in a JVM of its own, which must have it on its class path, and fails with its last lines if it finds something. */
public final class Fuzzer {
    /** Seconds of a run; {@code -Dweir.fuzz.seconds=3600} makes it a long one. */
    public static final int SECONDS = Integer.getInteger("weir.fuzz.seconds", 10);

    /** What starting, and minimizing what was found, may take beside. */
    private static final int BESIDE = 300;

    private static final int SHOWN = 60;

    private final Class<?> target;
    private final String instrumented;
    private final int mostBytes;

    /**
     * @param target has a {@code fuzzerTestOneInput}
     * @param instrumented patterns of the classes whose branches guide it, with colons between them
     * @param mostBytes longest input
     */
    public Fuzzer(Class<?> target, String instrumented, int mostBytes) {
        this.target = target;
        this.instrumented = instrumented;
        this.mostBytes = mostBytes;
    }

    /**
     * Runs it. Skips the test where Jazzer has no native library.
     *
     * @param folder an empty one: gets its output, and the inputs that fail
     * @param seeds writes what it begins with into a folder
     * @param seconds how long it looks
     */
    public void run(Path folder, Seeds seeds, int seconds) throws IOException, InterruptedException {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        assumeTrue(system.contains("linux") || system.contains("mac"), "Jazzer has a library for Linux and macOS");
        Path corpus = Files.createDirectory(folder.resolve("corpus"));
        seeds.write(corpus);
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command(folder, corpus, seconds))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(seconds + BESIDE, TimeUnit.SECONDS);
        process.destroyForcibly();

        List<String> lines = Files.readAllLines(output);
        String last = String.join("\n", lines.subList(Math.max(0, lines.size() - SHOWN), lines.size()));
        assertThat(ended).as(last).isTrue();
        assertThat(process.exitValue()).as(last).isZero();
        assertThat(last).contains("Done ");
    }

    private List<String> command(Path folder, Path corpus, int seconds) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target.getName(),
                "--instrumentation_includes=" + instrumented,
                "--reproducer_path=" + folder,
                "--custom_hook_excludes=io.netty.**", // Jazzer's own for Unsafe fail there
                "-artifact_prefix=" + folder + "/",
                "-max_total_time=" + seconds,
                "-max_len=" + mostBytes,
                "-rss_limit_mb=3000",
                corpus.toString());
    }

    /** Inputs to begin with. */
    @FunctionalInterface
    public interface Seeds {
        /** Writes a file for each. */
        void write(Path folder) throws IOException;
    }
}
