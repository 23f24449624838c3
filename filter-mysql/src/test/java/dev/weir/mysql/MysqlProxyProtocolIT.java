package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** MariaDB sees whom its clients are, through two proxies in a row; its protocol is one in which the server speaks first. */
final class MysqlProxyProtocolIT {
    static List<MysqlInstallation> servers() {
        // MySQL does not know the PROXY protocol.
        return MysqlInstallation.available().stream()
                .filter(MysqlInstallation::isMariadb)
                .toList();
    }

    private static Map<String, ?> listener(String name, String proxyProtocol) {
        return Map.of(
                "name",
                name,
                "address",
                "127.0.0.1:0",
                "proxy_protocol",
                proxyProtocol,
                "filters",
                List.of(Map.of("type", "mysql_stats"), Map.of("type", "tcp_proxy", "cluster", name)));
    }

    private static Proxy start(String name, String in, String endpoint, String out) {
        return Proxy.builder()
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        1,
                        "listeners",
                        List.of(listener(name, in)),
                        "clusters",
                        List.of(Map.of("name", name, "endpoints", List.of(endpoint), "proxy_protocol", out)))));
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void theServerSeesTheClientsAddress(MysqlInstallation installation) throws Exception {
        try (MysqlServer server = MysqlServer.start(installation, "--proxy-protocol-networks=127.0.0.1");
                Proxy back = start("back", "required", "127.0.0.1:" + server.port(), "v2");
                Proxy front = start("front", "optional", back.address("back").toString(), "v1");
                Connection client = DriverManager.getConnection(
                        "jdbc:mariadb://" + front.address("front")
                                + "/test?sslMode=disable&localSocketAddress=127.0.0.77",
                        MysqlServer.USER,
                        MysqlServer.PASSWORD);
                Statement statement = client.createStatement();
                ResultSet result = statement.executeQuery("SELECT USER()")) {
            result.next();

            assertThat(result.getString(1)).isEqualTo(MysqlServer.USER + "@127.0.0.77");
        }
    }
}
