package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A short run of the fuzzer, in a JVM of its own, from the recorded conversations on. A long one: {@code mvn test -pl
 * filter-mongo -am -Dtest=MongoFuzzTest -Dsurefire.failIfNoSpecifiedTests=false -Dweir.fuzz.seconds=3600}.
 */
@Tag("slow")
final class MongoFuzzTest {
    private static final int SECONDS = Integer.getInteger("weir.fuzz.seconds", 10);

    @Test
    void nothingEscapesAndNothingIsKept(@TempDir Path folder) throws Exception {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        assumeTrue(system.contains("linux") || system.contains("mac"), "Jazzer has a library for Linux and macOS");
        Path corpus = Files.createDirectory(folder.resolve("corpus"));
        MongoFuzz.seeds(corpus, MongoSnifferTest.recorded());
        Path output = folder.resolve("output");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + MongoFuzz.class.getName(),
                "--instrumentation_includes=dev.weir.mongo.**:dev.weir.core.compress.**",
                "--reproducer_path=" + folder,
                "-artifact_prefix=" + folder + "/",
                "-max_total_time=" + SECONDS,
                "-max_len=16384",
                "-rss_limit_mb=3000",
                corpus.toString()));

        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(SECONDS + 120L, TimeUnit.SECONDS);
        process.destroyForcibly();

        List<String> lines = Files.readAllLines(output);
        String last = String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
        assertThat(ended).as(last).isTrue();
        assertThat(process.exitValue()).as(last).isZero();
        assertThat(last).contains("Done ");
    }
}
