package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A short run of the fuzzer, in a JVM of its own, from the vectors of the conformance test on. A long one: {@code mvn test -pl filter-http -am -Dtest=Http1FuzzTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dweir.fuzz.seconds=3600}.
 */
class Http1FuzzTest {
    private static final int SECONDS = Integer.getInteger("weir.fuzz.seconds", 10);

    @TempDir
    private Path folder;

    /** Those that the fuzzer begins with, where there is no fuzzer. */
    @Test
    void vectorsAreReadInOneWay() {
        for (Http1Vectors.Vector vector : Http1Vectors.all()) {
            for (int piece = 1; piece < 40; piece += 3) {
                Http1Fuzz.fuzzerTestOneInput(
                        ((char) piece + "\u0000" + vector.bytes()).getBytes(StandardCharsets.ISO_8859_1));
            }
        }
    }

    @Test
    @Tag("slow")
    void whateverComesIsReadInOneWay() throws Exception {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        assumeTrue(system.contains("linux") || system.contains("mac"), "Jazzer has a library for Linux and macOS");
        Path corpus = Files.createDirectory(folder.resolve("corpus"));
        Http1Fuzz.seeds(corpus);
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx1g",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        "com.code_intelligence.jazzer.Jazzer",
                        "--target_class=" + Http1Fuzz.class.getName(),
                        "--instrumentation_includes=dev.weir.http.**:io.netty.handler.codec.http.**",
                        "--reproducer_path=" + folder,
                        "--custom_hook_excludes=io.netty.**", // Jazzer's own for Unsafe fail there
                        "-artifact_prefix=" + folder + "/",
                        "-max_total_time=" + SECONDS,
                        "-max_len=4096",
                        "-rss_limit_mb=3000",
                        corpus.toString()))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(SECONDS + 300L, TimeUnit.SECONDS);
        process.destroyForcibly();

        List<String> lines = Files.readAllLines(output);
        String last = String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
        assertThat(ended).as(last).isTrue();
        assertThat(process.exitValue()).as(last).isZero();
        assertThat(last).contains("Done ");
    }
}
