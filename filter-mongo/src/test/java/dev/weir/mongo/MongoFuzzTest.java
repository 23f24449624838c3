package dev.weir.mongo;

import dev.weir.core.testkit.Fuzzer;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A short run of the fuzzer, in a JVM of its own, from the recorded conversations on. A long one: {@code mvn test -pl
 * filter-mongo -am -Dtest=MongoFuzzTest -Dsurefire.failIfNoSpecifiedTests=false -Dweir.fuzz.seconds=3600}.
 */
@Tag("slow")
final class MongoFuzzTest {
    @Test
    void nothingEscapesAndNothingIsKept(@TempDir Path folder) throws Exception {
        new Fuzzer(MongoFuzz.class, "dev.weir.mongo.**:dev.weir.core.compress.**", 16_384)
                .run(folder, corpus -> MongoFuzz.seeds(corpus, MongoSnifferTest.recorded()), Fuzzer.SECONDS);
    }
}
