package dev.weir.tls.starttls;

import static dev.weir.tls.starttls.StarttlsBed.port;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** PostgreSQL and OpenLDAP with their clients; and servers made for what these do not do. */
class StarttlsServersIT {
    @TempDir
    Path folder;

    private StarttlsBed bed;
    private Path data;

    @BeforeEach
    void begin() throws Exception {
        bed = new StarttlsBed(folder);
    }

    @AfterEach
    void end() throws Exception {
        bed.close();
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    private static boolean accepts(int port) {
        try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    // ---- OpenLDAP

    @Test
    void startsTlsWithOpenLdap() throws Exception {
        StarttlsBed.needs("slapd");
        StarttlsBed.needs("ldapwhoami");
        int server = freePort();
        Path config = folder.resolve("slapd.conf");
        Files.writeString(
                config,
                "include /etc/ldap/schema/core.schema\nTLSCertificateFile " + bed.certificate
                        + "\nTLSCertificateKeyFile " + bed.key + "\nsecurity tls=128\n");
        Process slapd = new ProcessBuilder(
                        "/usr/sbin/slapd", "-h", "ldap://127.0.0.1:" + server, "-f", config.toString(), "-d", "0")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("slapd.log").toFile())
                .start();
        try {
            assertThat(StarttlsBed.eventually(() -> accepts(server), 20)).isTrue();
            int weir = port(bed.proxy("upstream", "ldap", server, Map.of(), Map.of()));

            // The server answers under TLS alone.
            assertThat(bed.run("", "ldapwhoami", "-x", "-H", "ldap://127.0.0.1:" + server))
                    .contains("Confidentiality required");
            assertThat(bed.run("", "ldapwhoami", "-x", "-H", "ldap://127.0.0.1:" + weir))
                    .contains("anonymous");
        } finally {
            slapd.destroyForcibly().waitFor();
        }
    }

    // ---- PostgreSQL

    private static Path postgres() throws IOException {
        Path versions = Path.of("/usr/lib/postgresql");
        List<Path> found = List.of();
        if (Files.isDirectory(versions)) {
            try (var list = Files.list(versions)) {
                found = list.map(v -> v.resolve("bin"))
                        .filter(b -> Files.isExecutable(b.resolve("initdb")))
                        .toList();
            }
        }
        if (found.isEmpty()) {
            System.out.println("SKIPPED-NEEDS: postgresql");
            Assumptions.abort("no postgresql");
        }
        return found.get(0);
    }

    /** A server that takes TLS and plain connections, each told by {@code pg_stat_ssl}. */
    private Process postgres(int port) throws Exception {
        Path programs = postgres();
        StarttlsBed.needs("psql");
        data = Files.createTempDirectory(Path.of("/tmp"), "weir-pg");
        // It refuses to run as root, and keys that others may read.
        boolean root = "root".equals(System.getProperty("user.name"));
        String as = root ? "runuser -u postgres -- " : "";
        String script = "set -e; cd " + data + "; cp " + bed.certificate + " " + bed.key + " .; chmod 600 key.pem; "
                + (root ? "chown -R postgres .; " : "")
                + as + programs + "/initdb -A trust -U postgres -N -D " + data + "/d >/dev/null; exec " + as + programs
                + "/postgres -D " + data + "/d -p " + port + " -k '' -h 127.0.0.1 -F -c ssl=on -c ssl_cert_file=" + data
                + "/cert.pem -c ssl_key_file=" + data + "/key.pem";
        Process process = new ProcessBuilder("bash", "-c", script)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("pg.log").toFile())
                .start();
        if (!StarttlsBed.eventually(() -> accepts(port) || !process.isAlive(), 60) || !process.isAlive()) {
            throw new IllegalStateException(StarttlsBed.text(folder.resolve("pg.log")));
        }
        return process;
    }

    private void stop(Process process) throws Exception {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        process.waitFor();
        new ProcessBuilder("rm", "-rf", String.valueOf(data)).start().waitFor();
    }

    private String psql(int port, String sslmode) throws Exception {
        return bed.run(
                "",
                "psql",
                "-At",
                "host=127.0.0.1 port=" + port + " user=postgres dbname=postgres connect_timeout=10 sslmode=" + sslmode
                        + " sslrootcert=" + bed.certificate,
                "-c",
                "select 'server sees ' || ssl from pg_stat_ssl where pid = pg_backend_pid()");
    }

    @Test
    void standsBetweenPsqlAndPostgres() throws Exception {
        int server = freePort();
        Process postgres = postgres(server);
        try {
            int client = port(bed.proxy("client", "pgsql", server, Map.of(), Map.of()));
            int upstream = port(bed.proxy("upstream", "pgsql", server, Map.of(), Map.of()));

            assertThat(psql(client, "verify-full")).contains("server sees false");
            assertThat(psql(client, "disable")).contains("TLS is required here");
            assertThat(psql(upstream, "disable")).contains("server sees true");
            assertThat(psql(upstream, "prefer")).contains("server sees true");
            assertThat(psql(upstream, "require")).contains("server does not support SSL");
        } finally {
            stop(postgres);
        }
    }

    // ---- servers that are made for it

    /** Says and expects what it is told in the clear, then under TLS; then echoes lines. What begins with {@code <} it expects. */
    private int scripted(List<String> plain, List<String> secure, List<String> heard) throws Exception {
        SSLSocketFactory tls = ((JdkSslContext) SslContextBuilder.forServer(bed.certificate.toFile(), bed.key.toFile())
                        .sslProvider(SslProvider.JDK)
                        .build())
                .context()
                .getSocketFactory();
        ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        StarttlsBed.daemon(() -> {
            try (server;
                    Socket socket = server.accept()) {
                play(socket, plain, heard);
                SSLSocket secured = (SSLSocket) tls.createSocket(socket, null, true);
                secured.setUseClientMode(false);
                play(secured, secure, heard);
                secured.getInputStream().transferTo(secured.getOutputStream());
            }
        });
        return server.getLocalPort();
    }

    private static void play(Socket socket, List<String> script, List<String> heard) throws IOException {
        for (String step : script) {
            if (step.startsWith("<")) {
                heard.add(line(socket.getInputStream()));
            } else {
                socket.getOutputStream().write((step + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            }
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.append((char) c);
        }
        return line.toString().strip();
    }

    @Test
    void startsTlsWithANewsServer() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        int server = scripted(List.of("201 news", "<", "382 go on"), List.of(), heard);
        int weir = port(bed.proxy("upstream", "nntp", server, Map.of(), Map.of()));

        try (var client = new StarttlsBed.Client(weir)) {
            assertThat(client.line()).isEqualTo("201 news");
            client.say("first\n");

            assertThat(client.line()).isEqualTo("first");
            assertThat(heard).containsExactly("STARTTLS");
        }
    }

    @ParameterizedTest
    @CsvSource({"plain,AUTH PLAIN AHUAcMOkc3M=,''", "login,AUTH LOGIN,'dQ== cMOkc3M='"})
    void authenticatesUnderTls(String how, String first, String rest) throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        List<String> secure = how.equals("plain")
                ? List.of("<", "250 a", "<", "235 ok")
                : List.of("<", "250 a", "<", "334 VXNlcm5hbWU6", "<", "334 UGFzc3dvcmQ6", "<", "235 ok");
        int server = scripted(List.of("220 mail", "<", "250 STARTTLS", "<", "220 go on"), secure, heard);
        int weir = port(bed.proxy(
                "upstream",
                "smtp",
                server,
                Map.of("username", "u", "password", "p\u00e4ss", "authentication", how),
                Map.of()));

        try (var client = new StarttlsBed.Client(weir)) {
            assertThat(client.line()).isEqualTo("220 mail");
            client.say("EHLO me\n");

            assertThat(client.line()).isEqualTo("EHLO me");
            assertThat(String.join(" ", heard))
                    .isEqualTo(("EHLO localhost STARTTLS EHLO localhost " + first + " " + rest).strip());
        }
    }

    @Test
    void saysNoPasswordToAServerThatIsAnotherOne() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        int server = scripted(List.of("220 mail", "<", "250 STARTTLS", "<", "220 go on"), List.of("<"), heard);
        int weir = port(bed.proxy(
                "upstream",
                "smtp",
                server,
                Map.of(
                        "username",
                        "u",
                        "password",
                        "p",
                        "tls",
                        Map.of("ca", bed.certificate.toString(), "server_name", "other.example")),
                Map.of()));

        try (var client = new StarttlsBed.Client(weir)) {
            assertThat(client.line()).isEmpty();
        }
        assertThat(heard).containsExactly("EHLO localhost", "STARTTLS");
        assertThat(bed.count("ok")).isZero();
    }

    @Test
    void takesNothingThatTheServerInjectedBehindItsAnswer() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        int server = scripted(
                List.of("* OK imap", "<", "weir OK go on\r\n* OK [ALERT] call us\r\n* PREAUTH"), List.of(), heard);
        int weir = port(bed.proxy("upstream", "imap", server, Map.of(), Map.of()));

        try (var client = new StarttlsBed.Client(weir)) {
            assertThat(client.line()).isEmpty();
        }
        assertThat(StarttlsBed.eventually(() -> bed.count("failed") == 1, 10)).isTrue();
    }

    // ---- where clients may go

    @Test
    void goesNowhereWithoutPermission() throws Exception {
        var server = bed.lines("hello\n");
        String request = "CONNECT localhost:" + server.port() + " HTTP/1.1\r\n\r\n";
        for (Map<String, ?> terminal : List.<Map<String, ?>>of(
                Map.of(),
                Map.of("dynamic", false),
                // Everything but what is this machine's own: a name may lead there.
                Map.of("dynamic", true),
                Map.of("dynamic", Map.of("networks", List.of("192.0.2.0/24"))))) {
            int weir = port(bed.proxy("client", "connect", server.port(), Map.of("tls", ""), terminal));
            try (var client = new StarttlsBed.Client(weir)) {
                client.say(request + "x\n");
                assertThat(client.line()).startsWith("HTTP/1.1 200");
                assertThat(client.line()).isEmpty();

                assertThat(client.line()).isEmpty();
            }
        }
        assertThat(server.heard).isEmpty();
    }
}
