package dev.weir.tls;

import dev.weir.core.tls.TlsSupport;
import java.security.GeneralSecurityException;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads the files of one section again: as a whole or not at all; counts and logs what came of it. */
final class Reloads {
    private static final Logger LOG = LoggerFactory.getLogger(Reloads.class);

    private final TlsSupport.Scope scope;
    private final TlsMetrics metrics;

    Reloads(TlsSupport.Scope scope, TlsMetrics metrics) {
        this.scope = scope;
        this.metrics = metrics;
    }

    /** Takes up what the files hold now, or throws and leaves all as it was. */
    @FunctionalInterface
    interface Step {
        void run() throws TlsFileException, GeneralSecurityException, SSLException;
    }

    void run(Step step) {
        try {
            step.run();
            metrics.reloaded(true);
            LOG.info("files of TLS reloaded {}={}", scope.kind(), scope.name());
        } catch (TlsFileException | GeneralSecurityException | SSLException | RuntimeException e) {
            metrics.reloaded(false);
            LOG.warn(
                    "files of TLS not reloaded, what they held before stays in use {}={}: {}",
                    scope.kind(),
                    scope.name(),
                    String.valueOf(e.getMessage()));
        }
    }
}
