package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;

/** The Redis of the demo once more, for clients that encrypt: with a certificate made for the occasion by the JDK's keytool. */
final class DemoTls implements DemoGuest {
    private static final int PORT = 6383;
    private static final long KEYTOOL_SECONDS = 60;
    private static final String PASSWORD = "weir-demo";

    private final Path folder;
    private final Address redis;

    private DemoTls(Path folder, Address redis) {
        this.folder = folder;
        this.redis = redis;
    }

    /**
     * Makes the certificate.
     *
     * @param redis the address of the demo's first Redis, once it is there
     * @throws IOException if there is no keytool, or it fails
     */
    static DemoTls start(DemoHome home, CompletableFuture<Address> redis) throws IOException, InterruptedException {
        Path folder = home.folder("tls");
        keytool(
                home,
                folder,
                List.of(
                        "-genkeypair",
                        "-alias",
                        "weir",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost,ip:127.0.0.1",
                        "-validity",
                        "30",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        folder.resolve("server.p12").toString(),
                        "-storepass",
                        PASSWORD));
        keytool(
                home,
                folder,
                List.of(
                        "-exportcert",
                        "-rfc",
                        "-alias",
                        "weir",
                        "-keystore",
                        folder.resolve("server.p12").toString(),
                        "-storepass",
                        PASSWORD,
                        "-file",
                        folder.resolve("ca.pem").toString()));
        try {
            return new DemoTls(folder, redis.get());
        } catch (ExecutionException e) {
            throw new IOException("there is no Redis", e);
        }
    }

    private static void keytool(DemoHome home, Path folder, List<String> arguments)
            throws IOException, InterruptedException {
        Path program = Path.of(System.getProperty("java.home"), "bin", "keytool");
        List<String> command = new java.util.ArrayList<>(List.of(program.toString()));
        command.addAll(arguments);
        Path log = folder.resolve("keytool.log");
        Process process = home.start(folder, log, command);
        if (!process.waitFor(KEYTOOL_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException(
                    "keytool made no certificate: " + Files.readString(log).strip());
        }
    }

    @Override
    public int port() {
        return PORT;
    }

    @Override
    public QuickStart.Front front(Address listen) {
        Map<String, Object> certificate =
                Map.of("pkcs12", folder.resolve("server.p12").toString(), "password", PASSWORD);
        return new QuickStart.Front(
                "redis-tls",
                listen,
                Map.of("certificates", List.of(certificate)),
                List.of(Map.of("type", "redis_stats"), Map.of("type", "tcp_proxy", "cluster", "redis-tls")),
                Map.of("name", "redis-tls", "endpoints", List.of(redis.toString())));
    }

    @Override
    public String title() {
        return "the same Redis, for clients that encrypt (TLS, with a certificate made by itself)";
    }

    @Override
    public String yourself(Address listen) {
        return "redis-cli --tls --cacert " + folder.resolve("ca.pem") + " -p " + listen.port();
    }

    @Override
    public Traffic begin(Address proxy, Consumer<String> news) throws IOException {
        try {
            return new Shoppers(proxy, trusting(folder.resolve("ca.pem")));
        } catch (GeneralSecurityException | JedisException e) {
            throw new IOException("Redis does not answer through Weir's TLS: " + e.getMessage(), e);
        }
    }

    private static SSLSocketFactory trusting(Path certificate) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = Files.newInputStream(certificate)) {
            store.setCertificateEntry(
                    "weir", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context.getSocketFactory();
    }

    /** Clients that come, ask a few times, and leave; their sessions are resumed. */
    private static final class Shoppers implements Traffic {
        private static final long MILLIS = 100;
        private static final int QUESTIONS = 20;

        private final Address proxy;
        private final SSLSocketFactory sockets;
        private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "demo-tls");
            thread.setDaemon(true);
            return thread;
        });

        Shoppers(Address proxy, SSLSocketFactory sockets) {
            this.proxy = proxy;
            this.sockets = sockets;
            visit();
            executor.scheduleWithFixedDelay(this::tryVisit, MILLIS, MILLIS, TimeUnit.MILLISECONDS);
        }

        private void visit() {
            try (Jedis jedis =
                    new Jedis(this::socket, DefaultJedisClientConfig.builder().build())) {
                for (int i = 0; i < QUESTIONS; i++) {
                    jedis.hget("product:" + i, "price");
                }
                jedis.incr("visits");
            }
        }

        private Socket socket() {
            try {
                return sockets.createSocket(proxy.host(), proxy.port());
            } catch (IOException e) {
                throw new JedisConnectionException(e);
            }
        }

        private void tryVisit() {
            try {
                visit();
            } catch (JedisException e) {
                // The demo ends.
                executor.shutdown();
            }
        }

        @Override
        public void close() {
            executor.shutdownNow();
        }
    }
}
