package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weir.mysql.MysqlTlsIT.Sides;
import dev.weir.mysql.MysqlTlsIT.Through;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code mysql_tls} and ways to log in other than the server's default, and clients and servers that it refuses. */
final class MysqlTlsAuthIT {
    private static final TlsServers SERVERS = new TlsServers();

    @AfterAll
    static void stop() throws Exception {
        SERVERS.close();
    }

    static List<MysqlInstallation> servers() {
        return MysqlInstallation.available();
    }

    static Stream<Arguments> mariadb() {
        return servers().stream()
                .filter(s -> s == MysqlInstallation.MARIADB)
                .flatMap(s -> MysqlTlsIT.ALL.stream().map(sides -> Arguments.of(s, sides)));
    }

    static Stream<Arguments> mysql() {
        return servers().stream()
                .filter(s -> s == MysqlInstallation.MYSQL)
                .flatMap(s -> MysqlTlsIT.ALL.stream().map(sides -> Arguments.of(s, sides)));
    }

    static Stream<MysqlInstallation> mysqlAlone() {
        return servers().stream().filter(s -> s == MysqlInstallation.MYSQL);
    }

    private static Connection connect(Through through, String driver, boolean secure, String user, String password)
            throws SQLException {
        return DriverManager.getConnection(
                MysqlTlsIT.url(SERVERS.certificates(), driver, through.port(), secure), user, password);
    }

    private static void execute(MysqlServer server, String... statements) throws SQLException {
        try (Connection root = server.connect();
                Statement statement = root.createStatement()) {
            for (String one : statements) {
                statement.execute(one);
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}")
    @MethodSource("mariadb")
    void ed25519PassesAsItIs(MysqlInstallation installation, Sides sides) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        try (Through through = Through.of(SERVERS.certificates(), server.port(), sides.upstream());
                Connection connection =
                        connect(through, "mariadb", sides.client(), MysqlServer.ED25519_USER, MysqlServer.PASSWORD)) {
            assertThat(connection.isValid(10)).isTrue();
        }
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}")
    @MethodSource("mysql")
    void sha256PasswordsArriveAsTheServerWantsThem(MysqlInstallation installation, Sides sides) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        try {
            execute(
                    server,
                    "CREATE USER IF NOT EXISTS old@'%' IDENTIFIED WITH sha256_password BY '" + MysqlServer.PASSWORD
                            + "'",
                    "GRANT ALL ON *.* TO old@'%'");
        } catch (SQLException e) {
            Assumptions.abort("SKIPPED-NEEDS: a server with sha256_password, " + e.getMessage());
        }
        try (Through through = Through.of(SERVERS.certificates(), server.port(), sides.upstream())) {
            for (String first : List.of("", "&defaultAuthenticationPlugin=sha256_password")) {
                String url = MysqlTlsIT.url(SERVERS.certificates(), "mysql", through.port(), sides.client()) + first;
                try (Connection connection = DriverManager.getConnection(url, "old", MysqlServer.PASSWORD)) {
                    assertThat(connection.isValid(10)).isTrue();
                }
                SQLException wrong = catchThrowableOfType(
                        SQLException.class, () -> DriverManager.getConnection(url, "old", "wrong"));
                assertThat(wrong.getErrorCode()).isEqualTo(1045);
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}")
    @MethodSource("mysql")
    void usersWithoutAPasswordLogIn(MysqlInstallation installation, Sides sides) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        execute(server, "CREATE USER IF NOT EXISTS open@'%' IDENTIFIED BY ''", "GRANT ALL ON *.* TO open@'%'");
        try (Through through = Through.of(SERVERS.certificates(), server.port(), sides.upstream())) {
            for (String driver : List.of("mysql", "mariadb")) {
                try (Connection connection = connect(through, driver, sides.client(), "open", "")) {
                    assertThat(connection.isValid(10)).isTrue();
                }
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("mysqlAlone")
    void clientsThatHaveTheConfiguredKeyNeedNotAskForIt(MysqlInstallation installation) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        Path secret = Files.createTempFile("weir-rsa-", ".key");
        Path open = Files.createTempFile("weir-rsa-", ".pem");
        try {
            Files.writeString(secret, pem("PRIVATE KEY", pair.getPrivate().getEncoded()));
            Files.writeString(open, pem("PUBLIC KEY", pair.getPublic().getEncoded()));
            SERVERS.forgetPasswords(server);
            Map<String, Object> settings = new HashMap<>(Map.of("rsa_private_key", secret.toString()));
            settings.put("upstream_tls", SERVERS.certificates().upstreams());
            try (Through through = Through.of(server.port(), settings)) {
                String url = "jdbc:mysql://127.0.0.1:" + through.port()
                        + "/test?sslMode=DISABLED&serverRSAPublicKeyFile=" + open;
                try (Connection connection = DriverManager.getConnection(url, MysqlServer.USER, MysqlServer.PASSWORD)) {
                    assertThat(MysqlTlsIT.cipher(connection)).isNotEmpty();
                }
                assertThat(through.count("weir_mysql_tls_passwords", "how", "opened"))
                        .isEqualTo(1);
            }
        } finally {
            Files.delete(secret);
            Files.delete(open);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("mysqlAlone")
    void aPasswordSealedWithTheServersKeyIsNotForUs(MysqlInstallation installation) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        SERVERS.forgetPasswords(server);
        Path theirs = Files.createTempFile("weir-rsa-", ".pem");
        try (Through through = Through.of(
                        server.port(),
                        Map.of("upstream_tls", SERVERS.certificates().upstreams()));
                Connection root = server.connect();
                ResultSet row = root.createStatement()
                        .executeQuery("SHOW STATUS LIKE 'Caching_sha2_password_rsa_public_key'")) {
            row.next();
            Files.writeString(theirs, row.getString(2));
            String url = "jdbc:mysql://127.0.0.1:" + through.port() + "/test?sslMode=DISABLED&serverRSAPublicKeyFile="
                    + theirs;

            SQLException refused = catchThrowableOfType(
                    SQLException.class, () -> DriverManager.getConnection(url, MysqlServer.USER, MysqlServer.PASSWORD));

            assertThat(refused.getErrorCode()).isEqualTo(1045);
            assertThat(refused.getMessage()).contains("not sealed with the public key");
            assertThat(through.count("weir_mysql_tls_refused", "reason", "password"))
                    .isEqualTo(1);
        } finally {
            Files.delete(theirs);
        }
    }

    /** A server takes a Unix socket for safe, and wants no sealed passwords there. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("mysqlAlone")
    void passwordsForAUnixSocketAreOpened(MysqlInstallation installation) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        Map<String, ?> settings = Map.of("client_tls", SERVERS.certificates().clients());
        try (Through through = Through.of("unix:" + server.socket(), settings)) {
            for (boolean secure : new boolean[] {false, true}) {
                SERVERS.forgetPasswords(server);
                execute(
                        server,
                        "CREATE USER IF NOT EXISTS near@localhost IDENTIFIED BY '" + MysqlServer.PASSWORD + "'",
                        "GRANT ALL ON *.* TO near@localhost");
                try (Connection connection = connect(through, "mysql", secure, "near", MysqlServer.PASSWORD)) {
                    assertThat(MysqlTlsIT.cipher(connection)).isEmpty();
                }
            }
            assertThat(through.count("weir_mysql_tls_passwords", "how", "opened"))
                    .isEqualTo(1);
        }
    }

    private static String pem(String what, byte[] der) {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n";
    }

    // ---- what is refused

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void clientsWithoutTlsAreToldThatItIsRequired(MysqlInstallation installation) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        Map<String, ?> settings = Map.of("client_tls", SERVERS.certificates().clients(), "require_client_tls", true);
        try (Through through = Through.of(server.port(), settings)) {
            for (String driver : List.of("mysql", "mariadb")) {
                SQLException refused = catchThrowableOfType(
                        SQLException.class,
                        () -> connect(through, driver, false, MysqlServer.USER, MysqlServer.PASSWORD));

                assertThat(refused.getErrorCode()).isEqualTo(3159);
                assertThat(refused.getSQLState()).isEqualTo("HY000");
                assertThat(refused.getMessage()).contains("insecure transport");
                try (Connection connection = connect(through, driver, true, MysqlServer.USER, MysqlServer.PASSWORD)) {
                    assertThat(connection.isValid(10)).isTrue();
                }
            }
            assertThat(through.count("weir_mysql_tls_refused", "reason", "client_plain"))
                    .isEqualTo(2);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void aServerThatIsNotTrustedIsNotUsed(MysqlInstallation installation) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        Map<String, ?> settings = Map.of(
                "client_tls",
                SERVERS.certificates().clients(),
                "upstream_tls",
                Map.of("ca", SERVERS.certificates().file("other.pem")));
        try (Through through = Through.of(server.port(), settings)) {
            for (boolean secure : new boolean[] {false, true}) {
                SQLException refused = catchThrowableOfType(
                        SQLException.class,
                        () -> connect(through, "mysql", secure, MysqlServer.USER, MysqlServer.PASSWORD));

                assertThat(refused.getErrorCode()).isEqualTo(1043);
                assertThat(refused.getSQLState()).isEqualTo("08S01");
                assertThat(refused.getMessage()).contains("TLS with the server failed");
            }
            assertThat(through.count("weir_mysql_tls_refused", "reason", "upstream_handshake"))
                    .isEqualTo(2);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void aServerWithoutTlsIsUsedOnlyWhereThatIsAllowed(MysqlInstallation installation) throws Exception {
        String off = installation == MysqlInstallation.MYSQL ? "--tls-version=" : "--skip-ssl";
        try (MysqlServer server = MysqlServer.start(installation, off)) {
            Map<String, Object> settings = new HashMap<>();
            settings.put("client_tls", SERVERS.certificates().clients());
            settings.put("upstream_tls", SERVERS.certificates().upstreams());
            try (Through through = Through.of(server.port(), settings)) {
                for (String driver : List.of("mysql", "mariadb")) {
                    SQLException refused = catchThrowableOfType(
                            SQLException.class,
                            () -> connect(through, driver, true, MysqlServer.USER, MysqlServer.PASSWORD));
                    assertThat(refused.getErrorCode()).isEqualTo(1043);
                    assertThat(refused.getMessage()).contains("TLS with the server is required");
                }
            }
            settings.put("upstream_mode", "preferred");
            try (Through through = Through.of(server.port(), settings);
                    Connection connection = connect(through, "mysql", true, MysqlServer.USER, MysqlServer.PASSWORD)) {
                assertThat(MysqlTlsIT.cipher(connection)).isEmpty();
                assertThat(through.count("weir_mysql_tls_logins", "client", "tls", "upstream", "plain"))
                        .isEqualTo(1);
            }
            settings.put("upstream_mode", "as_client");
            try (Through through = Through.of(server.port(), settings)) {
                SQLException refused = catchThrowableOfType(
                        SQLException.class,
                        () -> connect(through, "mysql", true, MysqlServer.USER, MysqlServer.PASSWORD));
                assertThat(refused.getMessage()).contains("SSL");
                try (Connection connection = connect(through, "mysql", false, MysqlServer.USER, MysqlServer.PASSWORD)) {
                    assertThat(connection.isValid(10)).isTrue();
                }
            }
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void tlsWithTheServerFollowsTheClient(MysqlInstallation installation) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        Map<String, Object> settings = new HashMap<>(Map.of("upstream_mode", "as_client"));
        settings.put("client_tls", SERVERS.certificates().clients());
        settings.put("upstream_tls", SERVERS.certificates().upstreams());
        try (Through through = Through.of(server.port(), settings)) {
            for (boolean secure : new boolean[] {false, true}) {
                SERVERS.forgetPasswords(server);
                try (Connection connection =
                        connect(through, "mysql", secure, MysqlServer.USER, MysqlServer.PASSWORD)) {
                    assertThat(MysqlTlsIT.cipher(connection).isEmpty()).isEqualTo(!secure);
                }
            }
        }
    }
}
