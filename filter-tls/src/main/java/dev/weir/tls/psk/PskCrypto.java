package dev.weir.tls.psk;

import java.io.IOException;
import java.security.SecureRandom;
import org.bouncycastle.jcajce.util.DefaultJcaJceHelper;
import org.bouncycastle.tls.EncryptionAlgorithm;
import org.bouncycastle.tls.crypto.TlsCipher;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.bouncycastle.tls.crypto.impl.TlsAEADCipher;
import org.bouncycastle.tls.crypto.impl.bc.BcChaCha20Poly1305;
import org.bouncycastle.tls.crypto.impl.jcajce.JcaTlsCrypto;

/** The JDK's algorithms, which use what the processor has for them; but for ChaCha20, which is not there in the form that is asked for. */
final class PskCrypto extends JcaTlsCrypto {
    private static final int KEY_BYTES = 32;
    private static final int TAG_BYTES = 16;

    PskCrypto() {
        super(new DefaultJcaJceHelper(), new SecureRandom(), new SecureRandom());
    }

    @Override
    public boolean hasEncryptionAlgorithm(int encryptionAlgorithm) {
        return encryptionAlgorithm == EncryptionAlgorithm.CHACHA20_POLY1305
                || super.hasEncryptionAlgorithm(encryptionAlgorithm);
    }

    @Override
    public TlsCipher createCipher(TlsCryptoParameters parameters, int encryptionAlgorithm, int macAlgorithm)
            throws IOException {
        if (encryptionAlgorithm != EncryptionAlgorithm.CHACHA20_POLY1305) {
            return super.createCipher(parameters, encryptionAlgorithm, macAlgorithm);
        }
        return new TlsAEADCipher(
                parameters,
                new BcChaCha20Poly1305(true),
                new BcChaCha20Poly1305(false),
                KEY_BYTES,
                TAG_BYTES,
                TlsAEADCipher.AEAD_CHACHA20_POLY1305,
                null);
    }
}
