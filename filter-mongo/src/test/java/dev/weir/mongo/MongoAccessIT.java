package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.mongodb.ConnectionString;
import com.mongodb.MongoClientSettings;
import com.mongodb.MongoException;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bson.Document;
import org.junit.jupiter.api.Test;

/** {@code access} and {@code fault} between the driver for Java and real servers, in a proxy. */
final class MongoAccessIT {
    private static final Map<String, ?> ACCESS = Map.of(
            "type",
            "access",
            "protocol",
            "mongodb",
            "rules",
            List.of(
                    Map.of("action", "allow", "namespaces", "shop"),
                    Map.of("action", "allow", "namespaces", "stock", "commands", List.of("@read", "@session")),
                    Map.of("action", "deny", "commands", List.of("drop*", "eval"))));

    private static final Map<String, ?> FAULT = Map.of(
            "type",
            "fault",
            "protocol",
            "mongodb",
            "rules",
            List.of(
                    Map.of("percent", 100, "commands", "count", "delay", "20ms"),
                    Map.of(
                            "percent",
                            100,
                            "commands",
                            "distinct",
                            "error",
                            Map.of("code", "91", "message", "on purpose"))));

    private interface Session {
        void run(MongoClient client);
    }

    private static void through(int server, Session session) {
        Map<String, ?> listener = Map.of(
                "name",
                "db",
                "address",
                "127.0.0.1:0",
                "filters",
                List.of(ACCESS, FAULT, Map.of("type", "tcp_proxy", "cluster", "c")));
        ProxyConfig config = ProxyConfig.of(Map.of(
                "listeners",
                List.of(listener),
                "clusters",
                List.of(Map.of("name", "c", "endpoints", List.of("127.0.0.1:" + server)))));
        try (Proxy proxy = Proxy.builder().start(config)) {
            String uri = "mongodb://127.0.0.1:" + proxy.address("db").port() + "/?directConnection=true";
            try (MongoClient client = MongoClients.create(MongoClientSettings.builder()
                    .applyConnectionString(new ConnectionString(uri))
                    .retryReads(false)
                    .retryWrites(false)
                    .build())) {
                session.run(client);
            }
        }
    }

    private static void everything(MongoClient client) {
        MongoDatabase shop = client.getDatabase("shop");
        MongoCollection<Document> orders = shop.getCollection("orders");
        List<Document> many = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            many.add(new Document("_id", i).append("text", "x".repeat(300)));
        }
        orders.insertMany(many);
        assertThat(orders.find().batchSize(50).into(new ArrayList<>())).hasSize(500);
        assertThat(client.getDatabase("stock").getCollection("a").find().first())
                .isNull();

        refused(() -> client.getDatabase("stock").getCollection("a").insertOne(new Document()), 13);
        refused(() -> client.getDatabase("other").getCollection("a").find().first(), 13);
        refused(orders::drop, 13);
        refused(shop::drop, 13);
        refused(() -> orders.distinct("_id", Integer.class).first(), 91);
        assertThat(shop.runCommand(new Document("count", "orders")).getInteger("n"))
                .isEqualTo(500);
        assertThat(orders.find().into(new ArrayList<>())).hasSize(500);
    }

    private static void refused(Runnable action, int code) {
        MongoException error = catchThrowableOfType(MongoException.class, action::run);
        assertThat(error).isNotNull();
        assertThat(error.getCode()).isEqualTo(code);
    }

    @Test
    void ofMongoJavaServer() {
        try (JavaServer server = new JavaServer()) {
            through(server.port(), MongoAccessIT::everything);
        }
    }

    @Test
    void ofSecantus() throws Exception {
        for (MongoInstallation installation : MongoInstallation.available()) {
            try (SecantusServer server = SecantusServer.start(installation)) {
                through(server.port(), MongoAccessIT::everything);
            }
        }
    }
}
