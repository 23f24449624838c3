package dev.weir.tls.psk;

import dev.weir.core.tls.TlsSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Vector;
import org.bouncycastle.tls.AbstractTlsClient;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.BasicTlsPSKExternal;
import org.bouncycastle.tls.NamedGroupRole;
import org.bouncycastle.tls.PRFAlgorithm;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.SecurityParameters;
import org.bouncycastle.tls.ServerName;
import org.bouncycastle.tls.ServerOnlyTlsAuthentication;
import org.bouncycastle.tls.TlsAuthentication;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsPSK;
import org.bouncycastle.tls.TlsPSKIdentity;
import org.bouncycastle.tls.TlsServerCertificate;
import org.bouncycastle.tls.crypto.TlsCrypto;
import org.jspecify.annotations.Nullable;

/** What a client says: one identity. A server that shows a certificate instead is none to talk to. */
@SuppressWarnings("JdkObsolete") // BouncyCastle's interface is of the time of Vector
final class PskClient extends AbstractTlsClient implements PskPeer {
    private final PskSecrets.Entry entry;
    private final @Nullable String serverName;
    private final PskTls.Limits limits;
    private boolean done;

    PskClient(TlsCrypto crypto, PskSecrets.Entry entry, @Nullable String serverName, PskTls.Limits limits) {
        super(crypto);
        this.entry = entry;
        this.serverName = serverName;
        this.limits = limits;
    }

    @Override
    protected ProtocolVersion[] getSupportedVersions() {
        return limits.versions();
    }

    @Override
    protected int[] getSupportedCipherSuites() {
        return limits.choice().suites();
    }

    /** Those of curves are asked for wherever there is a suite that needs one. */
    @Override
    protected Vector<Integer> getSupportedGroups(@SuppressWarnings("rawtypes") Vector roles) {
        Vector<Integer> groups = new Vector<>();
        if (roles.contains(NamedGroupRole.ecdh)) {
            for (int group : limits.choice().groups()) {
                groups.add(group);
            }
        }
        return groups;
    }

    @Override
    protected @Nullable Vector<ServerName> getSNIServerNames() {
        if (serverName == null) {
            return null;
        }
        Vector<ServerName> names = new Vector<>();
        names.add(new ServerName((short) 0, serverName.getBytes(StandardCharsets.US_ASCII)));
        return names;
    }

    /** TLS 1.2. */
    @Override
    public TlsPSKIdentity getPSKIdentity() {
        return new TlsPSKIdentity() {
            @Override
            public void skipIdentityHint() {}

            @Override
            public void notifyIdentityHint(byte[] hint) {}

            @Override
            public byte[] getPSKIdentity() {
                return entry.identity();
            }

            @Override
            public byte[] getPSK() {
                return entry.key();
            }
        };
    }

    /** TLS 1.3. */
    @Override
    public Vector<TlsPSK> getExternalPSKs() {
        Vector<TlsPSK> keys = new Vector<>();
        keys.add(new BasicTlsPSKExternal(
                entry.identity(), getCrypto().createSecret(entry.key()), PRFAlgorithm.tls13_hkdf_sha256));
        return keys;
    }

    @Override
    public void notifySelectedPSK(@Nullable TlsPSK selected) throws IOException {
        if (selected == null) {
            throw new TlsFatalAlert(AlertDescription.handshake_failure, "the server did not take the key");
        }
    }

    @Override
    public TlsAuthentication getAuthentication() {
        return new ServerOnlyTlsAuthentication() {
            @Override
            public void notifyServerCertificate(TlsServerCertificate certificate) throws IOException {
                throw new TlsFatalAlert(AlertDescription.bad_certificate, "a certificate in the place of a key");
            }
        };
    }

    @Override
    public void notifyHandshakeComplete() throws IOException {
        super.notifyHandshakeComplete();
        done = true;
    }

    @Override
    public boolean isDone() {
        return done;
    }

    @Override
    public TlsSession session() {
        SecurityParameters found = context.getSecurityParametersConnection();
        return new TlsSession(
                found.getNegotiatedVersion().getName().replace("TLS ", "TLSv"),
                PskSuite.name(found.getCipherSuite()),
                serverName,
                null,
                false,
                true,
                List.of(),
                entry.name(),
                null);
    }
}
