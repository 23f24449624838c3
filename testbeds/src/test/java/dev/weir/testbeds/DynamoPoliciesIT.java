package dev.weir.testbeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.Proxy;
import dev.weir.core.config.ProxyConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Rules for operations of DynamoDB before DynamoDB Local: a client that may do everything but delete tables tries each odd form of a request, and the table stays. The same requests
 * sent to the server itself show which of the forms it takes.
 */
class DynamoPoliciesIT {
    private static final String TARGET = "X-Amz-Target: DynamoDB_20120810.";
    private static final String SIGNED =
            "Authorization: AWS4-HMAC-SHA256 Credential=bed/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n";
    private static final String RPC = "/service/DynamoDB_20120810/operation/";
    private static final String CREATE = "{\"TableName\":\"orders\",\"BillingMode\":\"PAY_PER_REQUEST\",\"KeySchema\":"
            + "[{\"AttributeName\":\"k\",\"KeyType\":\"HASH\"}],\"AttributeDefinitions\":"
            + "[{\"AttributeName\":\"k\",\"AttributeType\":\"S\"}]}";
    private static final String TABLE = "{\"TableName\":\"orders\"}";

    /** A request line and its headers that might delete a table. */
    private record Form(String line, String headers) {}

    private static List<Form> forms() {
        String delete = TARGET + "DeleteTable\r\n";
        String list = TARGET + "ListTables\r\n";
        String smithy = "smithy-protocol: rpc-v2-cbor\r\n";
        List<Form> forms = new ArrayList<>();
        for (String line : List.of("POST /", "GET /", "PUT /", "POST /a/b", "POST /?a=b", "POST http://x/a")) {
            for (String headers : List.of(
                    delete,
                    delete + list,
                    list + delete,
                    "X-Amz-Target: \t DynamoDB_20120810.DeleteTable \t\r\n",
                    "x-AMZ-target: DynamoDB_20120810.DeleteTable\r\n",
                    "X_Amz_Target: DynamoDB_20120810.DeleteTable\r\n",
                    "X-Amz-Target: DynamoDB_20120810.ListTables, DynamoDB_20120810.DeleteTable\r\n",
                    "X-Amz-Target: DynamoDBStreams_20120810.DeleteTable\r\n",
                    "X-Amz-Target: dynamodb_20120810.deletetable\r\n",
                    "X-Amz-Target: x.DeleteTable\r\n",
                    "Connection: X-Amz-Target\r\n" + delete,
                    smithy + delete)) {
                forms.add(new Form(line, headers));
            }
        }
        for (String path : List.of(RPC, RPC.replace("oper", "%6fper"), "/x" + RPC, "/" + RPC, "/x/.." + RPC)) {
            for (String headers : List.of("", smithy, smithy + list, smithy + delete, list, delete)) {
                forms.add(new Form("POST " + path + "DeleteTable", headers));
                forms.add(new Form("POST " + path + "DeleteTable/", headers));
                forms.add(new Form("POST " + path + "ListTables", headers + delete));
            }
        }
        return forms;
    }

    @Test
    void noFormOfARequestDeletesATable() throws Exception {
        try (DynamoBed bed = DynamoBed.start()) {
            Proxy proxy = weir(bed.address(), Map.of("action", "deny", "commands", List.of("DeleteTable")));
            try {
                int weir = proxy.address("ddb").port();
                int server = bed.endpoint().getPort();
                assertThat(send(weir, new Form("POST /", TARGET + "CreateTable\r\n"), CREATE))
                        .startsWith("HTTP/1.1 200");
                List<Form> taken = new ArrayList<>();
                for (Form form : forms()) {
                    assertThat(send(weir, form, TABLE)).as(form.toString()).doesNotContain("TableDescription");
                    assertThat(exists(weir)).as(form.toString()).isTrue();
                    if (send(server, form, TABLE).contains("TableDescription")) {
                        taken.add(form);
                        send(server, new Form("POST /", TARGET + "CreateTable\r\n"), CREATE);
                    }
                }
                assertThat(taken).as("forms that the server takes").hasSizeGreaterThan(20);
            } finally {
                proxy.close();
            }
        }
    }

    @Test
    void whoAllowsOperationsAllowsThemAndNothingElse() throws Exception {
        try (DynamoBed bed = DynamoBed.start()) {
            Proxy proxy = weir(
                    bed.address(),
                    Map.of("action", "allow", "commands", List.of("CreateTable", "ListTables", "@read")));
            try {
                var client = DynamoSdk.connect(
                        URI.create("http://127.0.0.1:" + proxy.address("ddb").port()));
                int weir = proxy.address("ddb").port();
                assertThat(send(weir, new Form("POST /", TARGET + "CreateTable\r\n"), CREATE))
                        .startsWith("HTTP/1.1 200");
                assertThat(client.listTables().tableNames()).containsExactly("orders");
                assertThat(client.describeTable(what -> what.tableName("orders"))
                                .table()
                                .tableName())
                        .isEqualTo("orders");
                for (Form form : forms()) {
                    send(weir, form, TABLE);
                    assertThat(client.listTables().tableNames())
                            .as(form.toString())
                            .containsExactly("orders");
                }
            } finally {
                proxy.close();
            }
        }
    }

    private static Proxy weir(String upstream, Map<String, ?> rule) {
        Map<String, ?> http = Map.of(
                "type",
                "http",
                "dynamodb",
                true,
                "observe",
                true,
                "policies",
                List.of(Map.of("type", "access", "rules", List.of(rule))),
                "routes",
                List.of(Map.of("cluster", "dynamodb")));
        return Proxy.builder()
                .meters(new SimpleMeterRegistry())
                .start(ProxyConfig.of(Map.of(
                        "event_loops",
                        1,
                        "listeners",
                        List.of(Map.of("name", "ddb", "address", "127.0.0.1:0", "filters", List.of(http))),
                        "clusters",
                        List.of(Map.of("name", "dynamodb", "endpoints", List.of(upstream))))));
    }

    private static boolean exists(int port) throws IOException {
        return send(port, new Form("POST /", TARGET + "ListTables\r\n"), "{}").contains("\"orders\"");
    }

    private static String send(int port, Form form, String body) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            String closing = form.headers.contains("Connection:") ? "" : "Connection: close\r\n";
            String request = form.line + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\n" + SIGNED
                    + closing + form.headers + "Content-Length: " + body.length() + "\r\n\r\n" + body;
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return closing.isEmpty() ? answer(socket) : all(socket.getInputStream());
        }
    }

    private static String all(InputStream in) throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    /** Of a connection that stays open: what comes until nothing comes. */
    private static String answer(Socket socket) throws IOException {
        socket.setSoTimeout(300);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            for (int b = socket.getInputStream().read();
                    b >= 0;
                    b = socket.getInputStream().read()) {
                all.write(b);
            }
        } catch (SocketTimeoutException e) {
            // That was all.
        }
        return all.toString(StandardCharsets.UTF_8);
    }
}
