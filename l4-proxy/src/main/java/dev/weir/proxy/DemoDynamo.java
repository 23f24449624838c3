package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.File;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A DynamoDB for the demo: its vendor's DynamoDB Local, a process of its own with a class path of its own. Its licence
 * lets nobody pass it on, so it comes from outside: {@link #PLACE} names the folder of the vendor's download, or a file
 * with a class path, which {@code ./weir} has from Maven. Its data is in memory and goes with it.
 */
final class DemoDynamo implements DemoGuest {
    /** The environment variable that says where it is. */
    static final String PLACE = "WEIR_DYNAMODB_LOCAL";

    private static final int PORT = 8_001;
    private static final String JAR = "DynamoDBLocal.jar";
    private static final String MAIN = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner";
    private static final String DOWNLOAD = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
            + "DynamoDBLocal.DownloadingAndRunning.html";
    private static final int ATTEMPTS = 3;
    private static final long START_SECONDS = 60;

    private final Address address;

    private DemoDynamo(Address address) {
        this.address = address;
    }

    /**
     * Starts one, which takes seconds; it ends with {@code home}.
     *
     * @throws IOException in one line, if there is none, or it does not run
     */
    static DemoDynamo start(DemoHome home) throws IOException, InterruptedException {
        return start(home, System.getenv(PLACE));
    }

    /** The same, from where {@code place} says. */
    static DemoDynamo start(DemoHome home, @Nullable String place) throws IOException, InterruptedException {
        List<String> program = program(place);
        for (int attempt = 1; ; attempt++) {
            try {
                return start(home, program);
            } catch (IOException e) {
                // Between the choice of a port and its use another program may take it.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** What Java is to run, and with which libraries. */
    private static List<String> program(@Nullable String place) throws IOException {
        if (place == null || place.isBlank()) {
            throw new IOException("Weir may not bring Amazon's DynamoDB Local along; get it from " + DOWNLOAD
                    + " and name its folder in " + PLACE);
        }
        Path where = Path.of(place);
        if (Files.isDirectory(where)) {
            Path jar = where.resolve(JAR).toAbsolutePath();
            if (!Files.isRegularFile(jar)) {
                throw new IOException("there is no " + JAR + " in " + where + ", which " + PLACE + " names");
            }
            return List.of("-Djava.library.path=" + jar.resolveSibling("DynamoDBLocal_lib"), "-jar", jar.toString());
        }
        if (!Files.isRegularFile(where)) {
            throw new IOException("there is no " + where + ", which " + PLACE + " names");
        }
        String classPath = Files.readString(where).strip();
        for (String entry : classPath.split(File.pathSeparator, -1)) {
            if (!Files.exists(Path.of(entry))) {
                throw new IOException("there is no " + entry + ", which " + where + " names");
            }
        }
        return List.of("-cp", classPath, MAIN);
    }

    private static DemoDynamo start(DemoHome home, List<String> program) throws IOException, InterruptedException {
        Path folder = home.folder("dynamodb");
        Path log = folder.resolve("server.log");
        int port = DemoHome.freePort();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // It is to start soon and to stay small.
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-Djava.io.tmpdir=" + folder));
        command.addAll(program);
        // Without the last one it tells its vendor. It has no option for an address: it listens on all of them.
        command.addAll(List.of("-port", Integer.toString(port), "-inMemory", "-sharedDb", "-disableTelemetry"));
        Process process = home.start(folder, log, command);
        try {
            await(process, new Address("127.0.0.1", port), log);
            return new DemoDynamo(new Address("127.0.0.1", port));
        } catch (IOException e) {
            DemoHome.kill(process);
            throw e;
        }
    }

    private static void await(Process process, Address address, Path log) throws IOException, InterruptedException {
        DemoDynamoClient client = new DemoDynamoClient(address, "demo");
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!process.waitFor(50, TimeUnit.MILLISECONDS)) {
            try {
                DemoDynamoClient.Answer tables = client.call("ListTables", "{}");
                // Another server may have been faster with the port; a new one is empty.
                if (tables.isWell() && tables.body().contains("\"TableNames\":[]") && process.isAlive()) {
                    return;
                }
                throw new IOException("another server is on " + address);
            } catch (ConnectException notYet) {
                if (System.nanoTime() > until) {
                    throw new IOException(
                            "DynamoDB Local did not answer within " + START_SECONDS + " s: " + DemoHome.lastLine(log));
                }
            }
        }
        throw new IOException("DynamoDB Local ended with " + process.exitValue() + ": " + DemoHome.lastLine(log));
    }

    /** Where it answers. */
    Address address() {
        return address;
    }

    @Override
    public int port() {
        return PORT;
    }

    @Override
    public QuickStart.Front front(Address listen) {
        return new QuickStart.Front(
                "dynamodb",
                listen,
                List.of(Map.of(
                        "type",
                        "http",
                        // Requests are signed: nothing is added or changed.
                        "observe",
                        true,
                        "dynamodb",
                        true,
                        "routes",
                        List.of(Map.of("cluster", "dynamodb")))),
                Map.of("name", "dynamodb", "endpoints", List.of(address.toString())));
    }

    @Override
    public String title() {
        return "DynamoDB Local on port " + address.port() + " (of all addresses: it has no option for one)";
    }

    @Override
    public String yourself(Address listen) {
        return "AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo aws dynamodb scan --table-name " + DemoCarts.PRODUCTS
                + " --limit 3 --region local --endpoint-url http://" + listen;
    }

    @Override
    public Traffic begin(Address proxy, Consumer<String> news) throws IOException {
        return DemoCarts.start(address, proxy);
    }
}
