package dev.weir.testbeds;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * DynamoDB Local, the vendor's own server, on a free port, with its data in memory. It is a process of its own with a
 * class path of its own, which Maven makes ({@code pom.xml}, {@code dynamodb-local}): it wants other versions of Netty,
 * Jackson and SLF4J than Weir, and its licence does not let it become a part of other programs. It brings its native
 * library along and puts it into the bed's folder. It has no option for an address, so it listens on all of them.
 *
 * <p>All credentials and regions see the same tables.
 */
public final class DynamoBed implements AutoCloseable {
    private static final String CLASS_PATH = "dynamodb-local.classpath";
    private static final String MAIN = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner";
    private static final int ATTEMPTS = 3;
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private final int port;
    private final Path folder;
    private final Thread hook = new Thread(this::end, "dynamo-bed-end");

    private DynamoBed(Process process, int port, Path folder) {
        this.process = process;
        this.port = port;
        this.folder = folder;
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Starts a server and waits until it answers. */
    public static DynamoBed start() throws IOException, InterruptedException {
        String classPath = classPath();
        for (int attempt = 1; ; attempt++) {
            DynamoBed bed = start(classPath);
            if (bed.answers()) {
                return bed;
            }
            String log = bed.log();
            bed.close();
            // Between the choice of a port and its use another program may take it.
            if (attempt == ATTEMPTS) {
                throw new IOException("DynamoDB Local does not answer: " + log);
            }
        }
    }

    private static String classPath() throws IOException {
        try (InputStream file = DynamoBed.class.getClassLoader().getResourceAsStream(CLASS_PATH)) {
            if (file != null) {
                return new String(file.readAllBytes(), StandardCharsets.UTF_8).strip();
            }
        }
        // Where tests were compiled without Maven, one that it made before.
        Path made = Path.of("target", "test-classes", CLASS_PATH);
        if (!Files.exists(made)) {
            throw new IOException("no " + CLASS_PATH + ": Maven makes it with the classes of the tests of testbeds");
        }
        return Files.readString(made).strip();
    }

    private static DynamoBed start(String classPath) throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path folder = Files.createTempDirectory("weir-dynamodb-");
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // It is to start soon and to stay small.
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-Djava.io.tmpdir=" + folder,
                "-cp",
                classPath,
                MAIN,
                "-inMemory",
                "-sharedDb",
                // Else it tells its vendor.
                "-disableTelemetry",
                "-port",
                Integer.toString(port));
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        return new DynamoBed(process, port, folder);
    }

    private boolean answers() throws InterruptedException {
        HttpClient client = HttpClient.newBuilder()
                .connectTimeout(Duration.ofSeconds(PATIENCE_SECONDS))
                .build();
        HttpRequest tables = HttpRequest.newBuilder(endpoint())
                .timeout(Duration.ofSeconds(PATIENCE_SECONDS))
                .header("X-Amz-Target", "DynamoDB_20120810.ListTables")
                .header("Content-Type", "application/x-amz-json-1.0")
                .header(
                        "Authorization",
                        "AWS4-HMAC-SHA256 Credential=bed/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (process.isAlive() && System.nanoTime() < deadline) {
            try {
                return client.send(tables, HttpResponse.BodyHandlers.ofString()).statusCode() == 200;
            } catch (IOException notYet) {
                Thread.sleep(20);
            }
        }
        return false;
    }

    /** Where its clients find it. */
    public URI endpoint() {
        return URI.create("http://" + address());
    }

    /** Where it listens. */
    public String address() {
        return "127.0.0.1:" + port;
    }

    /** The port it listens on. */
    public int port() {
        return port;
    }

    /** What it has printed. */
    public String log() throws IOException {
        return Files.readString(folder.resolve("log"), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending: the hook runs, or has run.
        }
        end();
    }

    private void end() {
        process.destroyForcibly();
        try {
            process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            // A temporary folder: the system clears it some time.
        }
    }
}
