package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
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
 * A short run of the fuzzer, in a JVM of its own, from the recorded conversations on, and from some statements. A long one: {@code mvn test -pl
 * filter-mysql -am -Dtest=MysqlFuzzTest -Dsurefire.failIfNoSpecifiedTests=false -Dweir.fuzz.seconds=3600}.
 */
@Tag("slow")
final class MysqlFuzzTest {
    private static final int SECONDS = Integer.getInteger("weir.fuzz.seconds", 10);

    @TempDir
    private Path folder;

    private Path corpus() throws IOException {
        return Files.createDirectory(folder.resolve("corpus"));
    }

    @Test
    void nothingEscapesAndNothingIsKept() throws Exception {
        Path corpus = corpus();
        MysqlFuzz.seeds(corpus, MysqlSnifferTest.recorded(), MysqlFuzz.RAW);

        fuzz(MysqlFuzz.class, corpus, SECONDS);
    }

    /** A third of the time: its inputs are small. */
    @Test
    void anyBytesAreSql() throws Exception {
        Path corpus = corpus();
        SqlFuzz.seeds(corpus);

        fuzz(SqlFuzz.class, corpus, Math.max(1, SECONDS / 3));
    }

    @Test
    void theGateChangesOnlyWhatItRefuses() throws Exception {
        Path corpus = corpus();
        GateFuzz.seeds(
                corpus,
                MysqlSnifferTest.recorded().stream()
                        .filter(script -> script.name().endsWith("-mysql97"))
                        .toList());

        fuzz(GateFuzz.class, corpus, Math.max(1, SECONDS / 3));
    }

    private void fuzz(Class<?> target, Path corpus, int seconds) throws Exception {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        assumeTrue(system.contains("linux") || system.contains("mac"), "Jazzer has a library for Linux and macOS");
        Path output = folder.resolve("output");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "com.code_intelligence.jazzer.Jazzer",
                "--target_class=" + target.getName(),
                "--instrumentation_includes=dev.weir.mysql.**:dev.weir.core.sql.**:dev.weir.core.compress.**:dev.weir.core.protocol.**",
                "--reproducer_path=" + folder,
                "--custom_hook_excludes=io.netty.**", // Jazzer's own for Unsafe fail there
                "-artifact_prefix=" + folder + "/",
                "-max_total_time=" + seconds,
                "-max_len=16384",
                "-rss_limit_mb=3000",
                corpus.toString()));

        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(seconds + 300L, TimeUnit.SECONDS);
        process.destroyForcibly();

        List<String> lines = Files.readAllLines(output);
        String last = String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
        assertThat(ended).as(last).isTrue();
        assertThat(process.exitValue()).as(last).isZero();
        assertThat(last).contains("Done ");
    }
}
