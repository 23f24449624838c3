package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Real stunnel and {@code weir stunnel}, each a process of its own with the same two files, one of servers and one of clients: every pair of services comes to the
 * same result, data by the same backend or none, whoever of the two plays which part.
 */
class StunnelDropInIT {
    private static final String REFUSED = "refused";
    private static final String OWN = "cert = server.pem\nkey = server.key\n";
    private static final String CLIENT = "cert = client.pem\nkey = client.key\n";
    private static final String STRANGER = "cert = stranger.pem\nkey = stranger.key\n";
    private static final String CHAIN = "verifyChain = yes\nCAfile = ca.pem\n";

    /** What scripts look for. */
    private static final List<String> SERVED = List.of(
            "]: Configuration successful",
            "]: Service [nothing is verified] (FD=",
            "]: Accepting new connections",
            "]: Service [a certificate] accepted connection from 127.0.0.1:",
            "]: Certificate accepted at depth=0: CN=client",
            "]: TLS accepted: new session negotiated",
            "peer did not return a certificate",
            "certificate verify failed",
            "certificate revoked",
            "]: Redirecting connection",
            "]: s_connect: connected 127.0.0.1:",
            "connected remote server from 127.0.0.1:",
            "]: s_connect: connect 127.0.0.1:1: Connection refused (111)",
            "]: Connection closed: 8 byte(s) sent to TLS, 6 byte(s) sent to socket");

    private static final List<String> ASKED = List.of(
            "]: TLS connected: new session negotiated",
            "]: Certificate accepted at depth=0: CN=server",
            "certificate verify failed",
            "]: Connection closed: 6 byte(s) sent to TLS, 8 byte(s) sent to socket");

    @TempDir
    Path folder;

    private final List<ServerSocket> backends = new ArrayList<>();
    private final Map<String, Pair> pairs = new LinkedHashMap<>();
    private String serverLog = "";
    private String clientLog = "";

    /**
     * A service of each file.
     *
     * @param server its options but for accept and connect
     * @param client the same
     * @param result what comes of it
     * @param slaves more sections of the server's file
     */
    private record Pair(String server, String client, String result, String slaves) {}

    @BeforeEach
    void prepare() throws Exception {
        assumeTrue(PeerProxy.installed("openssl", "/usr/bin/openssl") != null, "no openssl");
        StunnelCertificates.make(folder);
        Files.writeString(
                folder.resolve("psk.txt"),
                "one:0123456789abcdef0123456789abcdef\ntwo:00112233445566778899aabbccddeeff\n");
        Files.writeString(folder.resolve("strange.txt"), "three:0123456789abcdef0123456789abcdee\n");
        Path program = Files.writeString(folder.resolve("program"), "#!/bin/sh\nread line\necho \"$1 $line\"\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        for (int i = 0; i < 3; i++) {
            backends.add(backend(i));
        }
    }

    @AfterEach
    void stopBackends() throws IOException {
        for (ServerSocket backend : backends) {
            backend.close();
        }
    }

    /** That of this Debian, and the newest, which needs its own libraries. */
    static List<List<String>> programs() {
        String sid = PeerProxy.tool("sid");
        String libraries = sid + "/usr/lib/x86_64-linux-gnu";
        return List.of(
                List.of("/usr/bin/stunnel4"),
                List.of(libraries + "/ld-linux-x86-64.so.2", "--library-path", libraries, sid + "/usr/bin/stunnel4"));
    }

    @ParameterizedTest
    @MethodSource("programs")
    void comesToTheSameResultAsStunnelInBothParts(List<String> stunnel) throws Exception {
        String binary = stunnel.get(stunnel.size() - 1);
        assumeTrue(PeerProxy.installed(binary, binary) != null, "no stunnel (testbeds/install-servers.sh)");
        trust();
        clients();
        protocols();
        others();
        Map<String, String> expected = new LinkedHashMap<>();
        pairs.forEach((name, pair) -> expected.put(name, pair.result));

        Map<String, String> real = results(stunnel, stunnel);
        Map<String, String> weirServes = results(weir(), stunnel);
        String served = serverLog;
        Map<String, String> weirAsks = results(stunnel, weir());

        String asked = clientLog;

        assertThat(real).as("stunnel with stunnel").isEqualTo(expected);
        assertThat(weirServes).as("weir serves").isEqualTo(expected);
        assertThat(weirAsks).as("weir asks").isEqualTo(expected);
        assertThat(served).as("log of the servers").contains(SERVED);
        assertThat(asked).as("log of the clients").contains(ASKED);
    }

    // ---- services

    /** What a client thinks of its server. */
    private void trust() {
        add("nothing is verified", OWN, "", "0");
        add("chain", OWN, CHAIN, "0");
        add("chain of another CA", OWN, "verifyChain = yes\nCAfile = other.pem\n", REFUSED);
        add("name", OWN, CHAIN + "checkHost = server.example\n", "0");
        add("wrong name", OWN, CHAIN + "checkHost = other.example\n", REFUSED);
        add("wildcard", OWN, CHAIN + "checkHost = a.wild.example\n", "0");
        add("one of two names", OWN, CHAIN + "checkHost = other.example\ncheckHost = server.example\n", "0");
        add("address", OWN, CHAIN + "checkIP = 127.0.0.1\n", "0");
        add("wrong address", OWN, CHAIN + "checkIP = 127.0.0.2\n", REFUSED);
        add("wrong name, right address", OWN, CHAIN + "checkHost = other.example\ncheckIP = 127.0.0.1\n", "0");
        add("the server's own certificate", OWN, "verifyPeer = yes\nCAfile = server.pem\n", "0");
        add("its CA is not itself", OWN, "verifyPeer = yes\nCAfile = ca.pem\n", REFUSED);
        add("verify 2", OWN, "verify = 2\nCAfile = ca.pem\n", "0");
        add("verify 4", OWN, "verify = 4\nCAfile = server.pem\n", "0");
        add("PKCS#12", "cert = server.p12\n", CHAIN, "0");
    }

    /** What a server thinks of its clients. */
    private void clients() {
        add("no certificate", OWN + CHAIN, "", REFUSED);
        add("a certificate", OWN + CHAIN, CLIENT, "0");
        add("a certificate of another CA", OWN + CHAIN, STRANGER, REFUSED);
        add("any is required, there is none", OWN + "requireCert = yes\n", "", REFUSED);
        add("any is required", OWN + "requireCert = yes\n", "cert = alone.pem\nkey = alone.key\n", "0");
        add("if there is one: none", OWN + "verify = 1\nCAfile = ca.pem\n", "", "0");
        add("if there is one: a good one", OWN + "verify = 1\nCAfile = ca.pem\n", CLIENT, "0");
        add("asked for and ignored", OWN + "verify = 0\n", STRANGER, "0");
        add("pinned client", OWN + "verifyPeer = yes\nCAfile = client.pem\n", CLIENT, "0");
        add(
                "another than the pinned one",
                OWN + "verifyPeer = yes\nCAfile = client.pem\n",
                "cert = revoked.pem\nkey = revoked.key\n",
                REFUSED);
        add("revoked", OWN + CHAIN + "CRLfile = crl.pem\n", "cert = revoked.pem\nkey = revoked.key\n", REFUSED);
        add("not revoked", OWN + CHAIN + "CRLfile = crl.pem\n", CLIENT, "0");
        add("name of a client", OWN + CHAIN + "checkHost = client.example\n", CLIENT, "0");
        add("wrong name of a client", OWN + CHAIN + "checkHost = else.example\n", CLIENT, REFUSED);
        add("mail address", OWN + CHAIN + "checkEmail = client@mail.example\n", CLIENT, "0");
        add("redirected without a certificate", OWN + CHAIN + "redirect = 127.0.0.1:" + port(1) + "\n", "", "1");
        add("redirected with a strange one", OWN + CHAIN + "redirect = 127.0.0.1:" + port(1) + "\n", STRANGER, "1");
        add("not redirected", OWN + CHAIN + "redirect = 127.0.0.1:" + port(1) + "\n", CLIENT, "0");
    }

    /** Versions, ciphers, groups. */
    private void protocols() {
        String old = "sslVersion = TLSv1.2\n";
        String young = "sslVersion = TLSv1.3\n";
        add("TLS 1.2", OWN + old, "", "0");
        add("TLS 1.3", OWN, young, "0");
        add("no version in common", OWN + old, young, REFUSED);
        add("switched off by options", OWN + "options = NO_TLSv1_3\n", young, REFUSED);
        add(
                "the same cipher",
                OWN + old + "ciphers = ECDHE-RSA-AES256-GCM-SHA384\n",
                old + "ciphers = ECDHE-RSA-AES256-GCM-SHA384\n",
                "0");
        add(
                "no cipher in common",
                OWN + old + "ciphers = ECDHE-RSA-AES256-GCM-SHA384\n",
                old + "ciphers = ECDHE-RSA-AES128-GCM-SHA256\n",
                REFUSED);
        add("ciphers by groups", OWN + old + "ciphers = HIGH:!AES128:!kRSA\n", old + "ciphers = AES128\n", REFUSED);
        add("the same suite", OWN + young + "ciphersuites = TLS_AES_128_GCM_SHA256\n", young, "0");
        add(
                "no suite in common",
                OWN + young + "ciphersuites = TLS_AES_128_GCM_SHA256\n",
                young + "ciphersuites = TLS_CHACHA20_POLY1305_SHA256\n",
                REFUSED);
        add("the same group", OWN + "curves = P-384\n", "curves = P-384\n", "0");
        add("no group in common", OWN + "curves = P-384\n", "curves = X25519\n", REFUSED);
        add("keys too short for the level", OWN, "securityLevel = 3\n" + CHAIN, REFUSED);
    }

    private void others() {
        String slave =
                "cert = sni1.pem\nkey = sni1.key\nconnect = 127.0.0.1:" + port(1) + "\nsni = @name@:one.example\n";
        String wild = OWN + "connect = 127.0.0.1:" + port(2) + "\nsni = @name@:*.wild.example\n";
        String slaves = "[@name@ slave]\n" + slave + "[@name@ wild]\n" + wild;
        pairs.put("default by name", new Pair(OWN, "sni = else.example\n", "0", slaves));
        pairs.put(
                "slave by name",
                new Pair(OWN, "sni = one.example\n" + CHAIN + "checkHost = one.example\n", "1", slaves));
        pairs.put("slave by pattern", new Pair(OWN, "sni = a.b.wild.example\n", "2", slaves));
        pairs.put("no name", new Pair(OWN, "sni =\n", "0", slaves));
        add("the first one is dead", OWN + "connect = 127.0.0.1:1\n", "", "0");
        add("sessions off", OWN + "sessionResume = no\noptions = NO_TICKET\n", "sessionResume = no\n", "0");
        add("PROXY header", OWN + "protocol = proxy\n", "", "PROXY");
        add(
                "keys known before",
                "PSKsecrets = psk.txt\nciphers = PSK\n",
                "PSKsecrets = psk.txt\nPSKidentity = two\n",
                "0");
        add("an unknown identity", "PSKsecrets = psk.txt\nciphers = PSK\n", "PSKsecrets = strange.txt\n", REFUSED);
        add("TLS inside PostgreSQL", OWN + "protocol = pgsql\n", "protocol = pgsql\n", "0");
        pairs.put(
                "a program",
                new Pair(OWN + "exec = " + folder.resolve("program") + "\nexecArgs = program 2 of\n", CLIENT, "2", ""));
    }

    private void add(String name, String server, String client, String result) {
        pairs.put(name, new Pair(server, client, result, ""));
    }

    // ---- processes

    private static List<String> weir() {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return List.of(java, "-XX:TieredStopAtLevel=1", "-cp", classPath, "dev.weir.proxy.Main", "stunnel");
    }

    private Map<String, String> results(List<String> serving, List<String> asking) throws Exception {
        try (PeerProxy servers = PeerProxy.start(folder, serving, pairs.size(), ".conf", this::serverFile);
                PeerProxy clients = PeerProxy.start(
                        folder, asking, pairs.size(), ".conf", ports -> clientFile(ports, servers.ports()))) {
            Map<String, String> results = new LinkedHashMap<>();
            int i = 0;
            for (String name : pairs.keySet()) {
                results.put(name, ask(clients.ports().get(i++)));
            }
            serverLog = servers.log();
            clientLog = clients.log();
            return results;
        }
    }

    private String serverFile(List<Integer> ports) {
        StringBuilder file = new StringBuilder("foreground = yes\npid =\nsyslog = no\ndebug = 6\n");
        int i = 0;
        for (Map.Entry<String, Pair> one : pairs.entrySet()) {
            file.append("[")
                    .append(one.getKey())
                    .append("]\naccept = 127.0.0.1:")
                    .append(ports.get(i++));
            file.append("\n").append(one.getValue().server);
            if (!one.getValue().server.contains("exec = ")) {
                file.append("connect = 127.0.0.1:").append(port(0)).append("\n");
            }
            file.append(one.getValue().slaves.replace("@name@", one.getKey()));
        }
        return file.toString();
    }

    private String clientFile(List<Integer> ports, List<Integer> servers) {
        StringBuilder file = new StringBuilder("foreground = yes\npid =\nsyslog = no\ndebug = 6\nclient = yes\n");
        int i = 0;
        for (Map.Entry<String, Pair> one : pairs.entrySet()) {
            file.append("[")
                    .append(one.getKey())
                    .append("]\naccept = 127.0.0.1:")
                    .append(ports.get(i));
            file.append("\nconnect = 127.0.0.1:")
                    .append(servers.get(i++))
                    .append("\n")
                    .append(one.getValue().client);
        }
        return file.toString();
    }

    // ---- data

    private int port(int backend) {
        return backends.get(backend).getLocalPort();
    }

    /** Answers the first line with its own number and that line. */
    private static ServerSocket backend(int number) throws IOException {
        ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    socket.setSoTimeout(10_000);
                    BufferedReader in = reader(socket);
                    String line = in.readLine();
                    socket.getOutputStream().write((number + " " + line + "\n").getBytes(StandardCharsets.US_ASCII));
                    // What is left unread, as a line behind a PROXY header, would make a reset of the close.
                    socket.shutdownOutput();
                    in.transferTo(Writer.nullWriter());
                } catch (IOException e) {
                    // The next one.
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
        return server;
    }

    private static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    }

    /** The number of the backend that has answered. */
    private static String ask(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write("hello\n".getBytes(StandardCharsets.US_ASCII));
            String answer = reader(socket).readLine();
            if (answer == null) {
                return REFUSED;
            }
            return answer.endsWith(" hello")
                    ? answer.substring(0, 1)
                    : answer.startsWith("0 PROXY TCP4 127.0.0.1 ") ? "PROXY" : answer;
        } catch (IOException e) {
            return REFUSED;
        }
    }
}
