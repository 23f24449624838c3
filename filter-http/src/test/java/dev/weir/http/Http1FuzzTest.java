package dev.weir.http;

import dev.weir.core.testkit.Fuzzer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A short run of the fuzzer, in a JVM of its own, from the vectors of the conformance test on. A long one: {@code mvn test -pl filter-http -am -Dtest=Http1FuzzTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dweir.fuzz.seconds=3600}.
 */
class Http1FuzzTest {
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

    /** Netty throws away what controls before a request line, as soon as it comes: in one piece with the line it is refused. */
    @Test
    void whatComesBeforeARequestIsReadInOneWay() {
        String request = "GET /seen HTTP/1.1\r\nHost: a\r\n\r\n";
        for (String before :
                List.of("\r", "\r\r\n", "\u0001", "\r\n", "\n", "\r\n\r\n", "\n\r", "\t", "\u007f", "\u0085")) {
            for (int piece = 0; piece < 64; piece++) {
                Http1Fuzz.fuzzerTestOneInput(((char) piece + "\u0000" + before + request + before + request)
                        .getBytes(StandardCharsets.ISO_8859_1));
            }
        }
    }

    @Test
    @Tag("slow")
    void whateverComesIsReadInOneWay() throws Exception {
        new Fuzzer(Http1Fuzz.class, "dev.weir.http.**:io.netty.handler.codec.http.**", 4_096)
                .run(folder, Http1Fuzz::seeds, Fuzzer.SECONDS);
    }
}
