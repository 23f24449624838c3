package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.ClosedChannelException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLHandshakeException;
import javax.security.auth.x500.X500Principal;
import org.junit.jupiter.api.Test;

class StunnelWordsTest {
    private static Throwable distrust(String message) {
        SSLHandshakeException failure = new SSLHandshakeException("General OpenSslEngine problem");
        failure.initCause(new CertificateException(message));
        return failure;
    }

    @Test
    void findsTheWordsThatScriptsLookFor() {
        assertThat(StunnelWords.of(distrust("unknown_ca: CN=x"))).startsWith("certificate verify failed");
        assertThat(StunnelWords.of(distrust("revoked: CN=x"))).startsWith("certificate revoked");
        assertThat(StunnelWords.of(new SSLHandshakeException(
                        "error:100000c0:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE")))
                .startsWith("peer did not return a certificate");
        assertThat(StunnelWords.of(new ClosedChannelException())).isEqualTo("Peer suddenly disconnected");
    }

    @Test
    void isNotMisledByTheNameOfAPeer() {
        assertThat(StunnelWords.of(distrust("certificate is none of those trusted: CN=revoked")))
                .startsWith("certificate verify failed");
        assertThat(StunnelWords.of(distrust("something else: CN=unknown_ca"))).doesNotContain("verify failed");
    }

    @Test
    void tellsTlsFromTheNetwork() {
        assertThat(StunnelWords.isTls(new IllegalStateException(distrust("x")))).isTrue();
        assertThat(StunnelWords.isTls(new java.net.ConnectException("refused"))).isFalse();
    }

    @Test
    void writesSubjectsAsOpenSslDoes() {
        assertThat(StunnelWords.name(new X500Principal("CN=me, O=\"My, Org\", C=PL")))
                .isEqualTo("C=PL, O=\"My, Org\", CN=me");
        assertThat(StunnelWords.name(new X500Principal("CN=\"a\nLOG3\"")))
                .as("no lines of its own")
                .doesNotContain("\n");
    }
}
