package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLSocketFactory;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;

/** The Redis of the demo once more, for clients that encrypt. */
final class DemoTls implements DemoGuest {
    private static final int PORT = 6383;

    private final DemoCertificate certificate;
    private final Address redis;

    private DemoTls(DemoCertificate certificate, Address redis) {
        this.certificate = certificate;
        this.redis = redis;
    }

    /**
     * Has the certificate made.
     *
     * @param redis the address of the demo's first Redis, once it is there
     * @throws IOException if there is no certificate
     */
    static DemoTls start(DemoHome home, DemoCertificate.Once certificate, CompletableFuture<Address> redis)
            throws IOException, InterruptedException {
        try {
            return new DemoTls(certificate.in(home), redis.get());
        } catch (ExecutionException e) {
            throw new IOException("there is no Redis", e);
        }
    }

    @Override
    public int port() {
        return PORT;
    }

    @Override
    public QuickStart.Front front(Address listen) {
        return new QuickStart.Front(
                "redis-tls",
                listen,
                Map.of("certificates", List.of(certificate.element())),
                List.of(Map.of("type", "redis_stats"), Map.of("type", "tcp_proxy", "cluster", "redis-tls")),
                Map.of("name", "redis-tls", "endpoints", List.of(redis.toString())));
    }

    @Override
    public String title() {
        return "the same Redis, for clients that encrypt (TLS, with a certificate made by itself)";
    }

    @Override
    public String yourself(Address listen) {
        return "redis-cli --tls --cacert " + certificate.authority() + " -p " + listen.port();
    }

    @Override
    public Traffic begin(Address proxy, Consumer<String> news) throws IOException {
        try {
            return new Shoppers(proxy, certificate.trusting().getSocketFactory());
        } catch (GeneralSecurityException | JedisException e) {
            throw new IOException("Redis does not answer through Weir's TLS: " + e.getMessage(), e);
        }
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
