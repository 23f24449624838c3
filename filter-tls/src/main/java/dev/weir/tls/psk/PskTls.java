package dev.weir.tls.psk;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.tls.ClientHello;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import io.netty.channel.Channel;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.crypto.TlsCrypto;
import org.jspecify.annotations.Nullable;

/**
 * TLS by keys known before, as one {@code psk} section says. Shared by all loops; {@link #reload} may be called on any thread, and what is under way goes on with
 * the keys it began with. For the module's own use.
 */
public final class PskTls {
    private static final long MAX_FILE = 1 << 20;

    private final Path file;
    private final @Nullable String identity;
    private final TlsCrypto crypto = new PskCrypto();
    private volatile PskSecrets secrets;

    private PskTls(Path file, @Nullable String identity, PskSecrets secrets) {
        this.file = file;
        this.identity = identity;
        this.secrets = secrets;
    }

    /**
     * What stands beside {@code psk} in its {@code tls} section.
     *
     * @param minVersion {@code TLSv1.2} or {@code TLSv1.3}
     * @param maxVersion the same; not less
     * @param handshakeTimeout how long a handshake may take
     * @param maxHandshakes how many may be under way on one event loop
     * @param choice cipher suites and groups
     */
    public record Limits(
            String minVersion, String maxVersion, Duration handshakeTimeout, int maxHandshakes, PskChoice choice) {
        ProtocolVersion[] versions() {
            boolean old = minVersion.equals("TLSv1.2");
            boolean young = maxVersion.equals("TLSv1.3");
            return old && young
                    ? ProtocolVersion.TLSv13.downTo(ProtocolVersion.TLSv12)
                    : (young ? ProtocolVersion.TLSv13 : ProtocolVersion.TLSv12).only();
        }
    }

    /**
     * Reads {@code { secrets: FILE, identity: NAME }} and the file, off the event loops; problems are reported there.
     *
     * @return null if there are some
     */
    public static @Nullable PskTls configure(ConfigNode psk) {
        String file = psk.string("secrets");
        String identity = psk.has("identity") ? psk.string("identity") : null;
        psk.rejectUnknown();
        if (file.isEmpty()) {
            return null;
        }
        try {
            Path path = Path.of(file);
            PskSecrets secrets = read(path);
            if (secrets.named(identity) == null) {
                psk.error("identity", "\"" + identity + "\" (expected: one of those in " + file + ")");
                return null;
            }
            return new PskTls(path, identity, secrets);
        } catch (IOException e) {
            psk.error("secrets", "\"" + file + "\" cannot be read: " + e + " (expected: a file of lines IDENTITY:KEY)");
        } catch (IllegalArgumentException e) {
            psk.error("secrets", "\"" + file + "\", " + e.getMessage());
        }
        return null;
    }

    private static PskSecrets read(Path path) throws IOException {
        if (Files.size(path) > MAX_FILE) {
            throw new IllegalArgumentException("more than " + MAX_FILE + " bytes");
        }
        return PskSecrets.parse(Files.readString(path, StandardCharsets.UTF_8));
    }

    /** The file with the keys, to be watched. */
    public Path file() {
        return file;
    }

    /**
     * Reads the file again; for new handshakes. Blocks.
     *
     * @return null, or why the keys of before stay
     */
    public @Nullable String reload() {
        try {
            PskSecrets read = read(file);
            if (read.named(identity) == null) {
                return "no identity \"" + identity + '"';
            }
            secrets = read;
            return null;
        } catch (IOException | IllegalArgumentException e) {
            return e instanceof IOException ? e.toString() : String.valueOf(e.getMessage());
        }
    }

    /** How many identities there are. */
    public int size() {
        return secrets.size();
    }

    /** Toward clients: whoever knows the key of one of the identities. */
    public TlsServer server(Limits limits) {
        return new TlsServer() {
            @Override
            public boolean needsHello() {
                return false;
            }

            @Override
            public TlsHandler handler(Channel channel, @Nullable ClientHello hello) {
                PskServer peer = new PskServer(crypto, secrets, limits);
                return new PskHandler(new PskProtocol.Server(peer), limits.handshakeTimeout());
            }

            @Override
            public int maxHandshakes() {
                return limits.maxHandshakes();
            }
        };
    }

    /** Toward upstreams: as the one identity. */
    public TlsClient client(Limits limits) {
        return new TlsClient() {
            @Override
            public TlsHandler handler(Channel channel, Address address, @Nullable String name) {
                PskSecrets.Entry entry = secrets.named(identity);
                if (entry == null) {
                    throw new IllegalStateException("an identity that was looked for before");
                }
                String host = name == null ? address.host() : name;
                boolean named =
                        !address.isUnix() && !NetUtil.isValidIpV4Address(host) && !NetUtil.isValidIpV6Address(host);
                PskClient peer = new PskClient(crypto, entry, named ? host.toLowerCase(Locale.ROOT) : null, limits);
                return new PskHandler(new PskProtocol.Client(peer), limits.handshakeTimeout());
            }

            @Override
            public String verification() {
                return "psk";
            }
        };
    }
}
