package dev.weir.mysql;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The filter {@code mysql_tls}: ends the TLS that clients of MySQL and MariaDB ask for within the protocol, and begins it with servers in the same
 * way; either, or both.
 */
public final class MysqlTlsFactory implements FilterFactory {
    /** Passwords that may wait to be opened; further ones are refused. */
    private static final int QUEUE = 1_024;

    private static final int IDLE_SECONDS = 10;
    /** Longest file with a key. */
    private static final int KEY_FILE = 64 << 10;

    /** For ServiceLoader. */
    public MysqlTlsFactory() {}

    @Override
    public String type() {
        return "mysql_tls";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        TlsServer clients = config.has("client_tls") ? environment.tlsServer(config.section("client_tls")) : null;
        TlsClient upstreams = config.has("upstream_tls") ? environment.tlsClient(config.section("upstream_tls")) : null;
        check(config);
        if (clients != null && clients.unauthorizedCluster() != null) {
            config.section("client_tls")
                    .error(
                            "on_unauthorized",
                            "a cluster (expected: close; the server has spoken before the client is known)");
        }
        ThreadPoolExecutor executor =
                new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(QUEUE), task -> {
                    Thread thread = new Thread(task, "weir-mysql-rsa");
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
        environment.onClose(executor::shutdown);
        TlsSettings settings = new TlsSettings(
                clients,
                config.bool("require_client_tls", false),
                upstreams,
                mode(config),
                new RsaKey(executor, key(config)),
                new TlsCounters(environment));
        return loop -> {
            TlsSettings.Handshakes handshakes = new TlsSettings.Handshakes();
            return connection -> new MysqlTls(settings, handshakes);
        };
    }

    private static void check(ConfigNode config) {
        boolean clients = config.has("client_tls");
        boolean upstreams = config.has("upstream_tls");
        if (!clients && !upstreams) {
            config.error("neither client_tls nor upstream_tls (expected: at least one)");
        }
        if (!clients && config.bool("require_client_tls", false)) {
            config.error("require_client_tls", "true without client_tls (expected: both)");
        }
        if (!upstreams && config.has("upstream_mode")) {
            config.error("upstream_mode", "without upstream_tls (expected: both)");
        }
        if (!clients && mode(config) == TlsSettings.Mode.AS_CLIENT) {
            config.error("upstream_mode", "as_client without client_tls (expected: both)");
        }
        if (!upstreams && config.has("rsa_private_key")) {
            config.error(
                    "rsa_private_key",
                    "without upstream_tls (expected: both; it opens passwords of clients without TLS for servers with TLS)");
        }
    }

    private static TlsSettings.Mode mode(ConfigNode config) {
        String word = config.oneOf(
                "upstream_mode",
                TlsSettings.Mode.REQUIRED.word(),
                Arrays.stream(TlsSettings.Mode.values())
                        .map(TlsSettings.Mode::word)
                        .toList());
        return Arrays.stream(TlsSettings.Mode.values())
                .filter(m -> m.word().equals(word))
                .findFirst()
                .orElse(TlsSettings.Mode.REQUIRED);
    }

    private static RsaKey.@Nullable Pair key(ConfigNode config) {
        String file = config.string("rsa_private_key", null);
        if (file == null) {
            return null;
        }
        String expected = " (expected: the file of an RSA private key in PEM, not encrypted)";
        try {
            Path path = Path.of(file);
            if (Files.size(path) > KEY_FILE) {
                config.error("rsa_private_key", "\"" + file + "\": too long" + expected);
                return null;
            }
            return RsaKey.read(Files.readString(path));
        } catch (NoSuchFileException e) {
            config.error("rsa_private_key", "\"" + file + "\" does not exist");
        } catch (IOException | InvalidPathException e) {
            config.error("rsa_private_key", "\"" + file + "\" cannot be read: " + e + expected);
        } catch (GeneralSecurityException e) {
            config.error("rsa_private_key", "\"" + file + "\": " + e.getMessage() + expected);
        }
        return null;
    }
}
