package dev.weir.testbeds.bench;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.Updates;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;
import org.bson.BsonDocument;
import org.bson.types.ObjectId;

/** The same work done by the official driver with many threads: what an application sees. */
final class MongoDriverLoad {
    private static final ObjectId ID = new ObjectId("655f1c2e9b1e8a0001000000");

    private MongoDriverLoad() {}

    static MongoLoad.Result run(int port, MongoWork work, int threads, double seconds)
            throws InterruptedException, ExecutionException {
        String uri = "mongodb://127.0.0.1:" + port + "/?directConnection=true&appName=bench&maxPoolSize=" + threads
                + "&minPoolSize=" + threads;
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try (MongoClient client = MongoClients.create(uri)) {
            Runnable operation = operation(client.getDatabase("shop"), work);
            operation.run();
            long start = System.nanoTime();
            long deadline = start + (long) (seconds * 1e9);
            List<Future<Histogram>> parts = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                parts.add(executor.submit(() -> repeat(operation, deadline)));
            }
            Histogram all = new Histogram(3);
            for (Future<Histogram> part : parts) {
                all.add(part.get());
            }
            // The one before the clock started was sent as well.
            return new MongoLoad.Result(all.getTotalCount() + 1, (System.nanoTime() - start) / 1e9, all);
        } finally {
            executor.shutdownNow();
        }
    }

    private static Histogram repeat(Runnable operation, long deadline) {
        Histogram nanos = new Histogram(3);
        for (long now = System.nanoTime(); now < deadline; ) {
            operation.run();
            long end = System.nanoTime();
            nanos.recordValue(end - now);
            now = end;
        }
        return nanos;
    }

    private static Runnable operation(MongoDatabase database, MongoWork work) {
        MongoCollection<BsonDocument> orders = database.getCollection("orders", BsonDocument.class);
        return switch (work) {
            case FIND_ONE -> () -> orders.find(Filters.eq(ID)).first();
            case UPDATE_ONE ->
                () -> orders.updateOne(
                        Filters.eq(ID), Updates.combine(Updates.set("status", "sent"), Updates.inc("version", 1)));
            case INSERT_1000 -> {
                List<BsonDocument> documents = MongoWork.documents(1_000, 1_000);
                yield () -> orders.insertMany(documents);
            }
            case FIND_100 -> {
                MongoCollection<BsonDocument> lines = database.getCollection("lines", BsonDocument.class);
                BsonDocument filter = BsonDocument.parse("{status: \"open\", total: {$gt: 100}}");
                yield () -> {
                    // The first batch alone: the next one would be a getMore.
                    try (var cursor = lines.find(filter)
                            .sort(Sorts.descending("placed"))
                            .batchSize(100)
                            .cursor()) {
                        cursor.next();
                    }
                };
            }
            case GET_MORE -> throw new IllegalArgumentException("no operation of the driver alone: " + work);
        };
    }
}
