package dev.weir.core.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ConfigException;
import dev.weir.core.config.ProxyConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may connect to a listener on a Unix socket. */
class SocketModeTest {
    @TempDir
    Path folder;

    private static ProxyConfig config(String address, Object mode) {
        return ProxyConfig.of(Map.of(
                "listeners",
                List.of(Map.of(
                        "name",
                        "l",
                        "address",
                        address,
                        "socket_mode",
                        mode,
                        "filters",
                        List.of(Map.of("type", "echo"))))));
    }

    @Test
    void aSocketHasTheModeAlsoAfterAReload() throws Exception {
        Path socket = folder.resolve("s");
        try (Proxy proxy = Proxy.builder().start(config("unix:" + socket, "0660"))) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-rw----");

            proxy.apply(config("unix:" + socket, "777"));

            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rwxrwxrwx");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unix:/s|999|\"999\" (expected: three octal digits, as in \"0660\")",
                "unix:/s|rw|\"rw\" (expected: three octal digits, as in \"0660\")",
                "127.0.0.1:0|660|without a Unix socket (expected: address: unix:/path)"
            })
    void otherModesAreRefused(String address, String mode, String problem) {
        assertThatThrownBy(() -> config(address, mode))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("listeners[0].socket_mode: " + problem);
    }
}
