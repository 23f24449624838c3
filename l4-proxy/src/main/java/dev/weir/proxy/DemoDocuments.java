package dev.weir.proxy;

import com.mongodb.MongoException;
import com.mongodb.client.FindIterable;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoCursor;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.MongoIterable;
import com.mongodb.client.model.Accumulators;
import com.mongodb.client.model.Aggregates;
import com.mongodb.client.model.BulkWriteOptions;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.FindOneAndUpdateOptions;
import com.mongodb.client.model.InsertManyOptions;
import com.mongodb.client.model.ReplaceOneModel;
import com.mongodb.client.model.ReplaceOptions;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.WriteModel;
import dev.weir.core.config.Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.bson.Document;

/**
 * The shop's traffic to its documents: pages that read reviews and fill carts, checkouts, imports of many documents, a
 * report that reads everything through a cursor, and an application with bugs. Each with a name of its own.
 */
final class DemoDocuments implements DemoGuest.Traffic {
    private static final int SEED = 20_261_123;
    private static final int PRODUCTS = 200;
    private static final int REVIEWS = 2_000;
    private static final int CUSTOMERS = 300;
    private static final int BATCH = 40;
    private static final int KEPT = 1_000;
    private static final int PAGE = 250;

    private final Address proxy;
    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(6, task -> {
        Thread thread = new Thread(task, "demo-documents");
        thread.setDaemon(true);
        return thread;
    });
    private final List<MongoClient> clients = new ArrayList<>();

    private DemoDocuments(Address proxy) {
        this.proxy = proxy;
    }

    /** What a client does again and again. */
    @FunctionalInterface
    private interface Task {
        void run(MongoDatabase shop, Random random);
    }

    /** Fills {@code server} (past the proxy), and begins to send through {@code proxy}. */
    static DemoDocuments start(Address server, Address proxy) {
        prepare(server);
        DemoDocuments documents = new DemoDocuments(proxy);
        try {
            documents.each(5, "shop-frontend", DemoDocuments::page);
            documents.each(5, "shop-frontend", DemoDocuments::page);
            documents.each(40, "checkout", DemoDocuments::order);
            documents.each(300, "importer", new Import()::run);
            documents.each(1_000, "nightly-report", DemoDocuments::report);
            documents.each(200, "legacy", DemoDocuments::mistakes);
            return documents;
        } catch (MongoException e) {
            documents.close();
            throw e;
        }
    }

    private static void prepare(Address server) {
        try (MongoClient client = DemoMongo.connect(server, "setup")) {
            MongoDatabase shop = client.getDatabase(DemoMongo.DATABASE);
            MongoCollection<Document> reviews = shop.getCollection("reviews");
            reviews.createIndex(new Document("product", 1));
            shop.getCollection("orders").createIndex(new Document("total", 1));
            Random random = new Random(SEED);
            List<Document> all = new ArrayList<>();
            for (int i = 0; i < REVIEWS; i++) {
                all.add(review(i, random));
            }
            reviews.insertMany(all);
        }
    }

    private static Document review(int id, Random random) {
        return new Document("_id", id)
                .append("product", random.nextInt(PRODUCTS))
                .append("stars", 1 + random.nextInt(5))
                .append("text", "Bought it " + random.nextInt(30) + " days ago, would do so again.")
                .append("customer", new Document("name", "customer" + id % CUSTOMERS).append("since", 2015 + id % 11));
    }

    private void each(long millis, String app, Task task) {
        MongoClient client = DemoMongo.connect(proxy, app);
        Random random = new Random(SEED + clients.size());
        clients.add(client);
        MongoDatabase shop = client.getDatabase(DemoMongo.DATABASE);
        // The first one answers, or says that nobody does.
        shop.runCommand(new Document("ping", 1));
        executor.scheduleWithFixedDelay(() -> attempt(shop, random, task), millis, millis, TimeUnit.MILLISECONDS);
    }

    private static void attempt(MongoDatabase shop, Random random, Task task) {
        try {
            task.run(shop, random);
        } catch (MongoException | IllegalStateException e) {
            // An error answer: the table shows it. Or the end: the client is closed.
        }
    }

    private static void page(MongoDatabase shop, Random random) {
        int product = (int) Math.min(PRODUCTS * 1.1, Math.abs(random.nextGaussian()) * PRODUCTS / 3);
        MongoCollection<Document> carts = shop.getCollection("carts");
        MongoCollection<Document> reviews = shop.getCollection("reviews");
        String cart = "cart" + random.nextInt(CUSTOMERS);
        switch (random.nextInt(6)) {
            case 0 ->
                drain(reviews.find(Filters.eq("product", product))
                        .sort(Sorts.descending("_id"))
                        .limit(10));
            case 1 -> reviews.countDocuments(Filters.and(Filters.eq("product", product), Filters.gte("stars", 4)));
            case 2 ->
                carts.updateOne(
                        Filters.eq("_id", cart),
                        Updates.combine(Updates.set("items.p" + product % 20, 1), Updates.inc("changes", 1)),
                        new UpdateOptions().upsert(true));
            case 3 ->
                shop.getCollection("views")
                        .findOneAndUpdate(
                                Filters.eq("_id", product),
                                Updates.inc("count", 1),
                                new FindOneAndUpdateOptions().upsert(true));
            case 4 -> drain(reviews.distinct("stars", Filters.eq("product", product), Integer.class));
            default -> drain(carts.find(Filters.eq("_id", cart)));
        }
    }

    private static void drain(MongoIterable<?> result) {
        try (MongoCursor<?> cursor = result.iterator()) {
            while (cursor.hasNext()) {
                cursor.next();
            }
        }
    }

    private static void order(MongoDatabase shop, Random random) {
        String cart = "cart" + random.nextInt(CUSTOMERS);
        FindIterable<Document> found = shop.getCollection("carts").find(Filters.eq("_id", cart));
        Document items = found.first();
        if (items != null) {
            shop.getCollection("orders").insertOne(new Document("total", 1 + random.nextInt(90)).append("cart", items));
            shop.getCollection("carts").deleteOne(Filters.eq("_id", cart));
        }
    }

    /** Many documents in one insert, many replacements in one bulk; old events and all orders go. */
    private static final class Import implements Task {
        private int next;

        @Override
        public void run(MongoDatabase shop, Random random) {
            List<Document> events = new ArrayList<>();
            List<WriteModel<Document>> stocks = new ArrayList<>();
            ReplaceOptions upsert = new ReplaceOptions().upsert(true);
            for (int i = 0; i < BATCH; i++) {
                events.add(
                        new Document("_id", next++).append("type", "delivery").append("amount", random.nextInt(50)));
                int product = random.nextInt(PRODUCTS);
                Document stock = new Document("_id", product).append("amount", random.nextInt(1_000));
                stocks.add(new ReplaceOneModel<>(Filters.eq("_id", product), stock, upsert));
            }
            shop.getCollection("events").insertMany(events, new InsertManyOptions().ordered(false));
            shop.getCollection("stock").bulkWrite(stocks, new BulkWriteOptions().ordered(false));
            shop.getCollection("events").deleteMany(Filters.lt("_id", next - KEPT));
            shop.getCollection("orders").deleteMany(Filters.gt("total", 0));
        }
    }

    /** What should not be done on a server that others use: all of a collection, once in groups and once in batches. */
    private static void report(MongoDatabase shop, Random random) {
        MongoCollection<Document> reviews = shop.getCollection("reviews");
        drain(reviews.aggregate(List.of(
                Aggregates.match(Filters.gte("stars", 1 + random.nextInt(3))),
                Aggregates.group("$product", Accumulators.avg("stars", "$stars"), Accumulators.sum("reviews", 1)),
                Aggregates.sort(Sorts.descending("stars")),
                Aggregates.limit(20))));
        drain(reviews.find().batchSize(PAGE).comment("export"));
    }

    private static void mistakes(MongoDatabase shop, Random random) {
        MongoCollection<Document> reviews = shop.getCollection("reviews");
        int id = random.nextInt(REVIEWS);
        attempt(shop, random, (s, r) -> reviews.insertOne(review(id, r)));
        if (id % 4 == 0) {
            attempt(shop, random, (s, r) -> s.runCommand(new Document("fnd", "reviews")));
            attempt(shop, random, (s, r) -> drain(reviews.find(new Document("stars", new Document("$above", 3)))));
        }
        drain(reviews.find(Filters.regex("text", " " + id % 30 + " days")).limit(5));
    }

    @Override
    public void close() {
        executor.shutdownNow();
        try {
            executor.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        clients.forEach(MongoClient::close);
    }
}
