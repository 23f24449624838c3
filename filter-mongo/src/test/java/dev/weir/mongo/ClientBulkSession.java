package dev.weir.mongo;

import com.mongodb.MongoNamespace;
import com.mongodb.client.MongoClient;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.bulk.ClientBulkWriteOptions;
import com.mongodb.client.model.bulk.ClientDeleteManyOptions;
import com.mongodb.client.model.bulk.ClientNamespacedWriteModel;
import java.util.List;
import org.bson.Document;

/** Writes to several collections in one command, which servers have since 8.0. */
final class ClientBulkSession {
    private static final MongoNamespace ORDERS = new MongoNamespace("shop.orders");
    private static final MongoNamespace CUSTOMERS = new MongoNamespace("shop.customers");

    private ClientBulkSession() {}

    static void run(MongoClient client) {
        client.bulkWrite(writes("a"));
        client.bulkWrite(
                writes("b"), ClientBulkWriteOptions.clientBulkWriteOptions().verboseResults(true));
        MongoSessions.expected(() -> client.bulkWrite(writes("a")));
        MongoSessions.expected(() -> client.bulkWrite(
                writes("b"), ClientBulkWriteOptions.clientBulkWriteOptions().ordered(false)));
        MongoSessions.orders(client).drop();
        client.getDatabase("shop").getCollection("customers").drop();
    }

    private static List<ClientNamespacedWriteModel> writes(String id) {
        return List.of(
                ClientNamespacedWriteModel.insertOne(ORDERS, new Document("_id", id)),
                ClientNamespacedWriteModel.insertOne(CUSTOMERS, new Document("_id", id)),
                ClientNamespacedWriteModel.updateOne(ORDERS, Filters.eq("_id", id), Updates.set("a", 1)),
                ClientNamespacedWriteModel.deleteMany(
                        CUSTOMERS, Filters.eq("_id", "nobody"), ClientDeleteManyOptions.clientDeleteManyOptions()));
    }
}
