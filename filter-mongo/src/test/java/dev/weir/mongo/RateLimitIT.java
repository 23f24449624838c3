package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.MongoCommandException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.util.List;
import java.util.Map;
import org.bson.Document;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** {@code rate_limit} between the driver for Java and mongo-java-server. */
final class RateLimitIT {
    private final JavaServer server = new JavaServer();
    private Proxy proxy;

    private MongoClient start(Map<String, ?> limit) {
        Map<String, ?> filter = Map.of("type", "rate_limit", "protocol", "mongodb", "commands", List.of(limit));
        proxy = Proxy.builder()
                .start(ProxyConfig.of(Map.of(
                        "listeners",
                        List.of(Map.of(
                                "name",
                                "db",
                                "address",
                                "127.0.0.1:0",
                                "filters",
                                List.of(filter, Map.of("type", "tcp_proxy", "cluster", "c")))),
                        "clusters",
                        List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server.port()))))));
        return connect();
    }

    private MongoClient connect() {
        String uri = "mongodb://127.0.0.1:" + proxy.address("db").port() + "/?directConnection=true";
        return MongoClients.create(MongoClientSettings.builder()
                .applyConnectionString(new ConnectionString(uri))
                .retryReads(false)
                .retryWrites(false)
                .build());
    }

    @AfterEach
    void stop() throws Exception {
        proxy.close();
        server.close();
    }

    private static MongoCollection<Document> orders(MongoClient client) {
        return client.getDatabase("shop").getCollection("orders");
    }

    @Test
    void theDriverSeesTheServersOwnErrorForThis() {
        try (MongoClient client =
                start(Map.of("per", "client", "rate", "1/h", "burst", 2, "commands", List.of("insert")))) {
            orders(client).insertOne(new Document("a", 1));
            orders(client).insertOne(new Document("a", 2));

            MongoCommandException limited = catchThrowableOfType(
                    MongoCommandException.class, () -> orders(client).insertOne(new Document("a", 3)));

            assertThat(limited.getErrorCode()).isEqualTo(462);
            assertThat(limited.getErrorCodeName()).isEqualTo("IngressRequestRateLimitExceeded");
            assertThat(limited.getErrorMessage()).isEqualTo("rate limited");
            assertThat(orders(client).countDocuments()).isEqualTo(2);
        }
    }

    @Test
    void whatDriversNeedToConnectIsNotCounted() {
        try (MongoClient client = start(Map.of("per", "listener", "rate", "1/h", "burst", 1))) {
            orders(client).insertOne(new Document("a", 1));
            for (int i = 0; i < 3; i++) {
                try (MongoClient other = connect()) {
                    MongoCommandException limited = catchThrowableOfType(
                            MongoCommandException.class,
                            () -> orders(other).find().first());
                    assertThat(limited.getErrorCode()).isEqualTo(462);
                }
            }
        }
    }
}
