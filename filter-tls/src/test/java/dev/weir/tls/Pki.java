package dev.weir.tls;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Authorities and certificates of a test, in files and in memory. */
public final class Pki {
    private final Path folder;
    private final X509Bundle root;

    Pki(Path folder) throws Exception {
        this(folder, "Weir Test Root");
    }

    Pki(Path folder, String name) throws Exception {
        this.folder = folder;
        this.root =
                builder("CN=" + name).ecp256().setIsCertificateAuthority(true).buildSelfSigned();
        write(path(name.replace(' ', '-') + "-ca.pem"), root.getCertificatePEM());
        write(path("ca.pem"), root.getCertificatePEM());
    }

    private static CertificateBuilder builder(String subject) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        return new CertificateBuilder()
                .subject(subject)
                .notBefore(now.minus(1, ChronoUnit.DAYS))
                .notAfter(now.plus(30, ChronoUnit.DAYS));
    }

    Path path(String name) {
        return folder.resolve(name);
    }

    X509Bundle root() {
        return root;
    }

    /** A certificate on P-256 for a host, as {@code NAME.pem} and {@code NAME.key}. */
    X509Bundle server(String name, String... hosts) throws Exception {
        return issue(name, b -> {
            b.ecp256();
            for (String host : hosts) {
                if (Character.isDigit(host.charAt(0))) {
                    b.addSanIpAddress(host);
                } else {
                    b.addSanDnsName(host);
                }
            }
            return b;
        });
    }

    /** Any certificate issued by the root. */
    X509Bundle issue(String name, UnaryOperator<CertificateBuilder> details) throws Exception {
        X509Bundle bundle = details.apply(builder("CN=" + name).serial(new BigInteger(64, new SecureRandom())))
                .buildIssuedBy(root);
        files(name, bundle);
        return bundle;
    }

    /** One that nobody issued. */
    X509Bundle selfSigned(String name, UnaryOperator<CertificateBuilder> details) throws Exception {
        X509Bundle bundle = details.apply(builder("CN=" + name).ecp256().setIsCertificateAuthority(true))
                .buildSelfSigned();
        files(name, bundle);
        return bundle;
    }

    private void files(String name, X509Bundle bundle) throws IOException {
        write(path(name + ".pem"), bundle.getCertificatePEM());
        write(path(name + ".key"), bundle.getPrivateKeyPEM());
    }

    static void write(Path file, String text) throws IOException {
        Files.writeString(file, text);
    }

    /** For JDK sockets: trusts the root, and shows {@code own} where asked. */
    SSLContext context(@Nullable X509Bundle own) throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("ca", root.getCertificate());
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own == null ? null : keys(own), trust.getTrustManagers(), null);
        return context;
    }

    static KeyManager[] keys(X509Bundle own) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        List<Certificate> chain = new ArrayList<>(List.of(own.getCertificatePath()));
        store.setKeyEntry("own", own.getKeyPair().getPrivate(), new char[0], chain.toArray(new Certificate[0]));
        KeyManagerFactory keys = KeyManagerFactory.getInstance("NewSunX509");
        keys.init(store, new char[0]);
        return keys.getKeyManagers();
    }

    /** Trusts everybody. */
    static TrustManager[] anybody() {
        return io.netty.handler.ssl.util.InsecureTrustManagerFactory.INSTANCE.getTrustManagers();
    }
}
