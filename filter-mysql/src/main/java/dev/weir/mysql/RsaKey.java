package dev.weir.mysql;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import org.jspecify.annotations.Nullable;

/**
 * The key that clients without TLS seal passwords with, where Weir passes them on over TLS. Made when the first client asks for it, unless
 * one is given. From any thread; the work is done on {@code executor}.
 */
final class RsaKey {
    private static final int BITS = 2_048;
    private static final int LINE = 64;
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN (RSA )?PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END (RSA )?PRIVATE KEY-----");
    /** DER: version 0 and the algorithm rsaEncryption without parameters (RFC 5208, RFC 8017). */
    private static final byte[] PKCS8_HEAD = {
        2, 1, 0, 0x30, 13, 6, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 13, 1, 1, 1, 5, 0
    };

    private static final int SEQUENCE = 0x30;
    private static final int OCTETS = 4;

    /**
     * Both halves.
     *
     * @param secret opens
     * @param pem seals; as a server sends it
     */
    record Pair(PrivateKey secret, byte[] pem) {
        static Pair of(RSAPrivateCrtKey secret) throws GeneralSecurityException {
            byte[] der = KeyFactory.getInstance("RSA")
                    .generatePublic(new RSAPublicKeySpec(secret.getModulus(), secret.getPublicExponent()))
                    .getEncoded();
            Base64.Encoder lines = Base64.getMimeEncoder(LINE, new byte[] {'\n'});
            String text = "-----BEGIN PUBLIC KEY-----\n" + lines.encodeToString(der) + "\n-----END PUBLIC KEY-----\n";
            return new Pair(secret, text.getBytes(StandardCharsets.US_ASCII));
        }
    }

    private final Executor executor;
    private @Nullable CompletableFuture<Pair> pair;

    RsaKey(Executor executor, @Nullable Pair given) {
        this.executor = executor;
        this.pair = given == null ? null : CompletableFuture.completedFuture(given);
    }

    /**
     * Reads a private key in PEM, of PKCS #8 or, as older servers have theirs, of PKCS #1.
     *
     * @throws GeneralSecurityException if it is none
     */
    static Pair read(String text) throws GeneralSecurityException {
        Matcher pem = PEM.matcher(text);
        if (!pem.find()) {
            throw new InvalidKeySpecException("no PRIVATE KEY in PEM");
        }
        byte[] der;
        try {
            der = Base64.getMimeDecoder().decode(pem.group(2));
        } catch (IllegalArgumentException e) {
            throw new InvalidKeySpecException("no base64 in PEM", e);
        }
        byte[] pkcs8 = pem.group(1) == null ? der : der(SEQUENCE, PKCS8_HEAD, der(OCTETS, der));
        PrivateKey key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        if (!(key instanceof RSAPrivateCrtKey secret)) {
            throw new InvalidKeySpecException("an RSA key without its factors");
        }
        return Pair.of(secret);
    }

    private static byte[] der(int tag, byte[]... parts) {
        int length = Arrays.stream(parts).mapToInt(p -> p.length).sum();
        byte[] size = length < 0x80 ? new byte[] {(byte) length} : longSize(length);
        byte[] made = new byte[1 + size.length + length];
        made[0] = (byte) tag;
        System.arraycopy(size, 0, made, 1, size.length);
        int at = 1 + size.length;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, made, at, part.length);
            at += part.length;
        }
        return made;
    }

    private static byte[] longSize(int length) {
        byte[] digits = BigInteger.valueOf(length).toByteArray();
        int zeros = digits[0] == 0 ? 1 : 0;
        byte[] size = new byte[1 + digits.length - zeros];
        size[0] = (byte) (0x80 | digits.length - zeros);
        System.arraycopy(digits, zeros, size, 1, digits.length - zeros);
        return size;
    }

    /** The public half. */
    CompletableFuture<byte[]> pem() {
        return pair().thenApply(Pair::pem);
    }

    private synchronized CompletableFuture<Pair> pair() {
        if (pair == null || pair.isCompletedExceptionally()) {
            pair = run(RsaKey::make);
        }
        return pair;
    }

    private static Pair make() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(BITS);
        return Pair.of((RSAPrivateCrtKey) generator.generateKeyPair().getPrivate());
    }

    /** A password, with the zero at its end; fails if it was not sealed with this key and {@code nonce}. The caller's to wipe. */
    CompletableFuture<byte[]> open(byte[] sealed, byte[] nonce) {
        return pair().thenCompose(keys -> run(() -> open(keys.secret(), sealed, nonce)));
    }

    private static byte[] open(PrivateKey secret, byte[] sealed, byte[] nonce) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance(Scramble.OAEP);
        cipher.init(Cipher.DECRYPT_MODE, secret);
        byte[] password = cipher.doFinal(sealed);
        Scramble.mix(password, nonce);
        if (password.length == 0 || password[password.length - 1] != 0) {
            Arrays.fill(password, (byte) 0);
            throw new GeneralSecurityException("sealed for another connection");
        }
        return password;
    }

    private interface Work<T> {
        T run() throws GeneralSecurityException;
    }

    private <T> CompletableFuture<T> run(Work<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            executor.execute(() -> {
                try {
                    result.complete(work.run());
                } catch (GeneralSecurityException | RuntimeException e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(e);
        }
        return result;
    }
}
