package dev.weir.tls.stunnel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.tls.stunnel.ConfFiles.Read;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What single options become. */
class StunnelTranslatorTest {
    private static final String SERVER =
            "[a]\ncert = s.pem\nkey = s.key\naccept = 127.0.0.1:7000\nconnect = 10.0.0.1:80\n";
    private static final String CLIENT = "[a]\nclient = yes\naccept = 127.0.0.1:7000\nconnect = db.example:80\n";

    @TempDir
    Path folder;

    private static Map<?, ?> serverTls(String more) {
        Read read = good(SERVER + more);
        return (Map<?, ?>) read.listener(0).get("tls");
    }

    private static Map<?, ?> clientTls(String more) {
        Read read = good(CLIENT + more);
        return (Map<?, ?>) read.cluster(0).get("tls");
    }

    private static Read good(String text) {
        Read read = ConfFiles.read(text);
        assertThat(read.problems()).isEmpty();
        return read;
    }

    // ---- trust

    @ParameterizedTest
    @CsvSource({
        "verify = 0, request, none",
        "verify = 1, optional, chain",
        "verify = 2, required, chain",
        "verify = 3, required, both",
        "verify = 4, required, peer",
        "requireCert = yes, required, none",
        "verifyChain = yes, required, chain",
        "verifyPeer = yes, required, peer"
    })
    void asksClientsForCertificates(String option, String demand, String verify) {
        Map<?, ?> tls = serverTls(option + "\nCAfile = ca.pem\n");

        assertThat(tls.get("client_certificate")).isEqualTo(demand);
        assertThat(tls.get("verify")).isEqualTo(verify);
        assertThat(tls.get("client_ca")).isEqualTo(verify.equals("none") ? null : "ca.pem");
    }

    @Test
    void doesNotAskForCertificatesThatNobodyWantsToSee() {
        assertThat(serverTls("CAfile = ca.pem\n").containsKey("client_certificate"))
                .isFalse();
    }

    @Test
    void verifiesNoNameUnlessToldTo() {
        Map<?, ?> plain = clientTls("verifyChain = yes\nCAfile = ca.pem\n");
        Map<?, ?> named = clientTls("verifyChain = yes\nCAfile = ca.pem\ncheckHost = x\ncheckIP = 10.0.0.1\n");

        assertThat(plain.get("verify_name")).isEqualTo(false);
        assertThat(plain.containsKey("authorize")).isFalse();
        assertThat(named.get("authorize")).isEqualTo(List.of(Map.of("host", "x"), Map.of("ip", "10.0.0.1")));
    }

    @Test
    void saysThatNothingIsVerified() {
        Read read = good(CLIENT);

        assertThat(((Map<?, ?>) read.cluster(0).get("tls")).get("insecure")).isEqualTo(true);
        assertThat(read.made().notes()).contains("Service [a] needs authentication to prevent MITM attacks");
    }

    @Test
    void sendsTheNameOfTheServerThatTheFileNames() {
        assertThat(clientTls("").get("sni")).isEqualTo("db.example");
        assertThat(clientTls("sni = other\n").get("sni")).isEqualTo("other");
        assertThat(clientTls("sni =\n").get("sni")).isEqualTo("");
    }

    @Test
    void asksTheServerBehindAProxyByItsName() {
        String head = "[a]\nclient = yes\naccept = 127.0.0.1:1\n";

        Read proxied = good(head + "connect = proxy:3128\nprotocol = connect\nprotocolHost = target.example:443\n");
        Read port = good(head + "connect = 443\n");

        assertThat(proxied.listener(0).toString()).contains("sni=target.example");
        assertThat(port.cluster(0).toString()).contains("sni=localhost");
    }

    @Test
    void hasNoCertificatesWhereThereAreKeysKnownBefore() throws Exception {
        Path secrets = Files.writeString(folder.resolve("psk"), "a:0123456789abcdef0123456789abcdef\n");

        Map<?, ?> server = serverTls("PSKsecrets = " + secrets + "\nPSKidentity = x\nciphers = PSK\n");
        Map<?, ?> client = clientTls("PSKsecrets = " + secrets + "\nPSKidentity = a\nsslVersion = TLSv1.2\n");

        assertThat(server).isEqualTo(Map.of("psk", Map.of("secrets", secrets.toString())));
        assertThat(client)
                .isEqualTo(Map.of(
                        "psk", Map.of("secrets", secrets.toString(), "identity", "a"), "max_version", "TLSv1.2"));
    }

    @Test
    void choosesCiphersAndCurvesForKeysKnownBefore() throws Exception {
        String secrets = "PSKsecrets = "
                + Files.writeString(folder.resolve("psk"), "a:0123456789abcdef0123456789abcdef\n") + "\n";

        Map<?, ?> chosen = serverTls(
                secrets
                        + "ciphers = PSK-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256\nciphersuites = TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256\ncurves = P-384:X448\n");
        Map<?, ?> secret = serverTls(secrets + "securityLevel = 3\n");
        Read none = ConfFiles.read(SERVER + secrets + "ciphersuites = TLS_AES_256_GCM_SHA384\n");

        assertThat(chosen.get("ciphers")).isEqualTo(List.of("PSK-AES256-GCM-SHA384"));
        assertThat(chosen.get("cipher_suites")).isEqualTo(List.of("TLS_CHACHA20_POLY1305_SHA256"));
        assertThat(chosen.get("curves")).isEqualTo(List.of("P-384", "X448"));
        assertThat((List<?>) secret.get("ciphers"))
                .allMatch(name -> name.toString().startsWith("ECDHE-"));
        assertThat(none.problems()).singleElement().asString().contains("no cipher match");
    }

    @Test
    void takesAllAddressesOfNames() {
        Read named = good(CLIENT + "connect = 10.0.0.1:81\nfailover = rr\n");
        Read numbers = good(SERVER);

        assertThat(named.cluster(0).get("discovery"))
                .isEqualTo(Map.of("type", "hosts", "endpoints", List.of("db.example:80", "10.0.0.1:81")));
        assertThat(named.cluster(0).get("load_balancing")).isEqualTo("round_robin");
        assertThat(named.cluster(0).containsKey("endpoints")).isFalse();
        assertThat(numbers.cluster(0).get("endpoints")).isEqualTo(List.of("10.0.0.1:80"));
    }

    @Test
    void tellsPkcs12FromPem() throws Exception {
        Path file = folder.resolve("x.p12");
        Files.write(file, new byte[] {0x30, 1});

        Map<?, ?> tls = (Map<?, ?>) good("[a]\ncert = " + file + "\naccept = 127.0.0.1:1\nconnect = 2\n")
                .listener(0)
                .get("tls");

        assertThat(tls.get("certificates")).isEqualTo(List.of(Map.of("pkcs12", file.toString(), "password", "")));
    }

    // ---- versions and ciphers

    @ParameterizedTest
    @CsvSource({
        "sslVersion = all,,",
        "sslVersion = TLSv1.2,,TLSv1.2",
        "sslVersion = TLSv1,TLSv1,TLSv1",
        "sslVersion = tlsv1.3,TLSv1.3,",
        "sslVersionMin = TLSv1.1,TLSv1.1,",
        "sslVersionMax = TLSv1.2,,TLSv1.2",
        "options = NO_TLSv1_3,,TLSv1.2",
        "options = NO_TLSv1_2,TLSv1.3,",
        "securityLevel = 0,TLSv1,"
    })
    void speaksTheVersionsThatAreNamed(String option, String min, String max) {
        Map<?, ?> tls = serverTls(option + "\n");

        assertThat(tls.get("min_version")).isEqualTo(min);
        assertThat(tls.get("max_version")).isEqualTo(max);
    }

    @Test
    void switchesOptionsOffAgain() {
        assertThat(serverTls("options = NO_TLSv1_3\noptions = -NO_TLSv1_3\n").containsKey("max_version"))
                .isFalse();
    }

    @Test
    void choosesCiphersByGroups() {
        assertThat(serverTls("ciphers = ECDHE+AESGCM:!AES128\n").get("ciphers"))
                .isEqualTo(List.of("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"));
        assertThat((List<?>) serverTls("ciphers = HIGH:!kRSA:!aNULL\n").get("ciphers"))
                .allMatch(name -> String.valueOf(name).startsWith("ECDHE-"));
        assertThat(serverTls("ciphers = AES128-SHA:AES256-SHA:+AES128-SHA\n").get("ciphers"))
                .isEqualTo(List.of("AES256-SHA", "AES128-SHA"));
        assertThat(serverTls("ciphers = AES128-SHA:AES256-SHA:@STRENGTH\n").get("ciphers"))
                .isEqualTo(List.of("AES256-SHA", "AES128-SHA"));
    }

    @Test
    void takesTheEngineOfTheJdkWhereOnlyThatHasIt() {
        assertThat(serverTls("ciphers = DHE-RSA-AES256-GCM-SHA384\n").get("provider"))
                .isEqualTo("jdk");
        assertThat(serverTls("ciphersuites = TLS_AES_128_GCM_SHA256\n").get("provider"))
                .isEqualTo("jdk");
        assertThat(serverTls("curves = X448\n").get("provider")).isEqualTo("jdk");
        assertThat(serverTls("curves = prime256v1:X448\n").get("curves")).isEqualTo(List.of("P-256"));
    }

    @Test
    void refusesCiphersThatNobodyHas() {
        assertThat(ConfFiles.read(SERVER + "ciphers = RC4-MD5\n").problems())
                .anyMatch(one -> one.contains("no cipher match"));
        assertThat(ConfFiles.read(SERVER + "ciphers = PSK\n").problems())
                .anyMatch(one -> one.contains("no cipher match"));
    }

    @Test
    void leavesOnlyStrongCiphersAtHighLevels() {
        Map<?, ?> tls = serverTls("securityLevel = 4\n");

        assertThat((List<?>) tls.get("ciphers"))
                .isNotEmpty()
                .noneMatch(name -> String.valueOf(name).contains("AES128"));
        assertThat(tls.get("session_tickets")).isEqualTo(false);
        assertThat(tls.get("security_level")).isEqualTo(4);
    }

    // ---- services

    @Test
    void letsSectionsBeginWithWhatStandsBeforeThem() {
        Read read = good(
                "TIMEOUTidle = 7\nclient = yes\n[a]\naccept = 127.0.0.1:1\nconnect = 2\n[b]\nTIMEOUTidle = 9\naccept = 127.0.0.1:3\nconnect = 4\n");

        assertThat(read.listener(0).toString()).contains("idle_timeout=7s");
        assertThat(read.listener(1).toString()).contains("idle_timeout=9s");
    }

    @Test
    void sendsNamesToTheirSections() {
        Read read = good(SERVER + "[b]\ncert = b.pem\nsni = a:*.b.example\nsni = a:b.example\nconnect = 3\n");

        List<?> chains = (List<?>) read.listener(0).get("filter_chains");

        assertThat(read.root().list("listeners")).hasSize(1);
        assertThat(((Map<?, ?>) chains.get(0)).get("match"))
                .isEqualTo(Map.of("sni", List.of("*.b.example", "b.example")));
        assertThat(((Map<?, ?>) chains.get(1)).containsKey("match")).isFalse();
    }

    @Test
    void triesServersInTheirOrderOrInTurn() {
        assertThat(good(CLIENT + "connect = 10.0.0.2:1\n").cluster(0).get("load_balancing"))
                .isEqualTo("first_available");
        assertThat(good(CLIENT + "connect = 10.0.0.2:1\nfailover = rr\n")
                        .cluster(0)
                        .get("load_balancing"))
                .isEqualTo("round_robin");
        assertThat(good(CLIENT + "connect = 10.0.0.2:1\nfailover = rr\ndelay = yes\n")
                        .cluster(0)
                        .get("load_balancing"))
                .isEqualTo("first_available");
    }

    @Test
    void dividesAddressesAtTheLastColon() {
        assertThat(good("[a]\nclient = yes\naccept = ::1:8443\nconnect = ::1:1\n")
                        .listener(0)
                        .get("address"))
                .isEqualTo("[::1]:8443");
        assertThat(good("[a]\nclient = yes\naccept = 443\nconnect = 1\n")
                        .listener(0)
                        .get("address"))
                .isEqualTo("0.0.0.0:443");
        assertThat(good("[a]\nclient = yes\naccept = :::443\nconnect = 1\n")
                        .listener(0)
                        .get("address"))
                .isEqualTo("[::]:443");
        assertThat(good("[a]\nclient = yes\naccept = /run/a\nconnect = 1\n")
                        .listener(0)
                        .get("address"))
                .isEqualTo("unix:/run/a");
    }

    @Test
    void namesAllThatIsWrongWithItsLine() {
        Read read = ConfFiles.read("foo\n[a]\nclient = yes\nbar = 1\n[b]\nclient = maybe\n");

        assertThat(read.problems())
                .containsExactly(
                        "/etc/stunnel/test.conf:1: \"foo\": No '=' found",
                        "/etc/stunnel/test.conf:4: \"bar = 1\": Specified option name is not valid here",
                        "Service [a]: Each service must define two endpoints",
                        "/etc/stunnel/test.conf:6: \"client = maybe\": The argument needs to be either 'yes' or 'no'",
                        "Service [b]: TLS server needs a certificate",
                        "Service [b]: Each service must define two endpoints");
    }

    @Test
    void refusesLinesThatAreTooLong() {
        assertThat(ConfFiles.read(CLIENT + "; " + "x".repeat(20_000)).problems())
                .anyMatch(one -> one.contains("Line too long"));
    }

    @Test
    void followsIncludesButNotForEver() throws Exception {
        Files.writeString(folder.resolve("a.conf"), "include = " + folder + "\n");

        assertThat(ConfFiles.read("include = " + folder + "\n" + CLIENT).problems())
                .anyMatch(one -> one.contains("Failed to include"));
    }

    @Test
    void handsOnWhatConcernsTheProcess() {
        Read read = good("foreground = yes\npid = /run/x\ndebug = local2.info\nservice = s\n" + CLIENT + "debug = 7\n");

        assertThat(read.made().process())
                .containsEntry("foreground", "yes")
                .containsEntry("pid", "/run/x")
                .containsEntry("debug", "6")
                .containsEntry("facility", "local2")
                .containsEntry("service:a", "a")
                .containsEntry("client:a", "yes")
                .containsEntry("debug:a", "7");
    }

    @Test
    void bindsAProgramToALocalSocket() {
        Read read = good("[job]\nclient = yes\nexec = /bin/cat\nexecArgs = cat  -u\nconnect = db:1\nretry = 250\n");

        assertThat(read.made().process())
                .containsEntry("bridge:job", "exec")
                .containsEntry("program:job", "/bin/cat")
                .containsEntry("arguments:job", "cat\n-u")
                .containsEntry("retry:job", "250");
        assertThat(String.valueOf(read.listener(0).get("address"))).startsWith("unix:");
    }

    @Test
    void takesOwnOptions() {
        Read read = good("weir.admin = 127.0.0.1:0\nweir.drainTimeout = 5\n" + CLIENT
                + "weir.maxServiceConnections = 10\nweir.proxyProtocol = v2-tls\nweir.maxLifetime = 60\n");

        assertThat(read.made().configuration()).containsKey("admin").containsEntry("drain_timeout", "5s");
        assertThat(read.listener(0).toString()).contains("connection_limit", "max_connection_duration=60s");
        assertThat(read.cluster(0).get("proxy_protocol")).isEqualTo("v2");
    }
}
