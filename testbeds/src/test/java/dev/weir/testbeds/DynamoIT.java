package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.ExchangeSink;
import dev.weir.core.testkit.InstalledTool;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.GlobalSecondaryIndex;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ProjectionType;
import software.amazon.awssdk.services.dynamodb.model.ProvisionedThroughputExceededException;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/** The SDKs of AWS for Java and Python to DynamoDB Local and moto, through {@code http} with {@code dynamodb}: exchanges say what the answers said. */
class DynamoIT {
    private static DynamoBed bed;
    private static Watched weir;
    private static DynamoDbClient client;

    /** A Weir before a server, and its exchanges. */
    private static final class Watched implements AutoCloseable {
        final List<Exchange> exchanges = new CopyOnWriteArrayList<>();
        final SimpleMeterRegistry meters = new SimpleMeterRegistry();
        private final Proxy proxy;

        Watched(String upstream) {
            ExchangeSink sink = new ExchangeSink() {
                @Override
                public String name() {
                    return "test";
                }

                @Override
                public void onExchange(Exchange exchange) {
                    Exchange copy = new Exchange();
                    copy.copyFrom(exchange);
                    exchanges.add(copy);
                }
            };
            Map<String, ?> http = Map.of(
                    "type",
                    "http",
                    "observe",
                    true,
                    "dynamodb",
                    true,
                    "routes",
                    List.of(Map.of("cluster", "dynamodb")));
            proxy = Proxy.builder()
                    .meters(meters)
                    .sink(index -> sink)
                    .start(ProxyConfig.of(Map.of(
                            "event_loops",
                            1,
                            "listeners",
                            List.of(Map.of("name", "ddb", "address", "127.0.0.1:0", "filters", List.of(http))),
                            "clusters",
                            List.of(Map.of("name", "dynamodb", "endpoints", List.of(upstream))))));
        }

        URI endpoint() {
            return URI.create("http://127.0.0.1:" + proxy.address("ddb").port());
        }

        /** The one that follows the first {@code before}. */
        Exchange after(int before) throws InterruptedException {
            assertThat(Setup.eventually(() -> exchanges.size() > before)).isTrue();
            return exchanges.get(before);
        }

        double consumed(String table, String index, String operation) {
            return meters.find("weir_dynamodb_consumed_capacity_units").counters().stream()
                    .filter(counter -> table.equals(counter.getId().getTag("table"))
                            && index.equals(counter.getId().getTag("index"))
                            && operation.equals(counter.getId().getTag("operation")))
                    .mapToDouble(counter -> counter.count())
                    .sum();
        }

        @Override
        public void close() {
            proxy.close();
        }
    }

    @BeforeAll
    static void start() throws Exception {
        bed = DynamoBed.start();
        weir = new Watched(bed.address());
        client = DynamoSdk.connect(weir.endpoint());
        for (String table : List.of("orders", "others")) {
            client.createTable(create -> create.tableName(table)
                    .keySchema(key("customer", KeyType.HASH), key("number", KeyType.RANGE))
                    .attributeDefinitions(
                            attribute("customer", ScalarAttributeType.S),
                            attribute("number", ScalarAttributeType.N),
                            attribute("state", ScalarAttributeType.S))
                    .globalSecondaryIndexes(GlobalSecondaryIndex.builder()
                            .indexName("by_state")
                            .keySchema(key("state", KeyType.HASH))
                            .projection(what -> what.projectionType(ProjectionType.ALL))
                            .build())
                    .billingMode(BillingMode.PAY_PER_REQUEST));
        }
    }

    @AfterAll
    static void stop() {
        client.close();
        weir.close();
        bed.close();
    }

    private static KeySchemaElement key(String name, KeyType type) {
        return KeySchemaElement.builder().attributeName(name).keyType(type).build();
    }

    private static AttributeDefinition attribute(String name, ScalarAttributeType type) {
        return AttributeDefinition.builder()
                .attributeName(name)
                .attributeType(type)
                .build();
    }

    private static Map<String, AttributeValue> id(String customer, int number) {
        return Map.of(
                "customer", AttributeValue.fromS(customer), "number", AttributeValue.fromN(Integer.toString(number)));
    }

    private static Map<String, AttributeValue> order(String customer, int number) {
        Map<String, AttributeValue> item = new java.util.HashMap<>(id(customer, number));
        item.put("state", AttributeValue.fromS(customer + "-open"));
        item.put("note", AttributeValue.fromS("x".repeat(500)));
        return item;
    }

    private static List<WriteRequest> puts(String customer, int count) {
        return IntStream.range(0, count)
                .mapToObj(number -> WriteRequest.builder()
                        .putRequest(put -> put.item(order(customer, number)))
                        .build())
                .toList();
    }

    private static void write(String customer, int count) {
        for (int from = 0; from < count; from += 25) {
            List<WriteRequest> some = puts(customer, count).subList(from, Math.min(count, from + 25));
            client.batchWriteItem(batch -> batch.requestItems(Map.of("orders", some)));
        }
    }

    private static Object attribute(Exchange told, String name) {
        for (int i = 0; i < told.attributes(); i++) {
            if (told.attributeName(i).equals(name)) {
                return told.attributeValue(i);
            }
        }
        return null;
    }

    private static void isFine(Exchange told, String operation, String target) {
        assertThat(told.protocol).isEqualTo("dynamodb");
        assertThat(told.operation().name()).isEqualTo(operation);
        assertThat(told.target).isEqualTo(target);
        assertThat(told.status).isEqualTo(Exchange.Status.OK);
        assertThat(told.error).isNull();
        assertThat(told.byWeir).isFalse();
    }

    @Test
    void singleItems() throws Exception {
        int at = weir.exchanges.size();
        client.putItem(put -> put.tableName("orders").item(order("single", 1)));
        isFine(weir.after(at), "PutItem", "orders");
        assertThat(weir.after(at).rows).isEqualTo(1);

        client.getItem(get -> get.tableName("orders").key(id("single", 1)).consistentRead(true));
        isFine(weir.after(at + 1), "GetItem", "orders");
        assertThat(weir.after(at + 1).rows).isEqualTo(1);
        assertThat(attribute(weir.after(at + 1), "consistent_read")).isEqualTo(true);

        client.getItem(get -> get.tableName("orders").key(id("single", 2)));
        assertThat(weir.after(at + 2).rows).isZero();
        assertThat(weir.after(at + 2).hit).isZero();

        double before = weir.consumed("orders", "by_state", "UpdateItem");
        UpdateItemResponse updated = client.updateItem(update -> update.tableName("orders")
                .key(id("single", 1))
                .updateExpression("SET #s = :s")
                .expressionAttributeNames(Map.of("#s", "state"))
                .expressionAttributeValues(Map.of(":s", AttributeValue.fromS("done")))
                .returnConsumedCapacity(ReturnConsumedCapacity.INDEXES));
        Exchange told = weir.after(at + 3);
        isFine(told, "UpdateItem", "orders");
        ConsumedCapacity capacity = updated.consumedCapacity();
        assertThat(((Number) attribute(told, "consumed_capacity")).doubleValue())
                .isEqualTo(capacity.capacityUnits());
        double ofIndex = capacity.globalSecondaryIndexes().get("by_state").capacityUnits();
        assertThat(weir.consumed("orders", "by_state", "UpdateItem") - before).isEqualTo(ofIndex);

        client.deleteItem(delete -> delete.tableName("orders").key(id("single", 1)));
        isFine(weir.after(at + 4), "DeleteItem", "orders");
        assertThat(told.app).isNotNull();
    }

    @Test
    void queriesAndScans() throws Exception {
        write("query", 30);
        int at = weir.exchanges.size();
        QueryResponse answer = client.query(query -> query.tableName("orders")
                .keyConditionExpression("customer = :c")
                .limit(20)
                .expressionAttributeValues(Map.of(":c", AttributeValue.fromS("query")))
                .returnConsumedCapacity(ReturnConsumedCapacity.TOTAL)
                .filterExpression("attribute_exists(nothing)"));
        Exchange told = weir.after(at);
        isFine(told, "Query", "orders");
        assertThat(told.rows).isEqualTo(answer.count().longValue());
        assertThat(attribute(told, "scanned")).isEqualTo(answer.scannedCount().longValue());
        assertThat(attribute(told, "more")).isEqualTo(answer.hasLastEvaluatedKey() ? true : null);
        assertThat(((Number) attribute(told, "consumed_capacity")).doubleValue())
                .isEqualTo(answer.consumedCapacity().capacityUnits());

        client.query(query -> query.tableName("orders")
                .indexName("by_state")
                .keyConditionExpression("#s = :s")
                .expressionAttributeNames(Map.of("#s", "state"))
                .expressionAttributeValues(Map.of(":s", AttributeValue.fromS("query-open"))));
        assertThat(attribute(weir.after(at + 1), "index")).isEqualTo("by_state");
        assertThat(weir.after(at + 1).rows).isEqualTo(30);

        List<ScanResponse> pages = new ArrayList<>();
        client.scanPaginator(scan -> scan.tableName("orders").limit(11)).forEach(pages::add);
        assertThat(pages).hasSizeGreaterThan(2);
        for (int i = 0; i < pages.size(); i++) {
            Exchange page = weir.after(at + 2 + i);
            isFine(page, "Scan", "orders");
            assertThat(page.rows).isEqualTo(pages.get(i).count().longValue());
            assertThat(attribute(page, "more")).isEqualTo(pages.get(i).hasLastEvaluatedKey() ? true : null);
        }
    }

    @Test
    void batches() throws Exception {
        int at = weir.exchanges.size();
        BatchWriteItemResponse written = client.batchWriteItem(
                batch -> batch.requestItems(Map.of("orders", puts("batch", 10), "others", puts("batch", 5)))
                        .returnConsumedCapacity(ReturnConsumedCapacity.INDEXES));
        Exchange told = weir.after(at);
        assertThat(told.operation().name()).isEqualTo("BatchWriteItem");
        assertThat(told.target.split(", ", -1)).containsExactlyInAnyOrder("orders", "others");
        assertThat(told.batch).isEqualTo(15);
        assertThat(told.rows).isEqualTo(15);
        assertThat(String.valueOf(attribute(told, "items_by_table"))).contains("orders", "10", "others", "5");
        assertThat(((Number) attribute(told, "consumed_capacity")).doubleValue())
                .isEqualTo(written.consumedCapacity().stream()
                        .mapToDouble(ConsumedCapacity::capacityUnits)
                        .sum());

        BatchGetItemResponse read = client.batchGetItem(batch -> batch.requestItems(Map.of(
                "orders",
                software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes.builder()
                        .keys(IntStream.range(5, 15)
                                .mapToObj(number -> id("batch", number))
                                .toList())
                        .build())));
        assertThat(weir.after(at + 1).batch).isEqualTo(10);
        assertThat(weir.after(at + 1).rows)
                .isEqualTo(read.responses().get("orders").size());

        client.transactWriteItems(all -> all.transactItems(
                TransactWriteItem.builder()
                        .put(put -> put.tableName("orders").item(order("transact", 1)))
                        .build(),
                TransactWriteItem.builder()
                        .put(put -> put.tableName("others").item(order("transact", 1)))
                        .build()));
        assertThat(weir.after(at + 2).operation().name()).isEqualTo("TransactWriteItems");
        assertThat(weir.after(at + 2).batch).isEqualTo(2);
        assertThat(weir.after(at + 2).status).isEqualTo(Exchange.Status.OK);
    }

    @Test
    void conditionsThatFail() throws Exception {
        write("condition", 1);
        int at = weir.exchanges.size();
        assertThatThrownBy(() -> client.putItem(put -> put.tableName("orders")
                        .item(order("condition", 0))
                        .conditionExpression("attribute_not_exists(customer)")))
                .isInstanceOf(ConditionalCheckFailedException.class);
        assertThat(weir.after(at).status).isEqualTo(Exchange.Status.ERROR);
        assertThat(weir.after(at).error).isEqualTo("ConditionalCheckFailedException");
        assertThat(weir.after(at).byWeir).isFalse();

        assertThatThrownBy(() -> client.transactWriteItems(all -> all.transactItems(
                        TransactWriteItem.builder()
                                .put(put -> put.tableName("orders").item(order("condition", 1)))
                                .build(),
                        TransactWriteItem.builder()
                                .put(put -> put.tableName("orders")
                                        .item(order("condition", 0))
                                        .conditionExpression("attribute_not_exists(customer)"))
                                .build())))
                .isInstanceOf(TransactionCanceledException.class);
        assertThat(weir.after(at + 1).error).isEqualTo("TransactionCanceledException");
        assertThat(String.valueOf(attribute(weir.after(at + 1), "cancellation_reasons")))
                .contains("ConditionalCheckFailed");
    }

    @Test
    void partiQlAndTheRest() throws Exception {
        write("partiql", 3);
        int at = weir.exchanges.size();
        client.executeStatement(query -> query.statement("SELECT * FROM orders WHERE customer = 'partiql'"));
        Exchange told = weir.after(at);
        assertThat(told.operation().name()).isEqualTo("ExecuteStatement");
        assertThat(told.rows).isEqualTo(3);
        assertThat(told.statement).contains("?").doesNotContain("partiql");
        assertThat(told.digest).isNotNull();

        client.updateTimeToLive(ttl -> ttl.tableName("others")
                .timeToLiveSpecification(what -> what.attributeName("until").enabled(true)));
        isFine(weir.after(at + 1), "UpdateTimeToLive", "others");
        client.describeTable(describe -> describe.tableName("orders"));
        isFine(weir.after(at + 2), "DescribeTable", "orders");
        client.listTables();
        assertThat(weir.after(at + 3).operation().name()).isEqualTo("ListTables");
    }

    /** A server that has no capacity left: the SDK tries again, and says so. */
    @Test
    void throttlingAndTheTriesAfterIt() throws Exception {
        String body = "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\","
                + "\"message\":\"slower\"}";
        String answer = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: "
                + body.length() + "\r\nConnection: close\r\n\r\n" + body;
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                Watched before = new Watched("127.0.0.1:" + server.getLocalPort());
                DynamoDbClient sdk = DynamoSdk.connect(before.endpoint())) {
            Thread thread = new Thread(() -> serve(server, answer), "throttling");
            thread.setDaemon(true);
            thread.start();
            assertThatThrownBy(() -> sdk.putItem(put -> put.tableName("hot").item(order("hot", 1))))
                    .isInstanceOf(ProvisionedThroughputExceededException.class);
            assertThat(before.exchanges).hasSizeGreaterThan(1);
            for (int i = 0; i < before.exchanges.size(); i++) {
                Exchange told = before.exchanges.get(i);
                assertThat(told.error).isEqualTo("ProvisionedThroughputExceededException");
                assertThat(told.target).isEqualTo("hot");
                assertThat(attribute(told, "retry")).isEqualTo(i == 0 ? null : (Object) (long) i);
            }
        }
    }

    private static void serve(ServerSocket server, String answer) {
        try {
            while (true) {
                try (Socket one = server.accept()) {
                    byte[] buffer = new byte[16_384];
                    String all = "";
                    while (!all.contains("\"hot\"")) {
                        int n = one.getInputStream().read(buffer);
                        if (n < 0) {
                            break;
                        }
                        all += new String(buffer, 0, n, StandardCharsets.ISO_8859_1);
                    }
                    one.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                }
            }
        } catch (IOException e) {
            // The test is over.
        }
    }

    /** boto3 to moto; the script prints what the answers said, a line for each. */
    @Test
    void pythonAndMoto(@TempDir Path folder) throws Exception {
        Path moto = InstalledTool.require("aws/bin/moto_server");
        Path python = InstalledTool.require("aws/bin/python");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Process server = new ProcessBuilder(moto.toString(), "-H", "127.0.0.1", "-p", Integer.toString(port))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("moto").toFile())
                .start();
        try (Watched before = new Watched("127.0.0.1:" + port)) {
            assertThat(Setup.eventually(() -> listens(port))).isTrue();
            Path script = folder.resolve("script.py");
            try (var in = DynamoIT.class.getResourceAsStream("/dynamodb.py")) {
                Files.write(script, in.readAllBytes());
            }
            Path output = folder.resolve("script.out");
            Process run = new ProcessBuilder(
                            python.toString(),
                            script.toString(),
                            before.endpoint().toString())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            assertThat(run.waitFor(120, TimeUnit.SECONDS)).isTrue();
            List<String> said = Files.readAllLines(output);
            assertThat(run.exitValue()).as(said.toString()).isZero();
            assertThat(Setup.eventually(() -> before.exchanges.size() >= said.size()))
                    .isTrue();
            List<String> told = before.exchanges.stream()
                    .map(e -> e.operation().name() + " " + e.target + " " + (e.error == null ? e.rows : e.error))
                    .toList();
            assertThat(told).isEqualTo(said);
        } finally {
            server.destroyForcibly().waitFor(20, TimeUnit.SECONDS);
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }
}
