package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import dev.weir.mongo.MongoBed;
import dev.weir.mongo.MongoInstallation;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions of real MongoDB drivers: a capture of them tells what the proxy told while they ran. */
final class MongoReplayIT {
    /** What depends on where one stands, and when. Everything else has to be the same. */
    private static final Set<String> OWN =
            Set.of("time", "connection", "listener", "upstream", "cluster", "duration_us", "first_byte_us");

    private static final Set<String> OWN_ATTRIBUTES = Set.of("transaction_us");

    @TempDir
    Path folder;

    static List<@Nullable MongoInstallation> servers() {
        List<@Nullable MongoInstallation> servers = new ArrayList<>(MongoInstallation.available());
        servers.add(null);
        return servers;
    }

    @ParameterizedTest
    @MethodSource("servers")
    void findsInACaptureWhatTheProxySaw(@Nullable MongoInstallation installation) throws Exception {
        ReplayIT.needTcpdump();
        try (MongoBed bed = new MongoBed(installation);
                WeirProcess weir = sniff(bed)) {
            Address address = weir.address("mongodb");
            Path file = folder.resolve("mongo.pcap");
            List<String> lines;
            try (ReplayIT.Dump dump = dump(file, address.port())) {
                bed.talk(address.port());
                ReplayIT.awaitStill(List.of(file));
                weir.signal("INT");
                assertThat(weir.exitCode()).isZero();
                dump.end();
                lines = weir.out();
            }

            assertThat(lines)
                    .anyMatch(line -> line.contains("\"cursor_of\":\"find\""))
                    .anyMatch(line -> line.contains("\"compressor\":\"zlib\""))
                    .anyMatch(line -> line.contains("\"status\":\"error\""));
            if (installation != null) {
                assertThat(lines)
                        .anyMatch(line -> line.contains("\"transaction\":\"commit\""))
                        .anyMatch(line -> line.contains("\"command\":\"bulkWrite\""))
                        .anyMatch(line -> line.contains("\"status\":\"no_reply\""))
                        .anyMatch(line -> line.contains("\"command\":\"getMore\"") && line.contains("\"wait\":true"));
            }
            assertThat(byClient(replay(file))).isEqualTo(byClient(lines));
        }
    }

    private static WeirProcess sniff(MongoBed bed) throws Exception {
        return WeirProcess.start(
                "sniff",
                "mongodb",
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "127.0.0.1:" + bed.port(),
                "--json",
                "--statements",
                "--admin",
                "off");
    }

    private ReplayIT.Dump dump(Path file, int port) throws Exception {
        List<String> command = new ArrayList<>(List.of("tcpdump", "-n", "-s", "0", "-U", "-B", "65536", "-i", "lo"));
        command.addAll(List.of("-w", file.toString(), "tcp port " + port));
        return new ReplayIT.Dump(folder.resolve("tcpdump.log"), false, command);
    }

    private static List<String> replay(Path file) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = new Main(new Terminal(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        exit -> {}))
                .run("replay", file.toString(), "--protocol", "mongodb", "--json", "--statements");
        String said = err.toString(StandardCharsets.UTF_8);
        assertThat(code).as(said).isZero();
        assertThat(said).doesNotContain("gap", "gave_up", "warning");
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** By client, in order: what there is but for {@link #OWN}. */
    private static Map<String, List<String>> byClient(List<String> lines) throws Exception {
        Map<String, List<String>> all = new TreeMap<>();
        for (String line : lines) {
            Map<String, Object> shown = new TreeMap<>();
            for (Map.Entry<?, ?> field : ((Map<?, ?>) Json.read(line)).entrySet()) {
                String name = String.valueOf(field.getKey());
                if (!OWN.contains(name)) {
                    shown.put(name, field.getValue() instanceof Map<?, ?> some ? without(some) : field.getValue());
                }
            }
            all.computeIfAbsent(String.valueOf(shown.get("client")), client -> new ArrayList<>())
                    .add(shown.toString());
        }
        return all;
    }

    private static Map<String, Object> without(Map<?, ?> attributes) {
        Map<String, Object> kept = new TreeMap<>();
        attributes.forEach((name, value) -> {
            if (!OWN_ATTRIBUTES.contains(String.valueOf(name))) {
                kept.put(String.valueOf(name), value);
            }
        });
        return kept;
    }
}
