import com.mongodb.MongoClientSettings;
import com.mongodb.MongoException;
import com.mongodb.MongoNamespace;
import com.mongodb.ConnectionString;
import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoChangeStreamCursor;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Aggregates;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.bulk.ClientNamespacedWriteModel;
import com.mongodb.client.model.changestream.ChangeStreamDocument;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bson.Document;

/** A small session of the Java driver for record-wire.py: {@code java -cp JARS RecordClient.java URI SCENARIO}. */
public final class RecordClient {
    private RecordClient() {}

    /** Connects, runs the scenario, closes. */
    public static void main(String[] args) throws Exception {
        MongoClientSettings settings = MongoClientSettings.builder()
                .applyConnectionString(new ConnectionString(args[0]))
                .applyToServerSettings(server -> {
                    if (args[0].contains("heartbeatFrequencyMS")) {
                        server.heartbeatFrequency(500, TimeUnit.MILLISECONDS);
                    }
                })
                .build();
        try (MongoClient client = MongoClients.create(settings)) {
            MongoCollection<Document> orders = client.getDatabase("shop").getCollection("orders");
            switch (args[1]) {
                case "ping" -> client.getDatabase("admin").runCommand(new Document("ping", 1));
                case "crud" -> crud(orders);
                case "transaction" -> transaction(client, orders);
                case "bulk" -> bulk(client);
                case "watch" -> watch(orders);
                case "monitor" -> {
                    orders.countDocuments();
                    Thread.sleep(1_800);
                }
                default -> throw new IllegalArgumentException(args[1]);
            }
        }
    }

    private static void crud(MongoCollection<Document> orders) {
        List<Document> documents = new ArrayList<>();
        for (int i = 100; i < 110; i++) {
            documents.add(new Document("_id", i).append("status", "new").append("total", i));
        }
        orders.insertMany(documents);
        orders.insertOne(new Document("_id", "x").append("tags", List.of("a", "b")));
        orders.find(Filters.gte("total", 103)).sort(Sorts.descending("total")).batchSize(3).into(new ArrayList<>());
        orders.find(Filters.eq(101)).comment("by id").first();
        orders.updateOne(Filters.eq("total", 104), Updates.combine(Updates.set("a", 1), Updates.inc("b", 2)));
        orders.updateMany(Filters.lt("total", 0), Updates.unset("a"), new UpdateOptions().upsert(true));
        orders.replaceOne(Filters.eq(105), new Document("total", 1));
        orders.findOneAndDelete(Filters.eq(106));
        orders.countDocuments(Filters.eq("status", "new"));
        orders.distinct("status", String.class).into(new ArrayList<>());
        orders.aggregate(List.of(
                        Aggregates.match(Filters.gt("total", 1)),
                        Aggregates.group("$status", com.mongodb.client.model.Accumulators.sum("n", 1))))
                .into(new ArrayList<>());
        try {
            orders.insertOne(new Document("_id", 100));
            throw new IllegalStateException("this has to fail");
        } catch (MongoException expected) {
            orders.deleteMany(Filters.in("_id", 100, 101, 102));
        }
    }

    private static void transaction(MongoClient client, MongoCollection<Document> orders) {
        try (ClientSession session = client.startSession()) {
            session.withTransaction(() -> {
                orders.insertOne(session, new Document("_id", 200));
                return orders.updateOne(session, Filters.eq(1), Updates.set("a", 1));
            });
            session.startTransaction();
            orders.deleteOne(session, Filters.eq(2));
            session.abortTransaction();
        }
    }

    private static void bulk(MongoClient client) {
        MongoNamespace orders = new MongoNamespace("shop", "orders");
        MongoNamespace items = new MongoNamespace("shop", "items");
        client.bulkWrite(List.of(
                ClientNamespacedWriteModel.insertOne(orders, new Document("_id", 300)),
                ClientNamespacedWriteModel.insertOne(items, new Document("_id", 1)),
                ClientNamespacedWriteModel.updateMany(orders, Filters.gt("total", 5), Updates.set("a", 1)),
                ClientNamespacedWriteModel.deleteOne(orders, Filters.eq(3))));
    }

    private static void watch(MongoCollection<Document> orders) {
        try (MongoChangeStreamCursor<ChangeStreamDocument<Document>> changes =
                orders.watch().maxAwaitTime(300, TimeUnit.MILLISECONDS).cursor()) {
            changes.tryNext();
            orders.insertOne(new Document("_id", 400));
            while (changes.tryNext() == null) {
                Thread.onSpinWait();
            }
        }
    }
}
