package dev.weir.tls.starttls;

import static dev.weir.tls.starttls.StarttlsBed.port;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenSSL's client, curl, and stunnel on both sides. */
class StarttlsPeersIT {
    @TempDir
    Path folder;

    private StarttlsBed bed;

    @BeforeEach
    void begin() throws Exception {
        bed = new StarttlsBed(folder);
    }

    @AfterEach
    void end() throws Exception {
        bed.close();
    }

    private static String greeting(String protocol) {
        return switch (protocol) {
            case "smtp" -> "220-be.example ESMTP\r\n220 welcome\r\n";
            case "pop3" -> "+OK be <1.2@be>\r\n";
            case "imap" -> "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] be\r\n";
            case "nntp" -> "200 be\r\n";
            default -> "";
        };
    }

    @ParameterizedTest
    @CsvSource({"smtp,smtp", "pop3,pop3", "imap,imap", "pgsql,postgres"})
    void opensslStartsTlsWithWeir(String protocol, String name) throws Exception {
        var server = bed.lines(greeting(protocol));
        int port = port(bed.proxy("client", protocol, server.port(), Map.of(), Map.of()));

        String said = bed.run(
                "first\nsecond\n",
                ("openssl s_client -quiet -no_ign_eof -verify_return_error -CAfile " + bed.certificate
                                + " -verify_hostname localhost -starttls " + name + " -connect 127.0.0.1:" + port)
                        .split(" "));

        assertThat(said).contains("got first", "got second");
        assertThat(server.heard).containsExactly("first", "second");
        assertThat(bed.count("ok")).isEqualTo(1);
    }

    private Map<String, ?> twoCertificates() throws Exception {
        bed.run(
                "",
                ("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=other.example"
                                + " -addext subjectAltName=DNS:other.example -keyout " + folder + "/other.key -out "
                                + folder
                                + "/other.pem")
                        .split(" "));
        return Map.of(
                "certificates",
                List.of(
                        Map.of("certificate", bed.certificate.toString(), "private_key", bed.key.toString()),
                        Map.of("certificate", folder + "/other.pem", "private_key", folder + "/other.key")));
    }

    @Test
    void theCertificateIsThatOfTheNameThatTheClientAsksFor() throws Exception {
        var server = bed.lines(greeting("smtp"));
        int port = port(bed.proxy("client", "smtp", server.port(), Map.of("tls", twoCertificates()), Map.of()));

        for (String name : List.of("other.example", "localhost")) {
            assertThat(bed.run(
                            "first\n",
                            ("openssl s_client -no_ign_eof -starttls smtp -servername " + name + " -connect 127.0.0.1:"
                                            + port)
                                    .split(" ")))
                    .contains("subject=CN = " + name, "got first");
        }
        // What is no hello fails all the same, and so does a client that leaves.
        try (var client = new StarttlsBed.Client(port)) {
            client.say("EHLO x\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n");
            assertThat(client.all()).contains("220 2.0.0 Go ahead\r\n").doesNotContain("250 2");
        }
        try (var client = new StarttlsBed.Client(port)) {
            assertThat(client.line()).startsWith("220-");
            assertThat(client.line()).startsWith("220 ");
            client.say("STARTTLS\r\n\26\3\1\2\0\1");
            assertThat(client.line()).isEqualTo("220 2.0.0 Go ahead");
            client.socket.shutdownOutput();
            assertThat(client.all()).isEmpty();
        }
        assertThat(server.heard).containsExactly("first", "first");
        assertThat(StarttlsBed.eventually(() -> bed.count("failed") == 2, 10)).isTrue();
    }

    @Test
    void unauthorizedClientsCannotBeSentElsewhereInMidStream() {
        var tls = new java.util.HashMap<String, Object>(bed.tls("client"));
        tls.putAll(Map.of("client_ca", bed.certificate.toString(), "on_unauthorized", Map.of("cluster", "c")));

        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> bed.proxy("client", "smtp", 1, Map.of("tls", tls), Map.of()))
                .hasMessageContaining("on_unauthorized: a cluster (expected: close, or pass");
    }

    @ParameterizedTest
    @ValueSource(strings = {"smtp", "imap", "pgsql"}) // POP3 greets at once, as in stunnel
    void aClientMayBeginWithTlsAtOnce(String protocol) throws Exception {
        var server = bed.lines(greeting(protocol));
        int port = port(bed.proxy("client", protocol, server.port(), Map.of(), Map.of()));

        String said = bed.run(
                "first\n",
                ("openssl s_client -quiet -no_ign_eof -CAfile " + bed.certificate + " -connect 127.0.0.1:" + port)
                        .split(" "));

        assertThat(said).contains(greeting(protocol).stripTrailing(), "got first");
        assertThat(server.heard).containsExactly("first");
    }

    @ParameterizedTest
    @ValueSource(strings = {"smtp", "pop3", "imap", "pgsql"})
    void stunnelAsTheClientOfWeir(String protocol) throws Exception {
        var server = bed.lines(greeting(protocol));
        int weir = port(bed.proxy("client", protocol, server.port(), Map.of(), Map.of()));
        int stunnel = bed.stunnel("client = yes\nverifyChain = yes\nCAfile = " + bed.certificate + "\nprotocol = "
                + protocol + "\nconnect = 127.0.0.1:" + weir + "\n");

        try (var client = new StarttlsBed.Client(stunnel)) {
            for (int i = greeting(protocol).split("\n").length;
                    i > 0 && !greeting(protocol).isEmpty();
                    i--) {
                assertThat(client.line()).isNotEmpty();
            }
            client.say("first\n");

            assertThat(client.line()).isEqualTo("got first");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"smtp", "pop3", "imap", "pgsql"})
    void stunnelAsTheServerOfWeir(String protocol) throws Exception {
        var server = bed.lines(greeting(protocol));
        int stunnel = bed.stunnel(
                bed.serverOptions() + "protocol = " + protocol + "\nconnect = 127.0.0.1:" + server.port() + "\n");
        int weir = port(bed.proxy("upstream", protocol, stunnel, Map.of(), Map.of()));

        try (var client = new StarttlsBed.Client(weir)) {
            client.say("early\n");
            String line = client.line();
            while (!line.startsWith("got")) {
                line = client.line();
            }

            assertThat(line).isEqualTo("got early");
            assertThat(server.heard).containsExactly("early");
        }
    }

    @Test
    void stunnelAsTheProxyThatWeirAsksForATunnel() throws Exception {
        var server = bed.lines("hello\n");
        int tlsServer = bed.stunnel(bed.serverOptions() + "connect = 127.0.0.1:" + server.port() + "\n");
        // Its server side of connect speaks in the clear first, then TLS; here it ends TLS itself.
        int proxy = bed.stunnel(bed.serverOptions() + "protocol = connect\nconnect = 127.0.0.1:1\n");
        int weir = port(bed.proxy("upstream", "connect", proxy, Map.of("host", "127.0.0.1:" + tlsServer), Map.of()));

        try (var client = new StarttlsBed.Client(weir)) {
            // TLS of Weir ends in the proxy; the server behind it gets what is inside: no TLS, and hangs up.
            client.say("not a hello\n");

            assertThat(client.line()).isEmpty();
        }
        int direct =
                port(bed.proxy("upstream", "connect", proxy, Map.of("host", "127.0.0.1:" + server.port()), Map.of()));
        try (var client = new StarttlsBed.Client(direct)) {
            assertThat(client.line()).isEqualTo("hello");
            client.say("first\n");

            assertThat(client.line()).isEqualTo("got first");
        }
    }

    @Test
    void stunnelAsTheSocksProxyThatWeirAsks() throws Exception {
        var own = java.net.NetworkInterface.networkInterfaces()
                .flatMap(java.net.NetworkInterface::inetAddresses)
                .filter(a -> a instanceof java.net.Inet4Address && !a.isLoopbackAddress())
                .findFirst();
        if (own.isEmpty()) {
            System.out.println("SKIPPED-NEEDS: an address other than loopback");
            org.junit.jupiter.api.Assumptions.abort("stunnel refuses loopback");
        }
        String host = own.get().getHostAddress();
        int proxy = bed.stunnel(bed.serverOptions() + "protocol = socks\n");
        // Weir speaks SOCKS inside TLS where the cluster has it; here another stunnel puts it around.
        int around = bed.stunnel("client = yes\nconnect = 127.0.0.1:" + proxy + "\n");
        try (var server = new StarttlsBed.Lines("hello\n", java.net.InetAddress.getByName(host))) {
            int weir = port(bed.proxy(
                    "upstream", "socks", around, Map.of("tls", "", "host", host + ":" + server.port()), Map.of()));

            try (var client = new StarttlsBed.Client(weir)) {
                client.say("first\n");

                assertThat(client.line()).isEqualTo("hello");
                assertThat(client.line()).isEqualTo("got first");
            }
        }
    }

    @Test
    void stunnelAsTheClientThatAsksWeirForATunnel() throws Exception {
        var server = bed.lines("");
        int weir = port(bed.proxy(
                "client",
                "connect",
                1,
                Map.of(),
                Map.of("dynamic", Map.of("networks", java.util.List.of("127.0.0.0/8")))));
        int stunnel = bed.stunnel("client = yes\nverifyChain = yes\nCAfile = " + bed.certificate
                + "\nprotocol = connect\nprotocolHost = localhost:" + server.port() + "\nconnect = 127.0.0.1:" + weir
                + "\n");

        try (var client = new StarttlsBed.Client(stunnel)) {
            client.say("first\n");

            assertThat(client.line()).isEqualTo("got first");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--proxy http://", "--socks4 ", "--socks4a ", "--socks5 ", "--socks5-hostname "})
    void curlIsTakenToTheTargetThatItAsksFor(String how) throws Exception {
        StarttlsBed.needs("curl");
        var server = bed.lines("");
        int weir = port(bed.proxy(
                "client",
                how.contains("socks") ? "socks" : "connect",
                1,
                Map.of("tls", ""),
                Map.of("dynamic", Map.of("networks", java.util.List.of("127.0.0.0/8", "192.0.2.0/24")))));
        // A name, as what is written as an address of this machine is refused.
        String host =
                how.contains("4a") || how.contains("hostname") || how.contains("http") ? "localhost" : "127.0.0.2";

        String said = bed.run(
                "",
                ("curl -sv --max-time 10 -p " + how + "127.0.0.1:" + weir + " telnet://" + host + ":" + server.port())
                        .split(" "));

        if (host.equals("localhost")) {
            assertThat(said).contains("Connected to").doesNotContain("rejected", "refused");
        } else {
            assertThat(said).containsAnyOf("rejected", "Can't complete SOCKS", "failed");
        }
    }

    @Test
    void curlFindsItsWayByAnHttpsProxy() throws Exception {
        StarttlsBed.needs("curl");
        int web = bed.stunnel(bed.serverOptions() + "exec = /bin/cat\nexecArgs = cat\n");
        int weir = port(bed.proxy(
                "client",
                "connect",
                1,
                Map.of(),
                Map.of("dynamic", Map.of("networks", java.util.List.of("127.0.0.0/8")))));

        String said = bed.run(
                "",
                ("curl -sv --max-time 5 --proxy https://localhost:" + weir + " --proxy-cacert " + bed.certificate
                                + " --cacert " + bed.certificate + " https://localhost:" + web + "/x")
                        .split(" "));

        assertThat(said).contains("CONNECT tunnel established, response 200").contains("GET /x HTTP");
    }

    @Test
    void curlSendsMailWithTlsAlone() throws Exception {
        StarttlsBed.needs("curl");
        var server = new SmtpServer();
        try (server) {
            int weir = port(bed.proxy("client", "smtp", server.port(), Map.of(), Map.of()));
            Path mail = folder.resolve("mail");
            java.nio.file.Files.writeString(mail, "Subject: x\r\n\r\nhello\r\n");

            String said = bed.run(
                    "",
                    ("curl -sv --max-time 10 --ssl-reqd --cacert " + bed.certificate
                                    + " --mail-from a@b.example --mail-rcpt c@d.example -T " + mail
                                    + " smtp://localhost:" + weir)
                            .split(" "));

            assertThat(said).contains("SSL connection using");
            assertThat(StarttlsBed.eventually(() -> server.log().contains("hello"), 10))
                    .isTrue();
        }
    }

    /** Python's SMTP server, which knows no TLS. */
    private final class SmtpServer implements AutoCloseable {
        private final Path out = folder.resolve("smtpd");
        private final int port;
        private final Process process;

        SmtpServer() throws Exception {
            try (var free = new java.net.ServerSocket(0)) {
                port = free.getLocalPort();
            }
            process = new ProcessBuilder(
                            "python3", "-u", "-m", "smtpd", "-n", "-c", "DebuggingServer", "127.0.0.1:" + port)
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
            boolean up = StarttlsBed.eventually(
                    () -> {
                        try (var probe = new StarttlsBed.Client(port)) {
                            return probe.socket.isConnected();
                        } catch (java.io.IOException e) {
                            return !process.isAlive();
                        }
                    },
                    20);
            if (!up || !process.isAlive()) {
                System.out.println("SKIPPED-NEEDS: python3 with smtpd");
                org.junit.jupiter.api.Assumptions.abort("no smtpd");
            }
        }

        int port() {
            return port;
        }

        String log() {
            return StarttlsBed.text(out);
        }

        @Override
        public void close() {
            process.destroyForcibly().onExit().join();
        }
    }
}
