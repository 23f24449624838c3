package dev.weir.proxy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** The one certificate of the demo's listeners, made for the occasion by the JDK's keytool. */
final class DemoCertificate {
    private static final long KEYTOOL_SECONDS = 60;
    private static final String PASSWORD = "weir-demo";
    private static final List<String> KEY = List.of(
            "-genkeypair",
            "-keyalg",
            "EC",
            "-groupname",
            "secp256r1",
            "-dname",
            "CN=localhost",
            "-ext",
            "san=dns:localhost,ip:127.0.0.1",
            "-validity",
            "30",
            "-storetype",
            "PKCS12");

    private final Path keys;
    private final Path authority;

    private DemoCertificate(Path folder) {
        this.keys = folder.resolve("server.p12");
        this.authority = folder.resolve("ca.pem");
    }

    /** Makes it for who asks first; the others wait for it. For any thread. */
    static final class Once {
        private @Nullable DemoCertificate made;

        /**
         * The certificate, in the demo's folder.
         *
         * @throws IOException if there is no keytool, or it fails
         */
        synchronized DemoCertificate in(DemoHome home) throws IOException, InterruptedException {
            DemoCertificate certificate = made;
            if (certificate == null) {
                certificate = make(home);
                made = certificate;
            }
            return certificate;
        }
    }

    private static DemoCertificate make(DemoHome home) throws IOException, InterruptedException {
        Path folder = home.folder("tls");
        DemoCertificate certificate = new DemoCertificate(folder);
        certificate.keytool(home, folder, KEY);
        certificate.keytool(home, folder, List.of("-exportcert", "-rfc", "-file", certificate.authority.toString()));
        return certificate;
    }

    private void keytool(DemoHome home, Path folder, List<String> arguments) throws IOException, InterruptedException {
        Path program = Path.of(System.getProperty("java.home"), "bin", "keytool");
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(arguments);
        command.addAll(List.of("-alias", "weir", "-keystore", keys.toString(), "-storepass", PASSWORD));
        Path log = folder.resolve("keytool.log");
        Process process = home.start(folder, log, command);
        if (!process.waitFor(KEYTOOL_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(
                    "keytool made no certificate: " + Files.readString(log).strip());
        }
    }

    /** As an element of {@code certificates} in a file. */
    Map<String, Object> element() {
        return Map.of("pkcs12", keys.toString(), "password", PASSWORD);
    }

    /** What clients trust. */
    Path authority() {
        return authority;
    }

    /** For clients that trust it and nothing else. */
    SSLContext trusting() throws IOException, GeneralSecurityException {
        return trusting(authority);
    }

    /** The same, from the file that is named to people. */
    static SSLContext trusting(Path authority) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = Files.newInputStream(authority)) {
            store.setCertificateEntry(
                    "weir", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
