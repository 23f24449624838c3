package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.MongoCommandException;
import com.mongodb.WriteConcern;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.event.ConnectionCreatedEvent;
import com.mongodb.event.ConnectionPoolListener;
import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.bson.BsonDocument;
import org.bson.Document;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command gate between the driver for Java and mongo-java-server, in a proxy. */
final class CommandGateIT {
    private final JavaServer server = new JavaServer();
    private final AtomicInteger pooled = new AtomicInteger();

    @TempDir
    private Path services;

    private URLClassLoader loader;
    private Proxy proxy;
    private MongoClient client;

    @BeforeEach
    void start() throws Exception {
        loader = GateToyFactory.loader(services);
        proxy = Proxy.builder().classLoader(loader).start(config());
        String uri = "mongodb://127.0.0.1:" + proxy.address("db").port() + "/?directConnection=true";
        client = MongoClients.create(MongoClientSettings.builder()
                .applyConnectionString(new ConnectionString(uri))
                .applyToConnectionPoolSettings(pool -> pool.maxSize(1).addConnectionPoolListener(new Created()))
                .retryReads(false)
                .retryWrites(false)
                .build());
    }

    private ProxyConfig config() {
        Map<String, ?> gate = Map.of(
                "type",
                "gate_toy",
                "deny",
                List.of(
                        Map.of("command", "drop", "namespace", "kept", "code", "13"),
                        Map.of("command", "insert", "namespace", "kept"),
                        Map.of("command", "count", "namespace", "busy", "code", "IngressRequestRateLimitExceeded"),
                        Map.of("command", "find", "namespace", "ended", "code", "11600")),
                "delay",
                List.of(Map.of("command", "find", "namespace", "slow")));
        return ProxyConfig.of(Map.of(
                "listeners",
                List.of(Map.of(
                        "name",
                        "db",
                        "address",
                        "127.0.0.1:0",
                        "filters",
                        List.of(gate, Map.of("type", "tcp_proxy", "cluster", "c")))),
                "clusters",
                List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.port())))));
    }

    private final class Created implements ConnectionPoolListener {
        @Override
        public void connectionCreated(ConnectionCreatedEvent event) {
            pooled.incrementAndGet();
        }
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        proxy.close();
        loader.close();
        server.close();
    }

    private static MongoCollection<Document> orders(MongoDatabase database) {
        return database.getCollection("orders");
    }

    @Test
    void theDriverSeesTheErrorAndGoesOnOnTheSameConnection() {
        MongoDatabase kept = client.getDatabase("kept");
        MongoDatabase free = client.getDatabase("free");
        orders(free).insertOne(new Document("a", 1));

        MongoCommandException dropped = catchThrowableOfType(
                MongoCommandException.class, () -> orders(kept).drop());
        MongoCommandException inserted = catchThrowableOfType(
                MongoCommandException.class, () -> orders(kept).insertOne(new Document("a", 1)));

        for (MongoCommandException e : List.of(dropped, inserted)) {
            assertThat(e.getErrorCode()).isEqualTo(13);
            assertThat(e.getErrorCodeName()).isEqualTo("Unauthorized");
            assertThat(e.getErrorMessage()).isEqualTo("refused by a rule");
        }
        assertThat(orders(kept).countDocuments()).isZero();
        assertThat(orders(free).countDocuments()).isEqualTo(1);
        orders(free).drop();
        assertThat(orders(free).countDocuments()).isZero();
        assertThat(pooled).hasValue(1);
    }

    @Test
    void theDriverSeesCodesAndLabels() {
        MongoCommandException busy = catchThrowableOfType(
                MongoCommandException.class,
                () -> client.getDatabase("busy").runCommand(new Document("count", "orders")));

        assertThat(busy.getErrorCode()).isEqualTo(462);
        assertThat(busy.getErrorCodeName()).isEqualTo("IngressRequestRateLimitExceeded");
        assertThat(busy.getErrorLabels()).contains("SystemOverloadedError", "RetryableError");
    }

    @Test
    void aDelayedCommandIsAnsweredAsEver() {
        MongoCollection<Document> slow = orders(client.getDatabase("slow"));
        slow.insertMany(List.of(new Document("_id", 1), new Document("_id", 2)));
        int before = GateToyFactory.DELAYED.get();

        List<Document> found = slow.find().into(new java.util.ArrayList<>());

        assertThat(found).hasSize(2);
        assertThat(GateToyFactory.DELAYED.get() - before).isEqualTo(1);
        assertThat(pooled).hasValue(1);
    }

    @Test
    void anUnacknowledgedWriteIsRefusedInSilence() {
        MongoDatabase kept = client.getDatabase("kept");
        orders(kept).withWriteConcern(WriteConcern.UNACKNOWLEDGED).insertOne(new Document("a", 1));

        assertThat(orders(kept).countDocuments()).isZero();
        assertThat(pooled).hasValue(1);
    }

    @Test
    void largeWritesGoThrough() {
        MongoCollection<Document> free = orders(client.getDatabase("free"));
        String text = "x".repeat(1_000);
        List<Document> many = java.util.stream.IntStream.range(0, 3_000)
                .mapToObj(i -> new Document("_id", i).append("text", text))
                .toList();

        free.insertMany(many);

        assertThat(free.find().into(new java.util.ArrayList<>())).isEqualTo(many);
        assertThat(pooled).hasValue(1);
    }

    @Test
    void aCompressedCommandIsRefusedInPlainAndTheConnectionGoesOn() throws Exception {
        try (WireClient wire = new WireClient(proxy.address("db").port())) {
            int[] compressors = {Wire.NOOP, Wire.SNAPPY, Wire.ZLIB, Wire.ZSTD};
            for (int compressor : compressors) {
                wire.send(PackedMessages.packed(
                        Messages.request(700 + compressor, "{drop: 'orders', $db: 'kept'}"), compressor));
                byte[] answer = wire.receive();

                ByteBuffer header = ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN);
                assertThat(header.getInt(8)).isEqualTo(700 + compressor);
                assertThat(header.getInt(12)).isEqualTo(Wire.OP_MSG);
                assertThat(WireClient.document(answer, 21).getInt32("code").getValue())
                        .isEqualTo(13);
                BsonDocument ping = wire.ask(BsonDocument.parse("{ping: 1, $db: 'admin'}"));
                assertThat(ping.getNumber("ok").intValue()).isEqualTo(1);
            }
        }
    }
}
