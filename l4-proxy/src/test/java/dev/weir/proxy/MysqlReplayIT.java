package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.Address;
import dev.weir.mysql.MysqlClients;
import dev.weir.mysql.MysqlInstallation;
import dev.weir.mysql.MysqlServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions of real MySQL clients: a capture of them tells what the proxy told while they ran. */
final class MysqlReplayIT {
    /** What depends on where one stands, and when. Everything else has to be the same. */
    private static final Set<String> OWN =
            Set.of("time", "connection", "listener", "upstream", "cluster", "duration_us", "first_byte_us", "queue_us");

    private static final Set<String> OWN_ATTRIBUTES = Set.of("transaction_us", "transaction_idle_us");

    @TempDir
    Path folder;

    static List<MysqlInstallation> servers() {
        return MysqlInstallation.available();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void findsInACaptureWhatTheProxySaw(MysqlInstallation installation) throws Exception {
        ReplayIT.needTcpdump();
        try (MysqlServer server = MysqlServer.start(installation);
                WeirProcess weir = sniff(server)) {
            Address address = weir.address("mysql");
            Path file = folder.resolve("mysql.pcap");
            List<String> lines;
            try (ReplayIT.Dump dump = dump(file, address.port())) {
                List<MysqlClients.Client> clients = MysqlClients.of(installation);
                for (MysqlClients.Client client : clients) {
                    client.session().run(installation, address.port());
                }
                ReplayIT.awaitStill(List.of(file));
                weir.signal("INT");
                assertThat(weir.exitCode()).isZero();
                dump.end();
                lines = weir.out();
                assertThat(byClient(lines)).hasSize(clients.size());
            }

            assertThat(lines)
                    .anyMatch(line -> line.contains("COM_STMT_EXECUTE"))
                    .anyMatch(line -> line.contains("COM_STMT_FETCH"))
                    .anyMatch(line -> line.contains("\"status\":\"error\""));
            assertThat(byClient(replay(file))).isEqualTo(byClient(lines));
        }
    }

    private static WeirProcess sniff(MysqlServer server) throws Exception {
        return WeirProcess.start(
                "sniff",
                "mysql",
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "127.0.0.1:" + server.port(),
                "--json",
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
                .run("replay", file.toString(), "--protocol", "mysql", "--json");
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
