package dev.weir.proxy;

import dev.weir.core.config.Address;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The shop's traffic to DynamoDB: carts that are read and changed, some of them by two at a time, checkouts in
 * transactions, imports and look-ups in batches, a report that reads all of a table, and an application with bugs. Each
 * with a name of its own; all ask what capacity they consume.
 */
final class DemoCarts implements DemoGuest.Traffic {
    /** The table of what there is to buy. */
    static final String PRODUCTS = "products";

    private static final int SEED = 20_261_201;
    private static final int COUNT = 200;
    private static final int CUSTOMERS = 60;
    /** As many products may be in carts. */
    private static final int OFFERED = 10;
    /** Most writes, and most reads, of a batch. */
    private static final int WRITES = 25;

    private static final int READS = 40;
    private static final int SEGMENTS = 4;
    /** While others start, one round of so many is done: they need the processors. */
    private static final int SLOWLY = 10;

    private static final String CAPACITY = "\"ReturnConsumedCapacity\":\"INDEXES\"";

    private final Address proxy;
    private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(5, task -> {
        Thread thread = new Thread(task, "demo-carts");
        thread.setDaemon(true);
        return thread;
    });
    private int seed = SEED;
    private volatile boolean allJoined;

    private DemoCarts(Address proxy) {
        this.proxy = proxy;
    }

    /** What a client does again and again; errors that are answered are a part of it. */
    @FunctionalInterface
    private interface Task {
        void run(DemoDynamoClient client, Random random) throws IOException, InterruptedException;
    }

    /**
     * Makes the tables (past the proxy), and begins to send through {@code proxy}.
     *
     * @throws IOException if it does not do what it is asked for
     */
    static DemoCarts start(Address server, Address proxy) throws IOException {
        DemoCarts carts = new DemoCarts(proxy);
        try {
            prepare(new DemoDynamoClient(server, "setup"));
            carts.each(20, "shop-cart", DemoCarts::page);
            carts.each(20, "shop-cart", DemoCarts::page);
            carts.each(100, "checkout", DemoCarts::checkOut);
            carts.each(400, "importer", DemoCarts::importBatch);
            carts.each(150, "recommender", DemoCarts::recommend);
            carts.each(1_000, "nightly-report", DemoCarts::report);
            carts.each(250, "legacy", DemoCarts::mistakes);
            return carts;
        } catch (IOException e) {
            carts.close();
            throw e;
        } catch (InterruptedException e) {
            carts.close();
            Thread.currentThread().interrupt();
            throw new IOException("the demo ends", e);
        }
    }

    private static void prepare(DemoDynamoClient setup) throws IOException, InterruptedException {
        require(setup.call("CreateTable", """
                {"TableName":"products","BillingMode":"PAY_PER_REQUEST",
                 "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
                 "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}"""));
        require(setup.call("CreateTable", """
                {"TableName":"carts","BillingMode":"PAY_PER_REQUEST",
                 "AttributeDefinitions":[{"AttributeName":"customer","AttributeType":"S"},
                  {"AttributeName":"product","AttributeType":"S"}],
                 "KeySchema":[{"AttributeName":"customer","KeyType":"HASH"},
                  {"AttributeName":"product","KeyType":"RANGE"}],
                 "GlobalSecondaryIndexes":[{"IndexName":"by-product","Projection":{"ProjectionType":"ALL"},
                  "KeySchema":[{"AttributeName":"product","KeyType":"HASH"}]}]}"""));
        require(setup.call("CreateTable", """
                {"TableName":"orders","BillingMode":"PAY_PER_REQUEST",
                 "AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],
                 "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]}"""));
        Random random = new Random(SEED);
        for (int first = 0; first < COUNT; first += WRITES) {
            require(setup.call("BatchWriteItem", batch(PRODUCTS, products(first, random))));
        }
        List<String> carts = IntStream.range(0, CUSTOMERS * OFFERED / 2)
                .mapToObj(
                        i -> "{\"PutRequest\":{\"Item\":" + inCart("c" + i % CUSTOMERS, product(i / CUSTOMERS)) + "}}")
                .toList();
        for (int first = 0; first < carts.size(); first += WRITES) {
            require(setup.call("BatchWriteItem", batch("carts", carts.subList(first, first + WRITES))));
        }
    }

    private static void require(DemoDynamoClient.Answer answer) throws IOException {
        if (!answer.isWell()) {
            throw new IOException("DynamoDB Local answers " + answer.status() + ": " + answer.body());
        }
    }

    private void each(long millis, String app, Task task) throws IOException, InterruptedException {
        DemoDynamoClient client = new DemoDynamoClient(proxy, app);
        Random random = new Random(seed++);
        // The first one answers, or says that nobody does.
        require(client.call("ListTables", "{}"));
        executor.scheduleWithFixedDelay(() -> attempt(client, random, task), millis, millis, TimeUnit.MILLISECONDS);
    }

    private void attempt(DemoDynamoClient client, Random random, Task task) {
        if (!allJoined && random.nextInt(SLOWLY) > 0) {
            return;
        }
        try {
            task.run(client, random);
        } catch (IOException e) {
            // The demo ends; or the table shows it.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void page(DemoDynamoClient client, Random random) throws IOException, InterruptedException {
        String product = product((int) Math.min(COUNT * 1.1, Math.abs(random.nextGaussian()) * COUNT / 3));
        String customer = "c" + random.nextInt(CUSTOMERS);
        String offered = product(random.nextInt(OFFERED));
        String key = "{\"customer\":{\"S\":\"" + customer + "\"},\"product\":{\"S\":\"" + offered + "\"}}";
        switch (random.nextInt(10)) {
            case 0, 1, 2 ->
                client.call("GetItem", String.format(Locale.ROOT, """
                        {"TableName":"products","Key":{"id":{"S":"%s"}},"ConsistentRead":%s,%s}""", product, random.nextBoolean(), CAPACITY));
            case 3, 4 -> client.call("Query", String.format(Locale.ROOT, """
                        {"TableName":"carts","KeyConditionExpression":"customer = :c",
                         "ExpressionAttributeValues":{":c":{"S":"%s"}},%s}""", customer, CAPACITY));
            case 5, 6 -> client.call("PutItem", String.format(Locale.ROOT, """
                        {"TableName":"carts","Item":%s,%s}""", inCart(customer, offered), CAPACITY));
            case 7, 8 ->
                // Only what is in the cart can be more; often it is not.
                client.call("UpdateItem", String.format(Locale.ROOT, """
                        {"TableName":"carts","Key":%s,"UpdateExpression":"ADD amount :one",
                         "ConditionExpression":"attribute_exists(amount)",
                         "ExpressionAttributeValues":{":one":{"N":"1"}},%s}""", key, CAPACITY));
            default -> client.call("DeleteItem", String.format(Locale.ROOT, """
                        {"TableName":"carts","Key":%s,"ReturnValues":"ALL_OLD",%s}""", key, CAPACITY));
        }
    }

    /** Takes one from the stock, if there is one, and makes an order of it: both or none. */
    private static void checkOut(DemoDynamoClient client, Random random) throws IOException, InterruptedException {
        String product = product(random.nextInt(COUNT));
        client.call(
                "TransactWriteItems",
                String.format(Locale.ROOT, """
                {"TransactItems":[
                 {"Update":{"TableName":"products","Key":{"id":{"S":"%s"}},"UpdateExpression":"ADD stock :less",
                  "ConditionExpression":"stock > :none",
                  "ExpressionAttributeValues":{":less":{"N":"-1"},":none":{"N":"0"}}}},
                 {"Put":{"TableName":"orders","Item":{"id":{"S":"o%d"},"product":{"S":"%s"}}}}],%s}""", product, random.nextInt(2_000), product, CAPACITY));
    }

    /** A delivery: new stocks of many products. */
    private static void importBatch(DemoDynamoClient client, Random random) throws IOException, InterruptedException {
        client.call("BatchWriteItem", batch(PRODUCTS, products(random.nextInt(COUNT / WRITES) * WRITES, random)));
    }

    private static List<String> products(int first, Random random) {
        return IntStream.range(first, first + WRITES)
                .mapToObj(id -> String.format(Locale.ROOT, """
                        {"PutRequest":{"Item":{"id":{"S":"%s"},"name":{"S":"Product %d"},"price":{"N":"%d"},"stock":{"N":"%d"}}}}""", product(id), id, id % 97, random.nextInt(6)))
                .toList();
    }

    private static String inCart(String customer, String product) {
        return String.format(Locale.ROOT, """
                {"customer":{"S":"%s"},"product":{"S":"%s"},"amount":{"N":"1"}}""", customer, product);
    }

    private static String batch(String table, List<String> writes) {
        return "{\"RequestItems\":{\"" + table + "\":[" + String.join(",", writes) + "]}," + CAPACITY + "}";
    }

    /** Who else has it in the cart, by the index; and what there is to say of many products, by a batch. */
    private static void recommend(DemoDynamoClient client, Random random) throws IOException, InterruptedException {
        client.call("Query", String.format(Locale.ROOT, """
                {"TableName":"carts","IndexName":"by-product","KeyConditionExpression":"product = :p",
                 "ExpressionAttributeValues":{":p":{"S":"%s"}},"Limit":20,%s}""", product(random.nextInt(OFFERED)), CAPACITY));
        int first = random.nextInt(COUNT);
        String keys = IntStream.range(first, first + READS)
                .mapToObj(id -> "{\"id\":{\"S\":\"" + product(id) + "\"}}")
                .collect(Collectors.joining(","));
        String order = "{\"id\":{\"S\":\"o" + random.nextInt(2_000) + "\"}}";
        client.call("BatchGetItem", String.format(Locale.ROOT, """
                {"RequestItems":{"products":{"Keys":[%s]},"orders":{"Keys":[%s]}},%s}""", keys, order, CAPACITY));
    }

    /** What should not be done often: all of a table is read, and paid for, to find a few items. */
    private static void report(DemoDynamoClient client, Random random) throws IOException, InterruptedException {
        for (int segment = 0; segment < SEGMENTS; segment++) {
            client.call("Scan", String.format(Locale.ROOT, """
                    {"TableName":"products","FilterExpression":"stock = :none","Segment":%d,"TotalSegments":%d,
                     "ExpressionAttributeValues":{":none":{"N":"0"}},%s}""", segment, SEGMENTS, CAPACITY));
        }
        client.call("Query", String.format(Locale.ROOT, """
                {"TableName":"carts","KeyConditionExpression":"customer = :c",
                 "ExpressionAttributeValues":{":c":{"S":"c%d"}},"Select":"COUNT",%s}""", random.nextInt(CUSTOMERS), CAPACITY));
    }

    private static void mistakes(DemoDynamoClient client, Random random) throws IOException, InterruptedException {
        client.call("PutItem", String.format(Locale.ROOT, """
                {"TableName":"carts","Item":{"customer":{"S":"c%d"}},%s}""", random.nextInt(CUSTOMERS), CAPACITY));
        client.call("GetItem", String.format(Locale.ROOT, """
                {"TableName":"cart","Key":{"id":{"S":"%d"}}}""", random.nextInt(CUSTOMERS)));
    }

    private static String product(int id) {
        return "p" + id;
    }

    @Override
    public void timeBegins(Duration limit) {
        allJoined = true;
    }

    @Override
    public void close() {
        executor.shutdownNow();
        try {
            executor.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
