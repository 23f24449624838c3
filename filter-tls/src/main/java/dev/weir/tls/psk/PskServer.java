package dev.weir.tls.psk;

import dev.weir.core.tls.TlsSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Hashtable;
import java.util.List;
import java.util.Locale;
import java.util.Vector;
import org.bouncycastle.tls.AbstractTlsServer;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.BasicTlsPSKExternal;
import org.bouncycastle.tls.NameType;
import org.bouncycastle.tls.NamedGroup;
import org.bouncycastle.tls.PRFAlgorithm;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.PskIdentity;
import org.bouncycastle.tls.SecurityParameters;
import org.bouncycastle.tls.ServerName;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsExtensionsUtils;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsPSKExternal;
import org.bouncycastle.tls.TlsPSKIdentityManager;
import org.bouncycastle.tls.crypto.TlsCrypto;
import org.jspecify.annotations.Nullable;

/** What a server decides: keys alone, never certificates. An identity that is unknown fails where a wrong key would. */
final class PskServer extends AbstractTlsServer implements PskPeer {
    private final PskSecrets secrets;
    private final PskTls.Limits limits;
    private @Nullable String identity;
    private @Nullable String serverName;
    private boolean done;

    PskServer(TlsCrypto crypto, PskSecrets secrets, PskTls.Limits limits) {
        super(crypto);
        this.secrets = secrets;
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

    @Override
    protected boolean preferLocalCipherSuites() {
        return true;
    }

    @Override
    public int[] getSupportedGroups() {
        return limits.choice().groups();
    }

    /** By itself BouncyCastle looks only at what the client has, with TLS 1.2. */
    @Override
    protected int selectECDH(int leastBits) {
        for (int group : common()) {
            if (NamedGroup.getCurveBits(group) >= leastBits) {
                return group;
            }
        }
        return -1;
    }

    /** What decides whether suites with ECDHE can be had. */
    @Override
    protected int getMaximumNegotiableCurveBits() {
        return Arrays.stream(common()).map(NamedGroup::getCurveBits).max().orElse(0);
    }

    /** The groups of both sides in our order; without a word of the client's, ours. */
    private int[] common() {
        int[] offered = context.getSecurityParametersHandshake().getClientSupportedGroups();
        int[] own = limits.choice().groups();
        return offered == null
                ? own
                : Arrays.stream(own)
                        .filter(group -> Arrays.stream(offered).anyMatch(one -> one == group))
                        .toArray();
    }

    private byte[] key(byte[] said) {
        PskSecrets.Entry entry = secrets.find(said);
        byte[] known = entry == null ? null : entry.key();
        byte[] nobody = secrets.nobody();
        identity = entry == null ? null : entry.name();
        return known == null ? nobody : known;
    }

    /** TLS 1.2. */
    @Override
    public TlsPSKIdentityManager getPSKIdentityManager() {
        return new TlsPSKIdentityManager() {
            @Override
            public byte @Nullable [] getHint() {
                return null;
            }

            @Override
            public byte[] getPSK(byte[] said) {
                return key(said);
            }
        };
    }

    /** TLS 1.3: the first identity that is known, else the first one. */
    @Override
    @SuppressWarnings("JdkObsolete") // BouncyCastle's interface
    public @Nullable TlsPSKExternal getExternalPSK(@SuppressWarnings("rawtypes") Vector identities) {
        byte @Nullable [] first = null;
        for (Object one : identities) {
            byte[] said = ((PskIdentity) one).getIdentity();
            first = first == null ? said : first;
            if (secrets.find(said) != null) {
                return external(said);
            }
        }
        return first == null ? null : external(first);
    }

    private TlsPSKExternal external(byte[] said) {
        return new BasicTlsPSKExternal(said, getCrypto().createSecret(key(said)), PRFAlgorithm.tls13_hkdf_sha256);
    }

    @Override
    public @Nullable TlsCredentials getCredentials() throws IOException {
        if (ProtocolVersion.TLSv13.equals(context.getServerVersion())) {
            // A client that offers no key gets here.
            throw new TlsFatalAlert(AlertDescription.handshake_failure);
        }
        return null;
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
                identity,
                null);
    }

    /** BouncyCastle forgets it when the handshake is done. */
    @Override
    public void processClientExtensions(@SuppressWarnings("rawtypes") @Nullable Hashtable extensions)
            throws IOException {
        super.processClientExtensions(extensions);
        Vector<?> names = extensions == null ? null : TlsExtensionsUtils.getServerNameExtensionClient(extensions);
        if (names != null) {
            for (Object one : names) {
                if (one instanceof ServerName name && name.getNameType() == NameType.host_name) {
                    serverName = new String(name.getNameData(), StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
                }
            }
        }
    }
}
