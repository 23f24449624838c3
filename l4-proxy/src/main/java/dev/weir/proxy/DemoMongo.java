package dev.weir.proxy;

import com.mongodb.MongoClientSettings;
import com.mongodb.MongoException;
import com.mongodb.MongoInterruptedException;
import com.mongodb.ServerAddress;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoDatabase;
import com.mongodb.connection.ClusterConnectionMode;
import dev.weir.core.config.Address;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.bson.Document;

/**
 * A server for the demo that speaks MongoDB's protocol: an installed {@code mongod}, in the demo's folder, or else the
 * mongo-java-server in a jar, which is no MongoDB but stands in for one. It ends with the demo.
 */
final class DemoMongo implements DemoGuest {
    /** The database of the sample traffic. */
    static final String DATABASE = "shop";

    private static final int PORT = 27_018;
    private static final long START_SECONDS = 60;
    private static final int POLL_MILLIS = 500;
    private static final int CONNECT_MILLIS = 5_000;
    private static final int ATTEMPTS = 3;

    private final Address address;
    private final String title;

    private DemoMongo(Address address, String title) {
        this.address = address;
        this.title = title;
    }

    /**
     * Starts one; it ends with {@code home}.
     *
     * @throws IOException in one line, if neither runs
     */
    static DemoMongo start(DemoHome home) throws IOException, InterruptedException {
        String reason = "mongod is not installed";
        Path mongod = DemoHome.find("mongod");
        if (mongod != null) {
            try {
                return installed(home, mongod);
            } catch (IOException e) {
                reason = String.valueOf(e.getMessage()).replace('\n', ' ');
            }
        }
        try {
            return new DemoMongo(DemoMongoServer.start(home), "mongo-java-server");
        } catch (LinkageError e) {
            throw new IOException(reason + "; mongo-java-server is not on the class path", e);
        }
    }

    private static DemoMongo installed(DemoHome home, Path mongod) throws IOException, InterruptedException {
        Path folder = home.folder("mongo");
        Path data = Files.createDirectory(folder.resolve("data"));
        Path log = folder.resolve("server.log");
        for (int attempt = 1; ; attempt++) {
            int port = DemoHome.freePort();
            Process process = home.start(folder, log, command(mongod, data, port));
            try {
                return await(process, new Address("127.0.0.1", port), log);
            } catch (IOException e) {
                DemoHome.kill(process);
                // Between the choice of a port and its use another program may take it.
                if (attempt == ATTEMPTS) {
                    DemoHome.delete(folder);
                    throw e;
                }
            }
        }
    }

    private static List<String> command(Path mongod, Path data, int port) {
        return List.of(
                mongod.toString(),
                "--port",
                Integer.toString(port),
                "--bind_ip",
                "127.0.0.1",
                "--dbpath",
                data.toString(),
                "--nounixsocket",
                "--quiet",
                "--wiredTigerCacheSizeGB",
                "0.25");
    }

    private static DemoMongo await(Process process, Address address, Path log)
            throws IOException, InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        try (MongoClient client = connect(address, "demo", POLL_MILLIS)) {
            MongoDatabase admin = client.getDatabase("admin");
            while (!process.waitFor(50, TimeUnit.MILLISECONDS)) {
                try {
                    // Another server may have been faster with the port.
                    Object pid =
                            admin.runCommand(new Document("serverStatus", 1)).get("pid");
                    if (!(pid instanceof Number number) || number.longValue() != process.pid()) {
                        throw new IOException("another server is on " + address);
                    }
                    Document build = admin.runCommand(new Document("buildInfo", 1));
                    return new DemoMongo(address, "a real MongoDB " + build.getString("version"));
                } catch (MongoInterruptedException e) {
                    throw new InterruptedException();
                } catch (MongoException e) {
                    if (System.nanoTime() > until) {
                        throw new IOException(
                                "mongod did not answer within " + START_SECONDS + " s: " + DemoHome.lastLine(log));
                    }
                }
            }
        }
        throw new IOException("mongod ended with " + process.exitValue() + ": " + DemoHome.lastLine(log));
    }

    /**
     * A client of the server, or of it through Weir. No member of a replica set is looked for: it would be found beside
     * Weir.
     *
     * @param app name that the client gives itself
     */
    static MongoClient connect(Address to, String app) {
        return connect(to, app, CONNECT_MILLIS);
    }

    private static MongoClient connect(Address to, String app, int millis) {
        return MongoClients.create(MongoClientSettings.builder()
                .applicationName(app)
                .applyToClusterSettings(cluster -> cluster.mode(ClusterConnectionMode.SINGLE)
                        .hosts(List.of(new ServerAddress(to.host(), to.port())))
                        .serverSelectionTimeout(millis, TimeUnit.MILLISECONDS))
                .applyToConnectionPoolSettings(pool -> pool.maxSize(2))
                .build());
    }

    @Override
    public int port() {
        return PORT;
    }

    @Override
    public QuickStart.Front front(Address listen) {
        return QuickStart.Front.sniffing("mongodb", "mongodb", listen, address, Map.of("type", "mongo_stats"));
    }

    /** Such as {@code mongo-java-server on 127.0.0.1:43365}. */
    @Override
    public String title() {
        return title + " on " + address;
    }

    @Override
    public String yourself(Address listen) {
        return "mongosh \"mongodb://" + listen + "/" + DATABASE + "?directConnection=true\"";
    }

    @Override
    public Traffic begin(Address proxy, Consumer<String> news) throws IOException {
        try {
            return DemoDocuments.start(address, proxy);
        } catch (MongoException e) {
            throw new IOException("MongoDB does not answer through Weir: " + e.getMessage(), e);
        }
    }
}
