package dev.weir.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Conversations of boto3 with DynamoDB Local and moto, and answers as AWS documents them. */
class DynamoDetailsTest {
    private static final int WHOLE = 1 << 20;

    private final ObservationBed bed = new ObservationBed(Map.of("dynamodb", true));

    private static List<String> recorded() throws IOException {
        try (InputStream in = DynamoDetailsTest.class.getResourceAsStream("/dynamodb/expected.txt")) {
            assertThat(in).isNotNull();
            return new String(in.readAllBytes(), UTF_8).lines().toList();
        }
    }

    private static Conversation conversation(String expected) {
        return Conversation.load("/dynamodb/" + expected.substring(0, expected.indexOf(':')));
    }

    private static String told(String expected) {
        return expected.substring(expected.indexOf(':') + 2);
    }

    /** As DynamoDB itself would be asked in another form of the protocol. */
    private static Conversation asCbor(Conversation talk, boolean definite) {
        String target = talk.request().headers().get("x-amz-target");
        int dot = target.indexOf('.');
        String path = "/service/" + target.substring(0, dot) + "/operation/" + target.substring(dot + 1);
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, path);
        request.headers().add(talk.request().headers()).remove("x-amz-target");
        request.headers().set("smithy-protocol", "rpc-v2-cbor").set("content-type", "application/cbor");
        boolean html =
                "text/html; charset=utf-8".equals(talk.response().headers().get("content-type"));
        HttpResponse response =
                new DefaultHttpResponse(HttpVersion.HTTP_1_1, talk.response().status());
        response.headers().add(talk.response().headers());
        if (!html) {
            response.headers().set("content-type", "application/cbor");
        }
        byte[] answer = html ? talk.responseBody() : Cbor.of(talk.responseBody(), definite);
        return new Conversation(request, Cbor.of(talk.requestBody(), definite), response, answer);
    }

    private static Conversation ask(String operation, String body, int status, String answer) {
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/");
        request.headers().set("x-amz-target", "DynamoDB_20120810." + operation);
        request.headers().set("content-type", "application/x-amz-json-1.0");
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
        response.headers().set("content-type", "application/x-amz-json-1.0");
        return new Conversation(request, body.getBytes(UTF_8), response, answer.getBytes(UTF_8));
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void tellsWhatPassed(String expected) {
        for (int piece : new int[] {WHOLE, 1, 3, 64}) {
            assertThat(ObservationBed.line(bed.play(conversation(expected), piece)))
                    .as("pieces of %s bytes", piece)
                    .isEqualTo(told(expected));
        }
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void tellsTheSameOfCbor(String expected) {
        for (boolean definite : new boolean[] {true, false}) {
            for (int piece : new int[] {WHOLE, 1, 3, 64}) {
                assertThat(ObservationBed.line(bed.play(asCbor(conversation(expected), definite), piece)))
                        .as("pieces of %s bytes, definite: %s", piece, definite)
                        .isEqualTo(told(expected));
            }
        }
    }

    /** Each way to cut a body in two, both in JSON and in CBOR. */
    @ParameterizedTest
    @ValueSource(strings = {"local/batch-get", "local/put-item-plain", "local/transact-cancelled", "local/partiql"})
    void anyCutWillDo(String name) throws IOException {
        String expected = recorded().stream()
                .filter(line -> line.startsWith(name + ".http"))
                .findFirst()
                .orElseThrow();
        Conversation json = conversation(expected);
        for (Conversation talk : List.of(json, asCbor(json, true), asCbor(json, false))) {
            int longest = Math.max(talk.requestBody().length, talk.responseBody().length);
            for (int cut = 1; cut < longest; cut++) {
                assertThat(ObservationBed.line(bed.play(talk, cut))).isEqualTo(told(expected));
            }
        }
    }

    @Test
    void sizesAndTimesAreThoseOfHttp() {
        Conversation talk = Conversation.load("/dynamodb/local/get-item.http");

        Exchange e = bed.play(talk, WHOLE);

        assertThat(e.requestBytes).isEqualTo(talk.requestBody().length);
        assertThat(e.responseBytes).isEqualTo(talk.responseBody().length);
        assertThat(e.firstByteNanos).isEqualTo(100_000);
        assertThat(e.durationNanos).isEqualTo(200_000);
        assertThat(e.queueNanos).isEqualTo(20_000);
        assertThat(e.upstreamNanos).isEqualTo(190_000);
        assertThat(e.upstreamText()).isEqualTo("10.0.0.1:8000");
        assertThat(e.clusterName()).isEqualTo("db");
        assertThat(e.app).isEqualTo("Boto3");
        assertThat(e.labels).isNull();
    }

    @Test
    void countsCapacityByTableAndIndex() {
        bed.play(Conversation.load("/dynamodb/local/batch-write.http"), WHOLE);
        bed.play(Conversation.load("/dynamodb/local/query-index.http"), WHOLE);
        bed.play(Conversation.load("/dynamodb/local/batch-get.http"), WHOLE);

        assertThat(bed.counts("weir_dynamodb_consumed_capacity_units"))
                .containsOnly(
                        Map.entry("index= operation=BatchWriteItem table=orders", 12.0),
                        Map.entry("index=by-state operation=BatchWriteItem table=orders", 10.0),
                        Map.entry("index= operation=BatchWriteItem table=users", 3.0),
                        Map.entry("index=by-state operation=Query table=orders", 0.5),
                        Map.entry("index= operation=BatchGetItem table=orders", 2.0),
                        Map.entry("index= operation=BatchGetItem table=users", 0.5));
    }

    @Test
    void countsFailedConditionsAndReasonsOfCancellation() {
        bed.play(Conversation.load("/dynamodb/local/condition-failed.http"), WHOLE);
        bed.play(Conversation.load("/dynamodb/local/transact-cancelled.http"), WHOLE);

        assertThat(bed.counts("weir_dynamodb_condition_failed"))
                .containsOnly(Map.entry("operation=PutItem table=orders", 1.0));
        assertThat(bed.counts("weir_dynamodb_cancelled"))
                .containsOnly(Map.entry("operation=TransactWriteItems reason=ConditionalCheckFailed", 2.0));
    }

    /** After the reference of {@code ProvisionedThroughputExceededException}. */
    @Test
    void tellsThrottlingWithItsReason() {
        Conversation talk = ask("Query", "{\"TableName\":\"orders\"}", 400, """
                {"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                 "message":"The level of configured provisioned throughput for the table was exceeded.",
                 "ThrottlingReasons":[{"reason":"TableReadProvisionedThroughputExceeded",
                   "resource":"arn:aws:dynamodb:us-west-2:123456789012:table/orders"}]}""");

        String line = ObservationBed.line(bed.play(talk, 5));

        assertThat(line)
                .isEqualTo(
                        "dynamodb Query | status=error error=ProvisionedThroughputExceededException target=orders"
                                + " http_status=400 throttling_reason=TableReadProvisionedThroughputExceeded collection=orders");
        assertThat(bed.counts("weir_dynamodb_throttled"))
                .containsOnly(
                        Map.entry("error=ProvisionedThroughputExceededException operation=Query table=orders", 1.0));
    }

    /** After the developer guide: {@code UnprocessedKeys} is asked for again. */
    @Test
    void tellsWhatWasNotProcessed() {
        Conversation read = ask(
                        "BatchGetItem",
                        "{\"RequestItems\":{\"Forum\":{\"Keys\":[{\"Name\":{\"S\":\"A\"}},{\"Name\":{\"S\":\"B\"}},{\"Name\":{\"S\":\"C\"}}]}}}",
                        200,
                        "{\"Responses\":{\"Forum\":[{\"Name\":{\"S\":\"A\"}}]},\"UnprocessedKeys\":{\"Forum\":{\"Keys\":"
                                + "[{\"Name\":{\"S\":\"B\"}},{\"Name\":{\"S\":\"C\"}}],\"ConsistentRead\":false}}}")
                .requestHeader("amz-sdk-request", "attempt=3; max=4");
        Conversation write = ask(
                "BatchWriteItem",
                "{\"RequestItems\":{\"Forum\":[{\"DeleteRequest\":{\"Key\":{\"Name\":{\"S\":\"A\"}}}},{\"PutRequest\":{\"Item\":{}}}]}}",
                200,
                "{\"UnprocessedItems\":{\"Forum\":[{\"PutRequest\":{\"Item\":{}}}]}}");

        assertThat(ObservationBed.line(bed.play(read, 4)))
                .isEqualTo("dynamodb BatchGetItem | status=ok target=Forum rows=1 batch=3 hit=1 http_status=200"
                        + " unprocessed=2 retry=2 collection=Forum");
        assertThat(ObservationBed.line(bed.play(write, 4)))
                .isEqualTo("dynamodb BatchWriteItem | status=ok target=Forum rows=1 batch=2 http_status=200"
                        + " unprocessed=1 collection=Forum");
        assertThat(bed.counts("weir_dynamodb_unprocessed"))
                .containsOnly(
                        Map.entry("operation=BatchGetItem table=Forum", 2.0),
                        Map.entry("operation=BatchWriteItem table=Forum", 1.0));
        assertThat(bed.counts("weir_dynamodb_retries")).containsOnly(Map.entry("operation=BatchGetItem", 1.0));
    }

    @Test
    void theTypeOfAnErrorMayStandInAHeader() {
        Conversation talk = ask("GetItem", "{}", 400, "")
                .responseHeader("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/coral/");

        assertThat(bed.play(talk, WHOLE).error).isEqualTo("ThrottlingException");
    }

    @Test
    void neitherRegionNorAccountIsTold() {
        String arn = "arn:aws:dynamodb:us-west-2:123456789012:table/Music/index/by-artist";

        Exchange e = bed.play(ask("Query", "{\"TableName\":\"" + arn + "\"}", 200, "{}"), 9);

        assertThat(e.target).isEqualTo("Music");
        assertThat(bed.play(ask("Query", "{\"TableName\":\"arn:aws:x\"}", 200, "{}"), 9).target)
                .isEqualTo("_OTHER");
    }

    @Test
    void statementsAreShownAsSentWhereOptedIn() {
        ObservationBed raw = new ObservationBed(Map.of("dynamodb", Map.of("statements", true)));
        Conversation talk = Conversation.load("/dynamodb/local/partiql.http");

        assertThat(bed.play(talk, WHOLE).statement).isEqualTo("SELECT * FROM orders WHERE customer = ? AND number = ?");
        assertThat(raw.play(talk, WHOLE).statement)
                .isEqualTo("SELECT * FROM \"orders\" WHERE customer = 'c1' AND number = 4");
    }

    @Test
    void unknownOperationsHaveNoNameOfTheirOwn() {
        assertThat(bed.play(ask("MakeCoffee", "{}", 400, "{}"), WHOLE)
                        .operation()
                        .name())
                .isEqualTo("_OTHER");
        Conversation other =
                ask("GetItem", "{}", 200, "{}").requestHeader("x-amz-target", "Kinesis_20131202.PutRecord");
        assertThat(bed.play(other, WHOLE).protocol).isEqualTo("http");
    }

    @Test
    void readsGzip() throws IOException {
        Conversation plain = Conversation.load("/dynamodb/local/batch-get.http");
        Conversation talk = plain.with(gzip(plain.requestBody()), gzip(plain.responseBody()))
                .requestHeader("content-encoding", "gzip")
                .responseHeader("content-encoding", "gzip");

        for (int piece : new int[] {WHOLE, 1, 7}) {
            Exchange e = bed.play(talk, piece);
            assertThat(e.rows).isEqualTo(3);
            assertThat(e.batch).isEqualTo(4);
            assertThat(e.requestBytes).isEqualTo(talk.requestBody().length);
        }
        assertThat(bed.loop().inflaters.taken()).isZero();
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        }
        return out.toByteArray();
    }

    @Test
    void whatIsBeyondTheLimitCostsDetailsOnly() {
        ObservationBed little = new ObservationBed(Map.of("dynamodb", Map.of("body_limit", "200B")));
        String items = "{\"k\":{\"S\":\"v\"}},".repeat(100);
        Conversation talk = ask(
                "Query",
                "{\"TableName\":\"t\"}",
                200,
                "{\"Count\":101,\"Items\":[" + items + "{}],\"ScannedCount\":101}");

        Exchange e = little.play(talk, 50);

        assertThat(ObservationBed.line(e))
                .isEqualTo("dynamodb Query | status=ok target=t rows=101 http_status=200 collection=t");
        assertThat(little.counts("weir_http_details_lost"))
                .containsOnly(Map.entry("protocol=dynamodb reason=limit", 1.0));
    }

    @Test
    void brokenBodiesCostDetailsOnly() {
        List<String> broken =
                new ArrayList<>(List.of("{", "{]", "\"", "{\"TableName\":\"t\",}", "nonsense", "{\"a\":1"));
        for (String body : broken) {
            Exchange e = bed.play(ask("PutItem", body, 200, body), 2);
            assertThat(e.operation().name()).isEqualTo("PutItem");
            assertThat(e.rows).isEqualTo(-1);
            assertThat(e.status).isEqualTo(Exchange.Status.OK);
        }
        assertThat(bed.counts("weir_http_details_lost"))
                .containsOnly(Map.entry("protocol=dynamodb reason=malformed", 2.0 * broken.size()));
    }

    @Test
    void whatTheClientLeftIsTold() {
        Conversation talk = ask("Scan", "{\"TableName\":\"t\"}", 200, "");
        bed.observation.begin(talk.request(), ObservationBed.ROUTE, "/", "", 0);
        bed.observation.failed("client_closed", true);

        Exchange e = bed.emitted();

        assertThat(e.protocol).isEqualTo("dynamodb");
        assertThat(e.status).isEqualTo(Exchange.Status.NO_REPLY);
        assertThat(e.error).isEqualTo("client_closed");
        assertThat(e.durationNanos).isEqualTo(-1);
    }

    private Exchange about(String operation, String table, int status, String answer) {
        return bed.play(ask(operation, "{\"TableName\":\"" + table + "\"}", status, answer), 64);
    }

    private static String error(String type) {
        return "{\"__type\":\"com.amazonaws.dynamodb.v20120810#" + type + "\"}";
    }

    @Test
    void namesOfTablesAreLabelsOnceAServerHasProvenThem() {
        Exchange invented = about("GetItem", "orders", 400, error("AccessDeniedException"));
        assertThat(invented.target).isEqualTo("orders");
        assertThat(invented.collection).isEqualTo("_OTHER");
        about("CreateTable", "orders", 400, error("LimitExceededException"));
        assertThat(bed.counts("weir_dynamodb_throttled"))
                .containsOnlyKeys("error=LimitExceededException operation=CreateTable table=_OTHER");

        assertThat(about("GetItem", "orders", 200, "{}").collection).isEqualTo("orders");

        assertThat(about("GetItem", "orders", 400, error("AccessDeniedException")).collection)
                .isEqualTo("orders");
        assertThat(about("Query", "orders", 400, error("ThrottlingException")).collection)
                .isEqualTo("orders");
        assertThat(bed.counts("weir_dynamodb_throttled"))
                .containsKey("error=ThrottlingException operation=Query table=orders");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ConditionalCheckFailedException",
                "ProvisionedThroughputExceededException",
                "TransactionConflictException"
            })
    void errorsThatOnlyATableHasProveIt(String type) {
        assertThat(about("PutItem", "t", 400, error(type)).collection).isEqualTo("t");
    }

    /** What succeeds without the table, or is answered by something else. */
    @Test
    void whatProvesNoTable() {
        for (String operation : List.of("ListTables", "ListBackups", "DescribeLimits", "GetRecords", "MakeCoffee")) {
            assertThat(about(operation, "t", 200, "{}").collection)
                    .as(operation)
                    .isEqualTo("_OTHER");
        }
        Conversation page =
                ask("GetItem", "{\"TableName\":\"t\"}", 200, "<html>").responseHeader("content-type", "text/html");
        assertThat(bed.play(page, 9).collection).isEqualTo("_OTHER");
        Conversation batch = ask(
                "BatchExecuteStatement",
                "{\"Statements\":[{\"Statement\":\"SELECT * FROM t\"}]}",
                200,
                "{\"Responses\":[{\"Error\":{\"Code\":\"ResourceNotFound\"}}]}");
        Exchange e = bed.play(batch, 9);
        assertThat(e.collection).isEqualTo("_OTHER");
        assertThat(e.summary).isNull();
        assertThat(e.statement).isEqualTo("SELECT * FROM t");
        assertThat(about("GetItem", "t", 500, "{}").collection).isEqualTo("_OTHER");
    }

    /** A client without any rights that makes names up, and what comes of it for the metrics. */
    @Test
    void whoIsRefusedMakesNoSeries() {
        for (int i = 0; i < 3_000; i++) {
            Exchange e = about("Query", "made-up-" + i, 400, error("ThrottlingException"));
            assertThat(e.collection).isEqualTo("_OTHER");
            assertThat(e.target).isEqualTo("made-up-" + i);
        }

        assertThat(bed.counts("weir_dynamodb_throttled"))
                .containsOnly(Map.entry("error=ThrottlingException operation=Query table=_OTHER", 3_000.0));
    }

    @Test
    void tablesBeyondTheLimitAreCountedTogether() {
        for (int i = 0; i < DynamoMetrics.MOST + 50; i++) {
            String capacity = "{\"ConsumedCapacity\":{\"TableName\":\"t" + i + "\",\"CapacityUnits\":1}}";
            bed.play(ask("PutItem", "{}", 200, capacity), WHOLE);
        }

        Map<String, Double> counts = bed.counts("weir_dynamodb_consumed_capacity_units");

        assertThat(counts).hasSize(DynamoMetrics.MOST + 1);
        assertThat(counts).containsEntry("index=_OTHER operation=PutItem table=_OTHER", 50.0);
    }
}
