package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.Exchange;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code mysql_tls} between drivers and real servers: client with and without TLS, server with and without. */
final class MysqlTlsIT {
    private static final TlsServers SERVERS = new TlsServers();

    /** Which sides are encrypted. */
    record Sides(boolean client, boolean upstream) {
        @Override
        public String toString() {
            return (client ? "TLS" : "plain") + " to " + (upstream ? "TLS" : "plain");
        }

        boolean uneven() {
            return client != upstream;
        }
    }

    static final List<Sides> ALL =
            List.of(new Sides(false, false), new Sides(false, true), new Sides(true, false), new Sides(true, true));

    @AfterAll
    static void stop() throws Exception {
        SERVERS.close();
    }

    static Stream<Arguments> combinations() {
        return MysqlInstallation.available().stream()
                .flatMap(server -> ALL.stream()
                        .flatMap(sides -> Stream.of("mysql", "mariadb").map(d -> Arguments.of(server, sides, d))));
    }

    /** A proxy with a listener {@code db}, and what it has seen. */
    record Through(Proxy proxy, Queue<Exchange> seen, SimpleMeterRegistry meters) implements AutoCloseable {
        static Through withAccess(TlsCertificates certificates, int server, boolean upstream) {
            return of("127.0.0.1:" + server, "127.0.0.1:0", settings(certificates, upstream), true);
        }

        /** Closes connections that it cannot read. */
        private static final Map<String, ?> ACCESS = Map.of(
                "type",
                "access",
                "protocol",
                "mysql",
                "rules",
                List.of(Map.of("action", "deny", "statements", "CHECKSUM")));

        static Through of(TlsCertificates certificates, int server, boolean upstream) {
            return of(server, settings(certificates, upstream));
        }

        private static Map<String, ?> settings(TlsCertificates certificates, boolean upstream) {
            return upstream
                    ? Map.of("client_tls", certificates.clients(), "upstream_tls", certificates.upstreams())
                    : Map.of("client_tls", certificates.clients());
        }

        /** {@code settings} of {@code mysql_tls}. */
        static Through of(int server, Map<String, ?> settings) {
            return of("127.0.0.1:" + server, settings);
        }

        static Through of(String server, Map<String, ?> settings) {
            return of(server, "127.0.0.1:0", settings);
        }

        static Through of(String server, String address, Map<String, ?> settings) {
            return of(server, address, settings, false);
        }

        private static Through of(String server, String address, Map<String, ?> settings, boolean access) {
            Map<String, ?> stats = Map.of("type", "mysql_stats");
            Map<String, ?> terminal = Map.of("type", "tcp_proxy", "cluster", "c");
            Map<String, Object> filter = new HashMap<>(settings);
            filter.put("type", "mysql_tls");
            Queue<Exchange> seen = new ConcurrentLinkedQueue<>();
            SimpleMeterRegistry meters = new SimpleMeterRegistry();
            Map<String, ?> listener = Map.of(
                    "name",
                    "db",
                    "address",
                    address,
                    "filters",
                    access ? List.of(filter, stats, ACCESS, terminal) : List.of(filter, stats, terminal));
            Proxy proxy = Proxy.builder()
                    .meters(meters)
                    .sink(loop -> exchange -> {
                        Exchange copy = new Exchange();
                        copy.copyFrom(exchange);
                        seen.add(copy);
                    })
                    .start(ProxyConfig.of(Map.of(
                            "event_loops",
                            1,
                            "listeners",
                            List.of(listener),
                            "clusters",
                            List.of(Map.of("name", "c", "endpoints", List.of(server))))));
            return new Through(proxy, seen, meters);
        }

        int port() {
            return proxy.address("db").port();
        }

        double count(String name, String... tags) {
            return meters.get(name).tags(tags).counter().count();
        }

        @Override
        public void close() {
            proxy.close();
        }
    }

    static String url(TlsCertificates certificates, String driver, int port, boolean secure) {
        if (driver.equals("mysql")) {
            return "jdbc:mysql://127.0.0.1:" + port + "/test?allowPublicKeyRetrieval=true&sslMode="
                    + (secure
                            ? "VERIFY_IDENTITY&trustCertificateKeyStoreUrl=file:" + certificates.file("ca.p12")
                                    + "&trustCertificateKeyStoreType=PKCS12&trustCertificateKeyStorePassword="
                                    + TlsCertificates.PASSWORD
                            : "DISABLED");
        }
        return "jdbc:mariadb://127.0.0.1:" + port + "/test?allowPublicKeyRetrieval=true&sslMode="
                + (secure ? "verify-full&serverSslCert=" + certificates.file("ca.pem") : "disable");
    }

    static String cipher(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SHOW SESSION STATUS LIKE 'Ssl_cipher'")) {
            row.next();
            return row.getString(2);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}, {2}")
    @MethodSource("combinations")
    void logsInWithAPasswordThatTheServerHasSeenOrNot(MysqlInstallation installation, Sides sides, String driver)
            throws Exception {
        MysqlServer server = SERVERS.of(installation);
        SERVERS.forgetPasswords(server);
        try (Through through = Through.withAccess(SERVERS.certificates(), server.port(), sides.upstream())) {
            String url = url(SERVERS.certificates(), driver, through.port(), sides.client());
            for (int i = 0; i < 2; i++) { // the second time from the server's cache
                try (Connection connection = DriverManager.getConnection(url, MysqlServer.USER, MysqlServer.PASSWORD)) {
                    assertThat(cipher(connection)).matches(sides.upstream() ? ".+" : "");
                    assertThatThrownBy(() -> connection.createStatement().execute("CHECKSUM TABLE mysql.user"))
                            .hasMessageContaining("not allowed here");
                }
            }
            SQLException wrong = catchThrowableOfType(
                    SQLException.class, () -> DriverManager.getConnection(url, MysqlServer.USER, "wrong"));

            assertThat(wrong.getErrorCode()).isEqualTo(1045);
            assertThat(wrong.getMessage()).contains("Access denied for user '" + MysqlServer.USER + "'@");
            List<String> logins = new ArrayList<>();
            through.seen().stream()
                    .filter(e -> e.operation().name().equals("LOGIN"))
                    .forEach(e -> logins.add(e.status + " " + e.user + " " + e.error));
            assertThat(logins).containsExactly("OK app null", "OK app null", "ERROR app 1045");
            assertThat(through.seen()).allSatisfy(e -> {
                if (sides.client()) {
                    assertThat(e.tlsVersion()).isEqualTo("TLSv1.3");
                } else {
                    assertThat(e.tlsVersion()).isNull();
                }
            });
            assertThat(through.seen()).anyMatch(e -> e.operation().name().equals("COM_QUERY") && e.digest != null);
            assertThat(through.count(
                            "weir_mysql_tls_logins",
                            "client",
                            sides.client() ? "tls" : "plain",
                            "upstream",
                            sides.upstream() ? "tls" : "plain"))
                    .isEqualTo(3);
            if (installation == MysqlInstallation.MYSQL && sides.uneven()) {
                String how = sides.client() ? "sealed" : "opened";
                assertThat(through.count("weir_mysql_tls_passwords", "how", how))
                        .isBetween(1.0, 2.0);
            }
        }
    }
}
