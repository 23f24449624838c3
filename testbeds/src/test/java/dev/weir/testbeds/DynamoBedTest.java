package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeDefinition;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/** That the bed is the real thing: what tests of statistics look for is in its answers. */
class DynamoBedTest {
    private static DynamoBed bed;
    private static DynamoDbClient client;

    @BeforeAll
    static void start() throws Exception {
        bed = DynamoBed.start();
        client = DynamoSdk.connect(bed.endpoint());
        client.createTable(table -> table.tableName("orders")
                .keySchema(key("customer", KeyType.HASH), key("number", KeyType.RANGE))
                .attributeDefinitions(
                        attribute("customer", ScalarAttributeType.S), attribute("number", ScalarAttributeType.N))
                .billingMode(BillingMode.PAY_PER_REQUEST));
    }

    @AfterAll
    static void stop() {
        client.close();
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

    private static Map<String, AttributeValue> order(String customer, int number) {
        return Map.of(
                "customer", AttributeValue.fromS(customer), "number", AttributeValue.fromN(Integer.toString(number)));
    }

    private static BatchWriteItemResponse write(String customer, int count) {
        List<WriteRequest> writes = IntStream.range(0, count)
                .mapToObj(number -> WriteRequest.builder()
                        .putRequest(put -> put.item(order(customer, number)))
                        .build())
                .toList();
        return client.batchWriteItem(batch ->
                batch.requestItems(Map.of("orders", writes)).returnConsumedCapacity(ReturnConsumedCapacity.TOTAL));
    }

    @Test
    void tellsTheCapacityThatABatchConsumed() {
        BatchWriteItemResponse answer = write("batch", 20);

        assertThat(answer.consumedCapacity()).singleElement().satisfies(capacity -> {
            assertThat(capacity.tableName()).isEqualTo("orders");
            assertThat(capacity.capacityUnits()).isEqualTo(20.0);
        });
        assertThat(answer.unprocessedItems()).isEmpty();
    }

    @Test
    void tellsWhatWasScannedBesideWhatIsReturned() {
        write("query", 10);

        QueryResponse answer = client.query(query -> query.tableName("orders")
                .keyConditionExpression("customer = :c")
                .filterExpression("attribute_exists(note)")
                .expressionAttributeValues(Map.of(":c", AttributeValue.fromS("query"))));

        assertThat(answer.scannedCount()).isEqualTo(10);
        assertThat(answer.count()).isZero();
    }

    @Test
    void refusesWhatAConditionForbids() {
        write("condition", 1);

        assertThatThrownBy(() -> client.putItem(put -> put.tableName("orders")
                        .item(order("condition", 0))
                        .conditionExpression("attribute_not_exists(customer)")))
                .isInstanceOf(ConditionalCheckFailedException.class);
    }

    @Test
    void cancelsATransactionAndSaysForWhichItem() {
        write("transaction", 1);

        TransactWriteItem absent = TransactWriteItem.builder()
                .put(put -> put.tableName("orders").item(order("transaction", 1)))
                .build();
        TransactWriteItem present = TransactWriteItem.builder()
                .put(put -> put.tableName("orders")
                        .item(order("transaction", 0))
                        .conditionExpression("attribute_not_exists(customer)"))
                .build();

        assertThatThrownBy(() -> client.transactWriteItems(items -> items.transactItems(absent, present)))
                .isInstanceOfSatisfying(
                        TransactionCanceledException.class,
                        cancelled -> assertThat(cancelled.cancellationReasons())
                                .extracting(reason -> reason.code())
                                .containsExactly("None", "ConditionalCheckFailed"));
    }

    @Test
    void knowsPartiQl() {
        write("partiql", 3);

        assertThat(client.executeStatement(query -> query.statement("SELECT * FROM orders WHERE customer = 'partiql'"))
                        .items())
                .hasSize(3);
    }

    @Test
    void endsWithItsTablesAndItsPort() throws Exception {
        DynamoBed other = DynamoBed.start();
        try (DynamoDbClient stranger = DynamoSdk.connect(other.endpoint())) {
            assertThat(stranger.listTables().tableNames()).isEmpty();
        }

        other.close();

        assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), other.port()).close())
                .isInstanceOf(IOException.class);
    }
}
