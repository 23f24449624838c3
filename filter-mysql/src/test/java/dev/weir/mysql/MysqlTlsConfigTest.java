package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.testkit.FakeEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code mysql_tls} says to its configuration. */
final class MysqlTlsConfigTest {
    private static final Map<String, ?> TLS = Map.of("none", true);

    private static List<String> problems(Map<String, ?> settings) {
        ConfigErrors errors = new ConfigErrors();
        ConfigNode node = ConfigNode.of(settings, errors);
        new MysqlTlsFactory().configure(node, new TestTlsFilter.Environment(new FakeEnvironment()));
        node.rejectUnknown();
        return errors.problems().stream()
                .map(p -> p.path() + ": " + p.problem())
                .toList();
    }

    @Test
    void takesEitherSideOrBoth() {
        assertThat(problems(Map.of("client_tls", TLS))).isEmpty();
        assertThat(problems(Map.of("upstream_tls", TLS))).isEmpty();
        assertThat(problems(Map.of("upstream_tls", TLS, "client_tls", TLS, "upstream_mode", "as_client")))
                .isEmpty();
        assertThat(problems(Map.of()))
                .containsExactly(": neither client_tls nor upstream_tls (expected: at least one)");
    }

    @Test
    void wantsWhatBelongsTogether() {
        assertThat(problems(Map.of("upstream_tls", TLS, "require_client_tls", true)))
                .containsExactly("require_client_tls: true without client_tls (expected: both)");
        assertThat(problems(Map.of("client_tls", TLS, "upstream_mode", "preferred")))
                .containsExactly("upstream_mode: without upstream_tls (expected: both)");
        assertThat(problems(Map.of("upstream_tls", TLS, "upstream_mode", "as_client")))
                .containsExactly("upstream_mode: as_client without client_tls (expected: both)");
        assertThat(problems(Map.of("upstream_tls", TLS, "upstream_mode", "perhaps", "require_tls", true)))
                .hasSize(2)
                .anyMatch(p -> p.startsWith("upstream_mode: \"perhaps\""))
                .anyMatch(p -> p.startsWith("require_tls: unknown key"));
    }

    @Test
    void readsTheKeyAtOnce(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("no.key"), "nothing");

        assertThat(problems(Map.of("upstream_tls", TLS, "rsa_private_key", file.toString())))
                .singleElement()
                .asString()
                .contains("no PRIVATE KEY in PEM (expected: the file of an RSA private key");
        assertThat(problems(Map.of(
                        "upstream_tls",
                        TLS,
                        "rsa_private_key",
                        folder.resolve("absent").toString())))
                .singleElement()
                .asString()
                .contains("does not exist");
        assertThat(problems(Map.of("client_tls", TLS, "rsa_private_key", file.toString())))
                .anyMatch(p -> p.contains("without upstream_tls"));
    }
}
