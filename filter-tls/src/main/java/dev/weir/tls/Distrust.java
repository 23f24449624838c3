package dev.weir.tls;

import java.io.Serial;
import java.security.cert.CertificateException;
import org.jspecify.annotations.Nullable;

/** A peer's certificate is not what is demanded. The message names the certificate and why. */
final class Distrust extends CertificateException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final Failure failure;

    Distrust(Failure failure, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.failure = failure;
    }

    Failure failure() {
        return failure;
    }
}
