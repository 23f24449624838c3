package dev.weir.mysql;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import org.jspecify.annotations.Nullable;

/** How a client proves that it knows a password. */
final class Scramble {
    static final String NATIVE = "mysql_native_password";
    static final String SHA2 = "caching_sha2_password";

    /** How passwords are sealed; as OpenSSL does it by default. */
    static final String OAEP = "RSA/ECB/OAEPWithSHA-1AndMGF1Padding";

    private static final String BEGIN = "-----BEGIN PUBLIC KEY-----";
    private static final String END = "-----END PUBLIC KEY-----";

    private Scramble() {}

    /** The answer to the server's {@code salt} of 20 bytes, or null for a plugin that is none of the two above. */
    static byte @Nullable [] of(String plugin, byte[] password, byte[] salt) throws GeneralSecurityException {
        if (!plugin.equals(NATIVE) && !plugin.equals(SHA2)) {
            return null;
        }
        if (password.length == 0) {
            return password;
        }
        boolean old = plugin.equals(NATIVE);
        MessageDigest digest = MessageDigest.getInstance(old ? "SHA-1" : "SHA-256");
        byte[] once = digest.digest(password);
        byte[] twice = digest.digest(once);
        // The order of salt and hash is the only other difference.
        digest.update(old ? salt : twice);
        return xor(once, digest.digest(old ? twice : salt));
    }

    /** The password for a server that has not seen it yet, sealed with that server's public key (PEM). */
    static byte[] sealed(byte[] password, byte[] salt, String pem) throws GeneralSecurityException {
        int from = pem.indexOf(BEGIN);
        int to = pem.indexOf(END);
        if (from < 0 || to < from || salt.length == 0) {
            throw new GeneralSecurityException("no public key in PEM");
        }
        byte[] encoded;
        try {
            encoded = Base64.getMimeDecoder().decode(pem.substring(from + BEGIN.length(), to));
        } catch (IllegalArgumentException e) {
            throw new GeneralSecurityException("no public key in PEM", e);
        }
        PublicKey key = KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(encoded));
        byte[] mixed = Arrays.copyOf(password, password.length + 1); // with the NUL at its end
        mix(mixed, salt);
        Cipher cipher = Cipher.getInstance(OAEP);
        cipher.init(Cipher.ENCRYPT_MODE, key);
        byte[] sealed = cipher.doFinal(mixed);
        Arrays.fill(mixed, (byte) 0);
        return sealed;
    }

    /** Mixes a password with {@code salt}, or takes it out again. */
    static void mix(byte[] password, byte[] salt) {
        for (int i = 0; i < password.length; i++) {
            password[i] ^= salt[i % salt.length];
        }
    }

    private static byte[] xor(byte[] a, byte[] b) {
        byte[] mixed = new byte[a.length];
        for (int i = 0; i < a.length; i++) {
            mixed[i] = (byte) (a[i] ^ b[i]);
        }
        return mixed;
    }

    /** A text from {@code from} on. */
    static String text(byte[] payload, int from) {
        return new String(payload, from, payload.length - from, StandardCharsets.US_ASCII);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
