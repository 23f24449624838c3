package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What files of endpoints say, and what is said about those that cannot be used. */
class EndpointsFileTest {
    private static final List<Found> TWO = List.of(
            Found.of(new Address("10.0.0.5", 6379)),
            new Found(new Address("::1", 6380), "shard-1", 2, Map.of("zone", "a", "rack", "7")));

    @TempDir
    Path folder;

    private String file(String text) throws IOException {
        return Files.writeString(folder.resolve("e.yaml"), text).toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                """
                endpoints:
                  - 10.0.0.5:6379
                  - address: "[::1]:6380"
                    name: shard-1
                    weight: 2
                    metadata: { zone: a, rack: 7 }
                """,
                """
                - 10.0.0.5:6379
                - { address: "[::1]:6380", name: shard-1, weight: 2, metadata: { zone: a, rack: 7 } }
                """,
                "{\"endpoints\":[\"10.0.0.5:6379\",{\"address\":\"[::1]:6380\",\"name\":\"shard-1\",\"weight\":2,"
                        + "\"metadata\":{\"zone\":\"a\",\"rack\":\"7\"}}]}",
                """
                [\r
                \t"10.0.0.5:6379",\r
                \t{\r
                \t\t"address": "[::1]:6380",\r
                \t\t"name": "shard-1",\r
                \t\t"weight": 2,\r
                \t\t"metadata": {"zone": "a", "rack": 7}\r
                \t}\r
                ]\r
                """
            })
    void listsEndpointsAsAClusterDoes(String text) throws Exception {
        assertThat(EndpointsFile.read(file(text))).isEqualTo(new EndpointsFile(TWO, null));
    }

    static Stream<Arguments> mistakes() {
        String root = " (expected: a list of endpoints, or a map with endpoints)";
        return Stream.of(
                Arguments.of("", "empty" + root + " at 1:1"),
                Arguments.of("# nothing\n", "empty" + root + " at 1:1"),
                Arguments.of("10.0.0.5:6379\n", "neither a map nor a list" + root + " at 1:1"),
                Arguments.of("[]", "empty (expected: a list of addresses) at 1:1"),
                Arguments.of("endpoints: []\n", "endpoints: empty (expected: a list of addresses) at 1:1"),
                Arguments.of(
                        "endpoint: []\n",
                        "endpoint: unknown key (did you mean \"endpoints\"?) at 1:1; " + "endpoints: missing at 1:1"),
                Arguments.of(
                        "- a:1\n- { address: \"b\", weight: 0 }\n",
                        "[1].address: \"b\" (expected: host:port, [v6]:port or unix:/path) at 2:14; "
                                + "[1].weight: 0 (expected: a whole number, 1..1000000) at 2:27"),
                Arguments.of("- { weight: 2 }\n", "[0].address: missing at 1:3"),
                Arguments.of("- a:0\n", "[0]: \"a:0\" (expected: a port of 1..65535) at 1:3"),
                Arguments.of(
                        "- { address: a:1, metadata: { zone: [ a ] } }\n",
                        "[0].metadata.zone: a list (expected: a text) at 1:31"),
                Arguments.of("- { address: a:1, metadata: eu }\n", "[0].metadata: \"eu\" (expected: a map) at 1:29"),
                Arguments.of(
                        "- { address: a:1, name: x }\n- { address: b:1, name: x }\n",
                        "[1].name: \"x\" twice in a cluster (expected: a name of its own) at 2:25"),
                Arguments.of(
                        "[1, 2, 3, 4, 5, 6, 7]",
                        Stream.of(1, 2, 3, 4, 5)
                                        .map(n -> "[" + (n - 1) + "]: \"" + n
                                                + "\" (expected: host:port, [v6]:port or unix:/path) at 1:"
                                                + (3 * n - 1))
                                        .collect(java.util.stream.Collectors.joining("; "))
                                + "; and 2 more"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void saysWhatIsWrongAndWhere(String text, String problem) throws Exception {
        String name = file(text);

        EndpointsFile read = EndpointsFile.read(name);

        assertThat(read).isEqualTo(new EndpointsFile(List.of(), name + ": " + problem));
    }

    @Test
    void everyBeginningOfAFileIsReadOrRefused() throws Exception {
        String text = "{\"endpoints\": [\"10.0.0.5:6379\", {\"address\": \"[::1]:6380\", \"weight\": 2}]}";

        for (int length = 0; length < text.length(); length++) {
            EndpointsFile half = EndpointsFile.read(file(text.substring(0, length)));

            assertThat(half.endpoints()).isEmpty();
            assertThat(half.problem()).contains("e.yaml: ").doesNotContain("\n");
        }
    }

    @Test
    void refusesWhatIsNoTextFileOfAReasonableSize() throws Exception {
        String missing = folder.resolve("missing.yaml").toString();
        Path bytes = Files.write(folder.resolve("b.yaml"), new byte[] {'-', ' ', 'a', (byte) 0xff});
        Path large = Files.write(
                folder.resolve("l.yaml"), "#".repeat(TextFile.MAX_BYTES + 1).getBytes(StandardCharsets.US_ASCII));
        Path pipe = folder.resolve("p.yaml");
        Process made = new ProcessBuilder("mkfifo", pipe.toString()).start();
        assertThat(made.waitFor(60, TimeUnit.SECONDS)).isTrue();

        assertThat(EndpointsFile.read(missing).problem()).isEqualTo(missing + ": no such file");
        assertThat(EndpointsFile.read(folder.toString()).problem())
                .isEqualTo(folder + ": is a directory (expected: a YAML file)");
        assertThat(EndpointsFile.read(pipe.toString()).problem())
                .isEqualTo(pipe + ": not a regular file (expected: a YAML file)");
        assertThat(EndpointsFile.read(large.toString()).problem())
                .isEqualTo(large + ": too large (expected: at most 1MiB)");
        assertThat(EndpointsFile.read(bytes.toString()).problem())
                .isEqualTo(bytes + ": byte 0xFF is not UTF-8 (expected: text in UTF-8) at 1:4");
    }
}
