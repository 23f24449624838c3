package dev.weir.mongo;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.bson.BsonDocument;

/** The official drivers, which run sessions and tell what they did. */
enum MongoDriver {
    JAVA("mongo-java-driver|sync"),
    PYMONGO("PyMongo");

    /** Waits for a few heartbeats of a stream of them. */
    static final String STREAMS = "streams";

    private static final int PATIENCE_SECONDS = 180;

    private final String library;

    MongoDriver(String library) {
        this.library = library;
    }

    /** What it calls itself in hello. */
    String library() {
        return library;
    }

    /**
     * What a driver told.
     *
     * @param heartbeats those that were answered, one each: whether it had been awaited
     */
    record Told(List<SeenCommand> commands, List<Boolean> heartbeats) {}

    Told run(String uri, List<String> sessions) throws Exception {
        return this == JAVA ? java(uri, sessions) : python(uri, sessions);
    }

    private static Told java(String uri, List<String> sessions) throws InterruptedException {
        CommandEvents events = new CommandEvents();
        MongoClientSettings settings = MongoClientSettings.builder()
                .applyConnectionString(new ConnectionString(uri))
                .addCommandListener(events)
                .applyToServerSettings(server -> server.addServerMonitorListener(events))
                .build();
        try (MongoClient client = MongoClients.create(settings)) {
            Map<String, MongoSessions.Session> all = MongoSessions.all();
            for (String session : sessions) {
                if (session.equals(STREAMS)) {
                    events.awaitStream();
                } else {
                    Objects.requireNonNull(all.get(session)).run(client);
                }
            }
        }
        return new Told(events.ended(), events.heartbeats());
    }

    private static Told python(String uri, List<String> sessions) throws Exception {
        Path said = Files.createTempFile(MongoInstallation.folder(), "client-", ".out");
        Path errors = Files.createTempFile(MongoInstallation.folder(), "client-", ".err");
        try {
            List<String> command = new ArrayList<>();
            command.add(MongoInstallation.available().get(0).python().toString());
            command.add(script().toString());
            command.add(uri);
            command.addAll(sessions);
            Process process = new ProcessBuilder(command)
                    .redirectOutput(said.toFile())
                    .redirectError(errors.toFile())
                    .start();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("client.py takes more than " + PATIENCE_SECONDS + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException("client.py ended with " + process.exitValue() + ": " + Files.readString(errors));
            }
            return parse(Files.readAllLines(said));
        } finally {
            Files.delete(said);
            Files.delete(errors);
        }
    }

    private static Path script() {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(root.resolve("filter-mongo"))) {
            root = Objects.requireNonNull(root.getParent());
        }
        return root.resolve("filter-mongo/src/test/scripts/client.py");
    }

    private static Told parse(List<String> lines) {
        Told told = new Told(new ArrayList<>(), new ArrayList<>());
        for (String line : lines) {
            BsonDocument said = BsonDocument.parse(line);
            if (said.getString("kind").getValue().equals("command")) {
                told.commands()
                        .add(new SeenCommand(
                                said.getInt32("requestId").getValue(),
                                said.getString("name").getValue(),
                                said.getString("database").getValue(),
                                said.getDocument("command"),
                                said.get("reply") instanceof BsonDocument reply ? reply : null,
                                said.getBoolean("failed").getValue()));
            } else if (!said.getBoolean("failed").getValue()) {
                told.heartbeats().add(said.getBoolean("awaited").getValue());
            }
        }
        return told;
    }
}
