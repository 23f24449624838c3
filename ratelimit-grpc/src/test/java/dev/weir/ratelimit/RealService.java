package dev.weir.ratelimit;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import redis.embedded.RedisServer;

/** The rate limit service of the Envoy project, with a Redis of its own, as {@code testbeds/install-servers.sh} installs it. */
final class RealService implements AutoCloseable {
    private final RedisServer redis;
    private final int redisPort;
    private final Path root;
    private final int port;
    private final Map<String, String> more;
    private Process process;

    private RealService(Path folder, String rules, Map<String, String> more) throws IOException {
        this.more = more;
        root = folder;
        Path config = Files.createDirectories(folder.resolve("ratelimit/config"));
        Files.writeString(config.resolve("weir.yaml"), rules);
        redisPort = freePort();
        redis = RedisServer.newRedisServer()
                .port(redisPort)
                .setting("save \"\"")
                .build();
        redis.start();
        port = freePort();
        try {
            process = launch();
        } catch (IOException | RuntimeException e) {
            redis.stop();
            throw e;
        }
    }

    /** Whether it is installed here; says so if not. */
    static boolean installed() {
        boolean there = Files.isExecutable(binary());
        if (!there) {
            System.out.println("SKIPPED-NEEDS: " + binary());
        }
        return there;
    }

    private static Path binary() {
        String tools = System.getenv("WEIR_TOOLS");
        return (tools == null || tools.isEmpty()
                        ? Path.of(System.getProperty("user.home"), ".cache", "weir-tools")
                        : Path.of(tools))
                .resolve("ratelimit")
                .resolve("service_cmd");
    }

    static RealService start(Path folder, String rules) throws IOException {
        return new RealService(folder, rules, Map.of());
    }

    /** With TLS, also toward its clients: of their certificates it knows {@code ca}. */
    static RealService startWithTls(Path folder, String rules, String certificate, String key, String ca)
            throws IOException {
        return new RealService(
                folder,
                rules,
                Map.of(
                        "GRPC_SERVER_USE_TLS",
                        "true",
                        "GRPC_SERVER_TLS_CERT",
                        certificate,
                        "GRPC_SERVER_TLS_KEY",
                        key,
                        "GRPC_CLIENT_TLS_CACERT",
                        ca));
    }

    int port() {
        return port;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private Process launch() throws IOException {
        int http = freePort();
        ProcessBuilder builder = new ProcessBuilder(binary().toString()).redirectErrorStream(true);
        builder.redirectOutput(
                ProcessBuilder.Redirect.appendTo(root.resolve("log").toFile()));
        builder.environment()
                .putAll(Map.of(
                        "USE_STATSD",
                        "false",
                        "REDIS_SOCKET_TYPE",
                        "tcp",
                        "REDIS_URL",
                        "127.0.0.1:" + redisPort,
                        "RUNTIME_ROOT",
                        root.toString(),
                        "RUNTIME_SUBDIRECTORY",
                        "ratelimit",
                        "RUNTIME_WATCH_ROOT",
                        "false",
                        "GRPC_PORT",
                        String.valueOf(port),
                        "PORT",
                        String.valueOf(http),
                        "DEBUG_PORT",
                        String.valueOf(freePort()),
                        "LOG_LEVEL",
                        "warn"));
        builder.environment().putAll(more);
        Process started = builder.start();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!answers("http://127.0.0.1:" + http + "/healthcheck") || !answers()) {
            if (!started.isAlive() || System.nanoTime() > end) {
                started.destroyForcibly();
                throw new IOException("did not start: " + Files.readString(root.resolve("log")));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
        return started;
    }

    private static boolean answers(String url) {
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) URI.create(url).toURL().openConnection();
            connection.setReadTimeout(1_000);
            return connection.getResponseCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private boolean answers() {
        try (java.net.Socket socket = new java.net.Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** It stands still, as if it were slow, or goes on. */
    void suspended(boolean stop) throws Exception {
        int code = new ProcessBuilder("kill", stop ? "-STOP" : "-CONT", String.valueOf(process.pid()))
                .start()
                .waitFor();
        if (code != 0) {
            throw new IOException("kill: " + code);
        }
    }

    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Begins again on the same port, with what was counted before. */
    void restart() throws IOException {
        process = launch();
    }

    @Override
    public void close() throws IOException {
        @Nullable Process last = process;
        if (last != null) {
            last.destroyForcibly().onExit().join();
        }
        redis.stop();
    }
}
