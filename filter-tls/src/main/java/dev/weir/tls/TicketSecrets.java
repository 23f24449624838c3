package dev.weir.tls;

import dev.weir.core.config.ConfigNode;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Keys of session tickets (RFC 5077 §4, RFC 8446 §4.6.1). What files or the configuration give is shared by all that have it; else there is one secret of the process, renewed
 * every {@value #RENEWED_HOURS} hours, with two older ones that still open tickets. Each context gets keys of its own, derived from the secret and from what it
 * trusts: a ticket of one is nothing to another.
 */
final class TicketSecrets {
    static final int RENEWED_HOURS = 12;

    private static final long RENEWED_NANOS = RENEWED_HOURS * 3_600_000_000_000L;
    private static final int KEPT = 3;
    private static final int SECRET = 48;
    private static final int SHORTEST = 32;
    private static final TicketSecrets PROCESS = new TicketSecrets();

    private final SecureRandom random = new SecureRandom();
    private final Deque<byte[]> secrets = new ArrayDeque<>();
    private long renewed;

    private TicketSecrets() {}

    /** The secrets of this process, newest first. */
    static List<byte[]> ofProcess(long nanos) {
        return PROCESS.current(nanos);
    }

    private synchronized List<byte[]> current(long nanos) {
        if (secrets.isEmpty() || nanos - renewed >= RENEWED_NANOS) {
            byte[] fresh = new byte[SECRET];
            random.nextBytes(fresh);
            secrets.addFirst(fresh);
            renewed = nanos;
            if (secrets.size() > KEPT) {
                secrets.removeLast();
            }
        }
        return List.copyOf(secrets);
    }

    /**
     * Where secrets come from.
     *
     * @param file holds the bytes; null where they are given
     * @param given the bytes, or null
     */
    record Source(@Nullable Path file, byte @Nullable [] given) {
        static List<Source> list(ConfigNode node, String key) {
            List<Source> found = new ArrayList<>();
            for (ConfigNode one : node.list(key)) {
                if (one.isMap()) {
                    ConfigNode secret = one.required("secret");
                    found.add(new Source(null, secret.as(Source::bytes, new byte[SECRET])));
                    one.rejectUnknown();
                } else {
                    found.add(new Source(TrustSettings.existing(one), null));
                }
            }
            return found;
        }

        private static byte[] bytes(String text) {
            try {
                byte[] bytes = HexFormat.of().parseHex(text.replace(":", ""));
                if (bytes.length >= SHORTEST) {
                    return bytes;
                }
            } catch (IllegalArgumentException e) {
                // falls through to the message, which must not show it
            }
            throw new IllegalArgumentException("(expected: at least 32 bytes in hexadecimal)");
        }

        byte[] load() throws TlsFileException {
            if (given != null) {
                return given;
            }
            Path from = file == null ? Path.of("") : file;
            byte[] bytes = PemFiles.bytes(from);
            if (bytes.length < SECRET) {
                throw new TlsFileException(
                        from, "has " + bytes.length + " bytes (expected: 48 or 80 random ones)", null);
            }
            return bytes;
        }
    }

    /** The keys of one context, the one that encrypts first. */
    static OpenSslSessionTicketKey[] derive(List<byte[]> secrets, byte[] policy) {
        OpenSslSessionTicketKey[] keys = new OpenSslSessionTicketKey[secrets.size()];
        for (int i = 0; i < keys.length; i++) {
            byte[] secret = secrets.get(i);
            keys[i] = new OpenSslSessionTicketKey(
                    Arrays.copyOf(mac(secret, "name", policy), OpenSslSessionTicketKey.NAME_SIZE),
                    Arrays.copyOf(mac(secret, "hmac", policy), OpenSslSessionTicketKey.HMAC_KEY_SIZE),
                    Arrays.copyOf(mac(secret, "aes", policy), OpenSslSessionTicketKey.AES_KEY_SIZE));
        }
        return keys;
    }

    private static byte[] mac(byte[] secret, String label, byte[] policy) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update(label.getBytes(StandardCharsets.US_ASCII));
            return mac.doFinal(policy);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no HMAC", e);
        }
    }
}
