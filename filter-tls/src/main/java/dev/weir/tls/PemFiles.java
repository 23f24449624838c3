package dev.weir.tls;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.bc.BcPEMDecryptorProvider;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8DecryptorProviderBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.PKCSException;
import org.jspecify.annotations.Nullable;

/** Reads certificates, keys and lists of revoked certificates. Everything that is wrong becomes a {@link TlsFileException} with a message for people. */
final class PemFiles {
    private static final long LONGEST = 64 << 20;
    private static final Pattern CERTIFICATE = Pattern.compile(
            "-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END (?:X509 |TRUSTED )?CERTIFICATE-----",
            Pattern.DOTALL);
    private static final Pattern CRL =
            Pattern.compile("-----BEGIN X509 CRL-----(.*?)-----END X509 CRL-----", Pattern.DOTALL);

    private PemFiles() {}

    /** A chain with its key. */
    record Identity(List<X509Certificate> chain, PrivateKey key) {}

    /** All certificates of a PEM file, in their order, or the one of a DER file. At least one. */
    static List<X509Certificate> certificates(Path file) throws TlsFileException {
        byte[] bytes = bytes(file);
        List<X509Certificate> found = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            List<byte[]> encoded = blocks(bytes, CERTIFICATE);
            for (byte[] one : encoded.isEmpty() && bytes.length > 0 && bytes[0] == 0x30 ? List.of(bytes) : encoded) {
                found.add((X509Certificate) factory.generateCertificate(new java.io.ByteArrayInputStream(one)));
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new TlsFileException(file, "holds a certificate that cannot be read: " + e.getMessage(), e);
        }
        if (found.isEmpty()) {
            throw new TlsFileException(file, "holds no certificate (expected: PEM, or one in DER)", null);
        }
        return found;
    }

    /** All certificates of a folder as {@code openssl rehash} makes it; files that hold none are passed over. */
    static List<X509Certificate> certificatesIn(Path folder) throws TlsFileException {
        List<X509Certificate> found = new ArrayList<>();
        for (Path file : files(folder)) {
            found.addAll(orNone(file, PemFiles::certificates));
        }
        return found;
    }

    /** How one kind of things is read. */
    private interface Reading<T> {
        List<T> of(Path file) throws TlsFileException;
    }

    /** In a folder lie certificates, lists of revoked ones, and what has nothing to do with either. */
    private static <T> List<T> orNone(Path file, Reading<T> reading) {
        try {
            return reading.of(file);
        } catch (TlsFileException notOne) {
            return List.of();
        }
    }

    /** All lists of a PEM file, or the one of a DER file. At least one. */
    static List<X509CRL> revocations(Path file) throws TlsFileException {
        byte[] bytes = bytes(file);
        List<X509CRL> found = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            List<byte[]> encoded = blocks(bytes, CRL);
            for (byte[] one : encoded.isEmpty() && bytes.length > 0 && bytes[0] == 0x30 ? List.of(bytes) : encoded) {
                found.add((X509CRL) factory.generateCRL(new java.io.ByteArrayInputStream(one)));
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new TlsFileException(
                    file, "holds a list of revoked certificates that cannot be read: " + e.getMessage(), e);
        }
        if (found.isEmpty()) {
            throw new TlsFileException(
                    file, "holds no list of revoked certificates (expected: PEM, or one in DER)", null);
        }
        return found;
    }

    static List<X509CRL> revocationsIn(Path folder) throws TlsFileException {
        List<X509CRL> found = new ArrayList<>();
        for (Path file : files(folder)) {
            found.addAll(orNone(file, PemFiles::revocations));
        }
        return found;
    }

    /** A private key of PKCS #8, PKCS #1 or SEC 1, encrypted or not; the first one of the file. */
    static PrivateKey key(Path file, char @Nullable [] password) throws TlsFileException {
        String text = new String(bytes(file), StandardCharsets.ISO_8859_1);
        try (Reader reader = new StringReader(text);
                PEMParser parser = new PEMParser(reader)) {
            for (Object one = parser.readObject(); one != null; one = parser.readObject()) {
                PrivateKeyInfo key = info(file, one, password);
                if (key != null) {
                    return new JcaPEMKeyConverter().getPrivateKey(key);
                }
            }
        } catch (IOException | OperatorCreationException | PKCSException | IllegalArgumentException e) {
            throw new TlsFileException(
                    file,
                    "holds a private key that cannot be read" + (password == null ? "" : " (wrong password?)"),
                    e);
        }
        throw new TlsFileException(file, "holds no private key (expected: PEM)", null);
    }

    private static @Nullable PrivateKeyInfo info(Path file, Object one, char @Nullable [] password)
            throws TlsFileException, IOException, OperatorCreationException, PKCSException {
        boolean encrypted = one instanceof PEMEncryptedKeyPair || one instanceof PKCS8EncryptedPrivateKeyInfo;
        if (encrypted && password == null) {
            throw new TlsFileException(
                    file, "holds an encrypted private key (expected: password or password_file beside it)", null);
        }
        if (one instanceof PEMEncryptedKeyPair pair) {
            return pair.decryptKeyPair(new BcPEMDecryptorProvider(password)).getPrivateKeyInfo();
        }
        if (one instanceof PKCS8EncryptedPrivateKeyInfo secret) {
            return secret.decryptPrivateKeyInfo(new JceOpenSSLPKCS8DecryptorProviderBuilder()
                    .setProvider(new BouncyCastleProvider())
                    .build(password));
        }
        if (one instanceof PEMKeyPair pair) {
            return pair.getPrivateKeyInfo();
        }
        return one instanceof PrivateKeyInfo plain ? plain : null;
    }

    /** The first key with its chain of a PKCS #12 file. */
    static Identity pkcs12(Path file, char @Nullable [] password) throws TlsFileException {
        byte[] bytes = bytes(file);
        char[] secret = password == null ? new char[0] : password;
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new java.io.ByteArrayInputStream(bytes), secret);
            for (String alias : Collections.list(store.aliases())) {
                if (store.isKeyEntry(alias) && store.getKey(alias, secret) instanceof PrivateKey key) {
                    List<X509Certificate> chain = new ArrayList<>();
                    for (Certificate one : store.getCertificateChain(alias)) {
                        chain.add((X509Certificate) one);
                    }
                    return new Identity(chain, key);
                }
            }
        } catch (IOException | GeneralSecurityException e) {
            throw new TlsFileException(
                    file, "cannot be read as PKCS #12" + (e.getCause() == null ? " (wrong password?)" : ""), e);
        }
        throw new TlsFileException(file, "holds no private key", null);
    }

    /** Whether it looks like PKCS #12, not PEM. */
    static boolean isPkcs12(Path file) {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            return in.read() == 0x30 && !String.valueOf(file.getFileName()).endsWith(".der");
        } catch (IOException e) {
            return false;
        }
    }

    /** The first line of a file; what is behind it is no part of a password. */
    static char[] password(Path file) throws TlsFileException {
        String text = new String(bytes(file), StandardCharsets.UTF_8);
        int end = text.indexOf('\n');
        String line = end < 0 ? text : text.substring(0, end);
        return (line.endsWith("\r") ? line.substring(0, line.length() - 1) : line).toCharArray();
    }

    static byte[] bytes(Path file) throws TlsFileException {
        try {
            if (Files.size(file) > LONGEST) {
                throw new TlsFileException(file, "is larger than 64 MiB", null);
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new TlsFileException(file, "does not exist", e);
        } catch (IOException e) {
            throw new TlsFileException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static List<Path> files(Path folder) throws TlsFileException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            for (Path one : all) {
                if (Files.isRegularFile(one)) {
                    found.add(one);
                }
            }
        } catch (IOException e) {
            throw new TlsFileException(folder, "is no folder that can be read", e);
        }
        Collections.sort(found);
        return found;
    }

    private static List<byte[]> blocks(byte[] bytes, Pattern pattern) {
        List<byte[]> found = new ArrayList<>();
        Matcher blocks = pattern.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
        while (blocks.find()) {
            found.add(java.util.Base64.getMimeDecoder().decode(blocks.group(1)));
        }
        return found;
    }
}
