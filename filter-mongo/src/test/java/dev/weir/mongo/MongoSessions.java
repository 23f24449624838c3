package dev.weir.mongo;

import com.mongodb.CursorType;
import com.mongodb.MongoException;
import com.mongodb.ReadConcern;
import com.mongodb.ReadPreference;
import com.mongodb.WriteConcern;
import com.mongodb.client.ClientSession;
import com.mongodb.client.MongoChangeStreamCursor;
import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoCursor;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Aggregates;
import com.mongodb.client.model.BulkWriteOptions;
import com.mongodb.client.model.CreateCollectionOptions;
import com.mongodb.client.model.DeleteOneModel;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Indexes;
import com.mongodb.client.model.InsertManyOptions;
import com.mongodb.client.model.InsertOneModel;
import com.mongodb.client.model.Projections;
import com.mongodb.client.model.ReplaceOptions;
import com.mongodb.client.model.Sorts;
import com.mongodb.client.model.UpdateOneModel;
import com.mongodb.client.model.UpdateOptions;
import com.mongodb.client.model.Updates;
import com.mongodb.client.model.changestream.ChangeStreamDocument;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.bson.Document;

/** What a program does with a database, through the Java driver; {@code client.py} does the same through PyMongo. */
public final class MongoSessions {
    /** A part of the work; leaves nothing of it in the database. */
    public interface Session {
        void run(MongoClient client);
    }

    /** A trace context as a client sends it. */
    static final String TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static final int PATIENCE_SECONDS = 60;

    private MongoSessions() {}

    /** All of them by name, in order. Those whose name is in {@link #BASIC} need no replica set. */
    public static Map<String, Session> all() {
        Map<String, Session> all = new LinkedHashMap<>();
        all.put("crud", MongoSessions::crud);
        all.put("cursors", MongoSessions::cursors);
        all.put("catalog", MongoSessions::catalog);
        all.put("duplicates", MongoSessions::duplicates);
        all.put("aggregates", MongoSessions::aggregates);
        all.put("comments", MongoSessions::comments);
        all.put("errors", MongoSessions::errors);
        all.put("options", MongoSessions::options);
        all.put("explains", MongoSessions::explains);
        all.put("unacknowledged", MongoSessions::unacknowledged);
        all.put("large", MongoSessions::large);
        all.put("tailable", MongoSessions::tailable);
        all.put("transactions", MongoSessions::transactions);
        all.put("change_stream", MongoSessions::changeStream);
        all.put("client_bulk", ClientBulkSession::run);
        return all;
    }

    static MongoCollection<Document> orders(MongoClient client) {
        return client.getDatabase("shop").getCollection("orders");
    }

    static List<Document> documents(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> new Document("_id", i)
                        .append("status", i % 3 == 0 ? "open" : "done")
                        .append("total", i * 10)
                        .append("customer", new Document("name", "name " + i).append("vip", i % 7 == 0)))
                .toList();
    }

    private static void crud(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        orders.insertOne(new Document("_id", "one").append("status", "open"));
        orders.insertMany(documents(0, 50));
        orders.find(new Document("status", "open").append("total", new Document("$gt", 100)))
                .sort(Sorts.descending("total"))
                .into(new ArrayList<>());
        orders.find(Filters.eq("_id", 7)).first();
        orders.find(Filters.in("_id", 1, 2, 3))
                .projection(Projections.include("status"))
                .into(new ArrayList<>());
        orders.updateOne(Filters.eq("_id", 1), Updates.set("status", "paid"));
        orders.updateMany(Filters.eq("status", "open"), Updates.inc("total", 1));
        orders.updateOne(Filters.eq("_id", "nobody"), Updates.set("status", "paid"));
        orders.updateOne(Filters.eq("_id", "new"), Updates.set("status", "paid"), new UpdateOptions().upsert(true));
        orders.replaceOne(Filters.eq("_id", "newer"), new Document("total", 1), new ReplaceOptions().upsert(true));
        orders.findOneAndUpdate(Filters.eq("_id", 2), Updates.set("status", "paid"));
        orders.findOneAndReplace(Filters.eq("_id", 3), new Document("status", "void"));
        orders.findOneAndDelete(Filters.eq("_id", 4));
        orders.findOneAndDelete(Filters.eq("_id", "nobody"));
        orders.countDocuments(Filters.eq("status", "open"));
        orders.estimatedDocumentCount();
        orders.distinct("status", String.class).into(new ArrayList<>());
        orders.deleteOne(Filters.eq("_id", 5));
        orders.deleteMany(Filters.lt("total", 200));
        orders.drop();
    }

    private static void cursors(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        orders.insertMany(documents(0, 100));
        orders.find().batchSize(30).into(new ArrayList<>());
        orders.find().batchSize(30).limit(50).into(new ArrayList<>());
        orders.find(Filters.eq("status", "done")).batchSize(10).into(new ArrayList<>());
        orders.aggregate(List.of(Aggregates.match(Filters.gte("total", 0))))
                .batchSize(40)
                .into(new ArrayList<>());
        // Two at a time, the second one left before its end.
        try (MongoCursor<Document> first = orders.find().batchSize(40).cursor();
                MongoCursor<Document> second =
                        orders.find(Filters.gt("_id", 10)).batchSize(20).cursor()) {
            for (int i = 0; i < 60; i++) {
                first.next();
                second.next();
            }
            while (first.hasNext()) {
                first.next();
            }
        }
        orders.drop();
    }

    private static void catalog(MongoClient client) {
        MongoDatabase shop = client.getDatabase("shop");
        MongoCollection<Document> orders = orders(client);
        orders.insertMany(documents(0, 5));
        orders.createIndex(Indexes.ascending("status"));
        orders.createIndex(Indexes.ascending("total", "status"), new IndexOptions().name("both"));
        orders.listIndexes().into(new ArrayList<>());
        orders.dropIndex("both");
        shop.listCollectionNames().into(new ArrayList<>());
        shop.listCollections().batchSize(1).into(new ArrayList<>());
        client.listDatabaseNames().into(new ArrayList<>());
        shop.runCommand(new Document("ping", 1));
        shop.runCommand(new Document("collStats", "orders"));
        shop.runCommand(new Document("dbStats", 1));
        client.getDatabase("admin").runCommand(new Document("buildInfo", 1));
        client.getDatabase("admin").runCommand(new Document("serverStatus", 1));
        orders.drop();
        shop.drop();
    }

    private static void duplicates(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        orders.insertMany(documents(0, 3));
        expected(() -> orders.insertOne(new Document("_id", 1)));
        List<Document> some = List.of(new Document("_id", 10), new Document("_id", 1), new Document("_id", 11));
        expected(() -> orders.insertMany(some));
        List<Document> others = List.of(
                new Document("_id", 20), new Document("_id", 1), new Document("_id", 2), new Document("_id", 21));
        expected(() -> orders.insertMany(others, new InsertManyOptions().ordered(false)));
        orders.createIndex(Indexes.ascending("status"), new IndexOptions().unique(false));
        var writes = List.of(
                new InsertOneModel<>(new Document("_id", 30)),
                new InsertOneModel<>(new Document("_id", 30)),
                new UpdateOneModel<Document>(Filters.eq("_id", 30), Updates.set("a", 1)),
                new UpdateOneModel<Document>(
                        Filters.eq("_id", 31), Updates.set("a", 1), new UpdateOptions().upsert(true)),
                new DeleteOneModel<Document>(Filters.eq("_id", 30)));
        expected(() -> orders.bulkWrite(writes));
        expected(() -> orders.bulkWrite(writes, new BulkWriteOptions().ordered(false)));
        orders.drop();
    }

    /** Runs what has to fail. */
    static void expected(Runnable failing) {
        try {
            failing.run();
        } catch (MongoException e) {
            return;
        }
        throw new AssertionError("no error where one was expected");
    }

    private static void aggregates(MongoClient client) {
        MongoDatabase shop = client.getDatabase("shop");
        MongoCollection<Document> orders = orders(client);
        orders.insertMany(documents(0, 30));
        shop.getCollection("customers")
                .insertMany(List.of(new Document("_id", "name 1"), new Document("_id", "name 2")));
        orders.aggregate(List.of(
                        Aggregates.lookup("customers", "customer.name", "_id", "who"),
                        Aggregates.match(Filters.size("who", 1))))
                .into(new ArrayList<>());
        orders.aggregate(List.of(
                        Document.parse("{$group: {_id: '$status', n: {$sum: 1}, most: {$max: '$total'}}}"),
                        Aggregates.sort(Sorts.ascending("_id"))))
                .into(new ArrayList<>());
        orders.aggregate(List.of(Aggregates.match(Filters.eq("status", "open")), Aggregates.out("open")))
                .toCollection();
        shop.getCollection("open").drop();
        shop.getCollection("customers").drop();
        orders.drop();
    }

    private static void comments(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        orders.insertMany(documents(0, 20));
        orders.find(Filters.eq("_id", 1)).comment(TRACEPARENT).first();
        orders.find(Filters.gt("_id", 1))
                .batchSize(5)
                .comment("{\"callingFunction\": \"Shop.list\", \"traceparent\": \"" + TRACEPARENT + "\"}")
                .into(new ArrayList<>());
        orders.find(Filters.eq("_id", 2))
                .comment(new org.bson.BsonDocument("traceparent", new org.bson.BsonString(TRACEPARENT)))
                .first();
        orders.updateOne(Filters.eq("_id", 3), Updates.set("a", 1), new UpdateOptions().comment("nightly: 1"));
        orders.drop();
    }

    private static void errors(MongoClient client) {
        MongoDatabase shop = client.getDatabase("shop");
        MongoCollection<Document> orders = orders(client);
        orders.insertMany(documents(0, 3));
        expected(() -> shop.runCommand(new Document("noSuchCommand", 1)));
        expected(() -> orders.find(new Document("a", new Document("$noSuchOperator", 1)))
                .first());
        expected(() -> orders.updateOne(Filters.eq("_id", 1), new Document("$noSuchOperator", new Document("a", 1))));
        expected(
                () -> orders.aggregate(List.of(new Document("$noSuchStage", 1))).first());
        expected(() -> shop.runCommand(new Document("getMore", 77L).append("collection", "orders")));
        orders.drop();
    }

    private static void options(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        orders.withWriteConcern(WriteConcern.MAJORITY).insertMany(documents(0, 10));
        orders.withWriteConcern(WriteConcern.W1.withJournal(true)).insertOne(new Document("_id", "j"));
        orders.withReadPreference(ReadPreference.primaryPreferred())
                .withReadConcern(ReadConcern.LOCAL)
                .find(Filters.eq("_id", 1))
                .maxTime(10, TimeUnit.SECONDS)
                .first();
        orders.withReadPreference(ReadPreference.nearest())
                .withReadConcern(ReadConcern.MAJORITY)
                .find(Filters.gt("_id", 1))
                .hint(Indexes.ascending("_id"))
                .skip(1)
                .limit(3)
                .into(new ArrayList<>());
        orders.countDocuments(Filters.gt("_id", 1));
        orders.drop();
    }

    private static void explains(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        orders.insertMany(documents(0, 3));
        orders.find(Filters.eq("status", "open")).explain();
        orders.aggregate(List.of(Aggregates.match(Filters.eq("status", "open"))))
                .explain();
        orders.drop();
    }

    private static void unacknowledged(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        MongoCollection<Document> careless = orders.withWriteConcern(WriteConcern.UNACKNOWLEDGED);
        orders.insertOne(new Document("_id", "seen"));
        careless.insertOne(new Document("_id", 1));
        careless.insertMany(documents(10, 20));
        careless.updateOne(Filters.eq("_id", 1), Updates.set("a", 1));
        orders.find(Filters.eq("_id", "seen")).first();
        careless.deleteMany(Filters.gt("_id", 0));
        orders.find(Filters.eq("_id", "seen")).first();
        orders.drop();
    }

    /** Compresses as texts do. */
    private static String text(Random random, int length) {
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append(Integer.toHexString(random.nextInt()));
        }
        return text.toString();
    }

    /** Requests and answers that come in many pieces. */
    private static void large(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        Random random = new Random(7);
        List<Document> many = IntStream.range(0, 400)
                .mapToObj(i -> new Document("_id", i).append("text", text(random, 4_000)))
                .toList();
        orders.insertMany(many);
        orders.find().into(new ArrayList<>());
        orders.find().batchSize(150).into(new ArrayList<>());
        orders.insertOne(new Document("_id", "huge").append("text", text(random, 5_000_000)));
        orders.find(Filters.eq("_id", "huge")).first();
        orders.drop();
    }

    private static void tailable(MongoClient client) {
        MongoDatabase shop = client.getDatabase("shop");
        shop.createCollection("log", new CreateCollectionOptions().capped(true).sizeInBytes(100_000));
        MongoCollection<Document> log = shop.getCollection("log");
        log.insertMany(documents(0, 10));
        try (MongoCursor<Document> cursor = log.find()
                .batchSize(5)
                .cursorType(CursorType.TailableAwait)
                .maxAwaitTime(50, TimeUnit.MILLISECONDS)
                .cursor()) {
            for (int i = 0; i < 10; i++) {
                cursor.next();
            }
            cursor.tryNext();
            log.insertOne(new Document("_id", 99));
            cursor.next();
        }
        log.drop();
    }

    private static void transactions(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        orders.insertMany(documents(0, 3));
        try (ClientSession session = client.startSession()) {
            session.startTransaction();
            orders.insertMany(session, documents(10, 12));
            orders.updateOne(session, Filters.eq("_id", 1), Updates.set("status", "paid"));
            orders.find(session, Filters.gt("_id", 0)).batchSize(2).into(new ArrayList<>());
            session.commitTransaction();
            session.startTransaction();
            orders.deleteMany(session, Filters.gt("_id", 0));
            session.abortTransaction();
            session.startTransaction();
            expected(() -> orders.insertOne(session, new Document("_id", 1)));
            session.abortTransaction();
            session.withTransaction(() -> orders.insertOne(session, new Document("_id", 70)));
        }
        orders.drop();
    }

    private static void changeStream(MongoClient client) {
        MongoCollection<Document> orders = orders(client);
        orders.insertMany(documents(0, 3));
        try (MongoChangeStreamCursor<ChangeStreamDocument<Document>> changes = orders.watch(
                        List.of(Aggregates.match(Filters.in("operationType", Arrays.asList("insert", "update")))))
                .maxAwaitTime(50, TimeUnit.MILLISECONDS)
                .cursor()) {
            changes.tryNext();
            orders.insertOne(new Document("_id", 10));
            orders.updateOne(Filters.eq("_id", 10), Updates.set("a", 1));
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            int seen = 0;
            while (seen < 2 && System.nanoTime() < end) {
                seen += changes.tryNext() == null ? 0 : 1;
            }
        }
        orders.drop();
    }
}
