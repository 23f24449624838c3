package dev.weir.tls;

import static dev.weir.tls.TlsBed.certificate;
import static dev.weir.tls.TlsBed.eventually;
import static dev.weir.tls.TlsBed.section;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** OpenSSL's own client before listeners: versions, ciphers, kinds of keys, client certificates, sessions; and what it is told when it is refused. */
class OpenSslClientIT {
    @TempDir
    Path folder;

    private Pki pki;

    @BeforeAll
    static void needsOpenSsl() {
        OpenSslPeer.required();
    }

    @BeforeEach
    void makeCertificates() throws Exception {
        pki = new Pki(folder);
        pki.issue("ec", b -> b.ecp256().addSanDnsName("one.example"));
        pki.issue("rsa", b -> b.rsa2048().addSanDnsName("one.example"));
    }

    static Stream<Arguments> matrix() {
        List<Arguments> cases = new ArrayList<>();
        for (String kind : List.of("ec", "rsa")) {
            String auth = kind.equals("ec") ? "ECDSA" : "RSA";
            for (String suite : List.of("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")) {
                cases.add(Arguments.of(kind, "-tls1_2", "-cipher", "ECDHE-" + auth + "-" + suite, false));
                cases.add(Arguments.of(kind, "-tls1_2", "-cipher", "ECDHE-" + auth + "-" + suite, true));
            }
            for (String suite :
                    List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")) {
                cases.add(Arguments.of(kind, "-tls1_3", "-ciphersuites", suite, false));
                cases.add(Arguments.of(kind, "-tls1_3", "-ciphersuites", suite, true));
            }
        }
        return cases.stream();
    }

    /** Each with a full and a resumed handshake. */
    @ParameterizedTest
    @MethodSource("matrix")
    void versionsCiphersKeysAndClientCertificates(
            String kind, String version, String option, String suite, boolean mutual) throws Exception {
        pki.issue("client", b -> b.ecp256());
        Map<String, Object> section = section(List.of(certificate(pki, kind)));
        List<String> options = new ArrayList<>(List.of(version, option, suite, "-servername", "one.example"));
        options.addAll(List.of("-CAfile", pki.path("ca.pem").toString(), "-verify_return_error"));
        if (mutual) {
            section.put("client_ca", pki.path("ca.pem").toString());
            options.addAll(List.of("-cert", pki.path("client.pem").toString()));
            options.addAll(List.of("-key", pki.path("client.key").toString()));
        }
        Path session = folder.resolve("session");
        try (TlsBed bed = TlsBed.echo(section)) {
            List<String> first = new ArrayList<>(options);
            first.addAll(List.of("-sess_out", session.toString()));
            var full = OpenSslPeer.client(bed.port(), "ping-1", first.toArray(new String[0]));
            assertThat(full.output()).contains("ping-1\n").contains(suite);
            List<String> second = new ArrayList<>(options);
            second.addAll(List.of("-sess_in", session.toString()));

            var again = OpenSslPeer.client(bed.port(), "ping-2", second.toArray(new String[0]));

            assertThat(again.output()).contains("ping-2\n").contains("Reused, TLSv");
            assertThat(bed.count("weir.tls.handshakes", "kind", "full")).isEqualTo(1);
            assertThat(bed.count("weir.tls.handshakes", "kind", "resumed")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-tls1_3,ECDSA+SHA256,ECDSA",
        "-tls1_3,RSA-PSS+SHA256,RSA-PSS",
        "-tls1_2,ECDSA+SHA256,ECDSA",
        "-tls1_2,RSA+SHA256:RSA-PSS+SHA256,RSA"
    })
    void oneNameWithTwoKindsOfKeysServesClientsThatKnowOne(String version, String algorithms, String kind)
            throws Exception {
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "ec"), certificate(pki, "rsa"))))) {
            var result = OpenSslPeer.client(
                    bed.port(), "ping", version, "-sigalgs", algorithms, "-servername", "one.example");

            assertThat(result.output()).contains("ping\n").contains("Peer signature type: " + kind);
        }
    }

    @ParameterizedTest
    @CsvSource({"-tls1_2,1", "-tls1_1,0", "-tls1,0"})
    void onlyVersionsOfTodayUnlessNamed(String version, int works) throws Exception {
        String[] options = {version, "-cipher", "ALL:@SECLEVEL=0"};
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "rsa"))))) {
            var result = OpenSslPeer.client(bed.port(), "ping", options);
            assertThat(result.output().contains("ping\n")).isEqualTo(works == 1);
            assertThat(bed.count("weir.tls.handshake.failures", "reason", "version"))
                    .isEqualTo(1 - works);
        }
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate(pki, "rsa")), "min_version", "TLSv1"))) {
            assertThat(OpenSslPeer.client(bed.port(), "ping", options).output()).contains("ping\n");
        }
    }

    @Test
    void alpnAndCurvesAreAgreedOn() throws Exception {
        try (TlsBed bed = TlsBed.echo(section(
                List.of(certificate(pki, "ec")), "alpn", List.of("h2", "http/1.1"), "curves", List.of("P-384")))) {
            var result = OpenSslPeer.client(bed.port(), "ping", "-alpn", "http/1.1,spdy/3", "-groups", "X25519:P-384");

            assertThat(result.output())
                    .contains("ping\n")
                    .contains("ALPN protocol: http/1.1")
                    .contains("Server Temp Key: ECDH, secp384r1");
        }
    }

    /** A file in each of the forms that keys come in. */
    @ParameterizedTest
    @CsvSource({"pkcs8", "pkcs8-encrypted", "traditional-rsa", "traditional-encrypted", "sec1", "pkcs12", "one-file"})
    void keysOfAllForms(String form) throws Exception {
        String kind = form.equals("sec1") ? "ec" : "rsa";
        Path key = folder.resolve("form.key");
        String in = pki.path(kind + ".key").toString();
        Map<String, Object> certificate = new java.util.HashMap<>(certificate(pki, kind));
        certificate.put("private_key", key.toString());
        switch (form) {
            case "pkcs8" -> OpenSslPeer.run(folder, "pkcs8", "-topk8", "-nocrypt", "-in", in, "-out", key.toString());
            case "pkcs8-encrypted" -> {
                OpenSslPeer.run(
                        folder, "pkcs8", "-topk8", "-passout", "pass:geheim", "-in", in, "-out", key.toString());
                certificate.put("password", "geheim");
            }
            case "traditional-rsa" -> OpenSslPeer.run(folder, "rsa", "-traditional", "-in", in, "-out", key.toString());
            case "traditional-encrypted" -> {
                OpenSslPeer.run(
                        folder,
                        "rsa",
                        "-traditional",
                        "-aes128",
                        "-passout",
                        "pass:geheim",
                        "-in",
                        in,
                        "-out",
                        key.toString());
                Files.writeString(folder.resolve("pass"), "geheim\n");
                certificate.put("password_file", folder.resolve("pass").toString());
            }
            case "sec1" -> OpenSslPeer.run(folder, "ec", "-in", in, "-out", key.toString());
            case "pkcs12" -> {
                Path store = folder.resolve("form.p12");
                OpenSslPeer.run(
                        folder,
                        "pkcs12",
                        "-export",
                        "-in",
                        pki.path(kind + ".pem").toString(),
                        "-inkey",
                        in,
                        "-passout",
                        "pass:",
                        "-out",
                        store.toString());
                certificate.clear();
                certificate.put("pkcs12", store.toString());
                certificate.put("password", "");
            }
            default -> {
                Path both = folder.resolve("both.pem");
                Files.writeString(
                        both, Files.readString(pki.path(kind + ".key")) + Files.readString(pki.path(kind + ".pem")));
                certificate.clear();
                certificate.put("certificate", both.toString());
            }
        }
        try (TlsBed bed = TlsBed.echo(section(List.of(certificate)))) {
            assertThat(OpenSslPeer.client(bed.port(), "ping").output()).contains("ping\n");
        }
    }

    /** Who is refused hears why, and is counted by it. */
    @ParameterizedTest
    @CsvSource({
        "expired,certificate expired,expired",
        "future,certificate expired,not_yet_valid",
        "revoked,certificate revoked,revoked",
        "stranger,unknown ca,self_signed",
        "other,unknown ca,unknown_ca",
        "unnamed,handshake failure,unauthorized",
        "none,alert,no_certificate"
    })
    void whoIsRefusedHearsWhy(String who, String alert, String reason) throws Exception {
        ClientCertificates.make(pki, folder);
        for (String version : List.of("-tls1_3", "-tls1_2")) {
            try (TlsBed bed = TlsBed.echo(section(
                    List.of(certificate(pki, "ec")),
                    "client_ca",
                    pki.path("ca.pem").toString(),
                    "client_crl",
                    pki.path("crl.pem").toString(),
                    "authorize",
                    List.of(Map.of("common_name", "good"))))) {
                List<String> options = new ArrayList<>(List.of(version));
                if (!who.equals("none")) {
                    options.addAll(List.of("-cert", pki.path(who + ".pem").toString()));
                    options.addAll(List.of("-key", pki.path(who + ".key").toString()));
                }

                var result = OpenSslPeer.client(bed.port(), "ping", options.toArray(new String[0]));

                assertThat(result.output()).as(version).doesNotContain("ping\n").contains(alert);
                eventually(() -> bed.count("weir.tls.handshake.failures", "reason", reason) == 1);
            }
        }
    }
}
