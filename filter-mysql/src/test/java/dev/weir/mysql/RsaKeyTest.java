package dev.weir.mysql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/** The key that clients without TLS seal their passwords with. */
final class RsaKeyTest {
    private static final byte[] NONCE = "abcdefghijklmnopqrst".getBytes(StandardCharsets.US_ASCII);
    /** Bytes of PKCS #8 around the key of PKCS #1, for 2,048 bits. */
    private static final int PKCS8_HEAD = 26;

    private static byte[] secret() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        return generator.generateKeyPair().getPrivate().getEncoded();
    }

    private static String pem(String what, byte[] der) {
        return "-----BEGIN " + what + "-----\n" + Base64.getMimeEncoder().encodeToString(der) + "\n-----END " + what
                + "-----\n";
    }

    private static byte[] password(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String ascii(byte[] bytes) {
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    @Test
    void opensWhatWasSealedWithIt() throws GeneralSecurityException {
        RsaKey key = new RsaKey(Runnable::run, null);
        byte[] sealed = Scramble.sealed(
                password("pässword, longer than the nonce"),
                NONCE,
                ascii(key.pem().join()));

        assertThat(key.open(sealed, NONCE).join()).isEqualTo(password("pässword, longer than the nonce\0"));
    }

    @Test
    void doesNotOpenWhatWasSealedForAnotherConnectionOrWithAnotherKey() throws GeneralSecurityException {
        RsaKey key = new RsaKey(Runnable::run, null);
        byte[] sealed =
                Scramble.sealed(password("secret"), NONCE, ascii(key.pem().join()));
        byte[] other = NONCE.clone();
        other[6] ^= 1;

        assertThatThrownBy(() -> key.open(sealed, other).join()).isInstanceOf(CompletionException.class);
        assertThatThrownBy(() ->
                        new RsaKey(Runnable::run, null).open(sealed, NONCE).join())
                .isInstanceOf(CompletionException.class);
        assertThatThrownBy(() -> key.open(new byte[0], NONCE).join()).isInstanceOf(CompletionException.class);
        assertThatThrownBy(() -> key.open(new byte[5_000], NONCE).join()).isInstanceOf(CompletionException.class);
    }

    @Test
    void readsBothFormsOfFiles() throws GeneralSecurityException {
        byte[] secret = secret();
        byte[] old = Arrays.copyOfRange(secret, PKCS8_HEAD, secret.length);

        RsaKey.Pair one = RsaKey.read(pem("PRIVATE KEY", secret));
        RsaKey.Pair other = RsaKey.read("# of the server\n" + pem("RSA PRIVATE KEY", old));

        assertThat(other.pem()).isEqualTo(one.pem());
        assertThat(ascii(one.pem()))
                .startsWith("-----BEGIN PUBLIC KEY-----\n")
                .endsWith("\n-----END PUBLIC KEY-----\n");
        assertThat(other.secret()).isEqualTo(one.secret());
    }

    @Test
    void readsNothingElse() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        byte[] curve = generator.generateKeyPair().getPrivate().getEncoded();

        assertThatThrownBy(() -> RsaKey.read("")).isInstanceOf(GeneralSecurityException.class);
        assertThatThrownBy(() -> RsaKey.read(pem("PRIVATE KEY", curve))).isInstanceOf(GeneralSecurityException.class);
        assertThatThrownBy(() -> RsaKey.read(pem("RSA PRIVATE KEY", curve)))
                .isInstanceOf(GeneralSecurityException.class);
        assertThatThrownBy(() -> RsaKey.read(pem("ENCRYPTED PRIVATE KEY", curve)))
                .isInstanceOf(GeneralSecurityException.class);
        assertThatThrownBy(() -> RsaKey.read(pem("PRIVATE KEY", new byte[] {1, 2, 3})))
                .isInstanceOf(GeneralSecurityException.class);
    }

    @Test
    void failsWhereTooManyWait() {
        RsaKey key = new RsaKey(
                task -> {
                    throw new RejectedExecutionException("full");
                },
                null);

        assertThat(key.pem()).isCompletedExceptionally();
        assertThat(key.open(new byte[256], NONCE)).isCompletedExceptionally();
    }
}
