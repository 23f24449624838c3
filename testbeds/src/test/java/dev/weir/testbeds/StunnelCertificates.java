package dev.weir.testbeds;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Certificates of all kinds, made by the command openssl: of a CA, of another one, revoked, in PKCS#12. */
final class StunnelCertificates {
    private final Path folder;

    private StunnelCertificates(Path folder) {
        this.folder = folder;
    }

    static void make(Path folder) throws IOException, InterruptedException {
        StunnelCertificates all = new StunnelCertificates(folder);
        all.selfSigned("ca", "/CN=Test CA");
        all.selfSigned("other", "/CN=Other CA");
        all.selfSigned("alone", "/CN=alone");
        all.signed("server", "ca", "subjectAltName=DNS:server.example,DNS:*.wild.example,IP:127.0.0.1");
        all.signed("sni1", "ca", "subjectAltName=DNS:one.example");
        all.signed("client", "ca", "subjectAltName=DNS:client.example,email:client@mail.example");
        all.signed("revoked", "ca", "subjectAltName=DNS:revoked.example");
        all.signed("stranger", "other", "subjectAltName=DNS:stranger.example");
        all.run(
                "openssl",
                "pkcs12",
                "-export",
                "-in",
                "server.pem",
                "-inkey",
                "server.key",
                "-out",
                "server.p12",
                "-passout",
                "pass:");
        Files.writeString(folder.resolve("index.txt"), "");
        Files.writeString(folder.resolve("crlnumber"), "01\n");
        Files.writeString(
                folder.resolve("ca.cnf"),
                "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=30\n");
        List<String> ca = List.of("openssl", "ca", "-config", "ca.cnf", "-keyfile", "ca.key", "-cert", "ca.pem");
        all.run(ca, "-revoke", "revoked.pem");
        all.run(ca, "-gencrl", "-out", "crl.pem");
        all.run("sh", "-c", "chmod 600 *.key *.p12");
    }

    private void selfSigned(String name, String subject) throws IOException, InterruptedException {
        run(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                name + ".key",
                "-out",
                name + ".pem",
                "-days",
                "30",
                "-subj",
                subject);
    }

    private void signed(String name, String ca, String extension) throws IOException, InterruptedException {
        Files.writeString(folder.resolve(name + ".ext"), extension + "\n");
        run(
                "openssl",
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                name + ".key",
                "-out",
                name + ".csr",
                "-subj",
                "/CN=" + name);
        run(
                "openssl",
                "x509",
                "-req",
                "-in",
                name + ".csr",
                "-CA",
                ca + ".pem",
                "-CAkey",
                ca + ".key",
                "-CAcreateserial",
                "-days",
                "30",
                "-out",
                name + ".pem",
                "-extfile",
                name + ".ext");
    }

    private void run(List<String> begin, String... rest) throws IOException, InterruptedException {
        run(java.util.stream.Stream.concat(begin.stream(), java.util.Arrays.stream(rest))
                .toArray(String[]::new));
    }

    private void run(String... command) throws IOException, InterruptedException {
        Path log = folder.resolve("openssl.log");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(List.of(command) + ": " + Files.readString(log));
        }
    }
}
