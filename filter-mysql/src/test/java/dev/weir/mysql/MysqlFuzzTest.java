package dev.weir.mysql;

import dev.weir.core.testkit.Fuzzer;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A short run of the fuzzer, in a JVM of its own, from the recorded conversations on, and from some statements. A long one: {@code mvn test -pl
 * filter-mysql -am -Dtest=MysqlFuzzTest -Dsurefire.failIfNoSpecifiedTests=false -Dweir.fuzz.seconds=3600}.
 */
@Tag("slow")
final class MysqlFuzzTest {
    private static final String INSTRUMENTED =
            "dev.weir.mysql.**:dev.weir.core.sql.**:dev.weir.core.compress.**:dev.weir.core.protocol.**";

    /** Of what has small inputs only. */
    private static final int FEWER_SECONDS = Math.max(1, Fuzzer.SECONDS / 3);

    private static final int MOST_BYTES = 16_384;

    @TempDir
    private Path folder;

    @Test
    void nothingEscapesAndNothingIsKept() throws Exception {
        new Fuzzer(MysqlFuzz.class, INSTRUMENTED, MOST_BYTES)
                .run(
                        folder,
                        corpus -> MysqlFuzz.seeds(corpus, MysqlSnifferTest.recorded(), MysqlFuzz.RAW),
                        Fuzzer.SECONDS);
    }

    @Test
    void anyBytesAreSql() throws Exception {
        new Fuzzer(SqlFuzz.class, INSTRUMENTED, MOST_BYTES).run(folder, SqlFuzz::seeds, FEWER_SECONDS);
    }

    @Test
    void theGateChangesOnlyWhatItRefuses() throws Exception {
        new Fuzzer(GateFuzz.class, INSTRUMENTED, MOST_BYTES)
                .run(
                        folder,
                        corpus -> GateFuzz.seeds(
                                corpus,
                                MysqlSnifferTest.recorded().stream()
                                        .filter(script -> script.name().endsWith("-mysql97"))
                                        .toList()),
                        FEWER_SECONDS);
    }
}
