package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigException;
import dev.weir.core.testkit.RecordingExchanges;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules that name what a service calls its operations, and clients that try to get around them. */
class ServicePoliciesTest {
    private static final String SERVED = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    private static final String DELETE = "X-Amz-Target: DynamoDB_20120810.DeleteTable\r\n";
    private static final String GET = "X-Amz-Target: DynamoDB_20120810.GetItem\r\n";

    private final List<String> seen = new ArrayList<>();
    private ScriptedServer server;
    private HttpBed bed;

    @SafeVarargs
    @SuppressWarnings("varargs") // only read
    private void start(Map<String, ?> terminal, Map<String, ?>... rules) throws IOException {
        server = new ScriptedServer((peer, number) -> {
            for (String head = peer.head(); !head.isEmpty(); head = peer.head()) {
                synchronized (seen) {
                    seen.add(head);
                }
                peer.say(SERVED);
            }
        });
        Map<String, Object> all = new HashMap<>(terminal);
        all.put("policies", List.of(Map.of("type", "access", "rules", List.of(rules))));
        bed = new HttpBed(all, server.address());
    }

    @AfterEach
    void stop() throws IOException {
        if (bed != null) {
            bed.close();
            server.close();
        }
    }

    private static Map<String, ?> rule(String action, String... commands) {
        return Map.of("action", action, "commands", List.of(commands));
    }

    /** The status that is answered. */
    private int ask(String line, String headers) throws IOException {
        String answer = bed.raw(line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n");
        return Integer.parseInt(answer.substring(9, 12));
    }

    @Test
    void nobodyGetsAStatementPastClickHousesParameter() throws Exception {
        start(Map.of("clickhouse", true), rule("deny", "DROP"));

        String nothing = "Content-Length: 0\r\n";
        assertThat(ask("POST /?query=SET+a%3D1", nothing)).isEqualTo(200);
        assertThat(ask("POST /?QUERY=DROP+TABLE+t&query=SET+a%3D1", nothing)).isEqualTo(403);
        assertThat(ask("GET /?QUERY=DROP+TABLE+t", "")).isEqualTo(403);
        assertThat(ask("POST /?query=SET+a%3D1+PARALLEL+WITH+DROP+TABLE+t", nothing))
                .isEqualTo(403);
        String body = "PARALLEL WITH DROP TABLE t";
        assertThat(bed.raw("POST /?query=SET+a%3D1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                        + body.length() + "\r\n\r\n" + body))
                .startsWith("HTTP/1.1 403 ");
        assertThat(seen).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "false"})
    void nobodyGetsAroundARuleThatDenies(boolean observe) throws Exception {
        start(Map.of("dynamodb", true, "observe", observe), rule("deny", "DeleteTable"));
        String rpc = "/service/DynamoDB_20120810/operation/DeleteTable";
        String smithy = "smithy-protocol: rpc-v2-cbor\r\n";

        assertThat(ask("POST /", GET)).isEqualTo(200);
        assertThat(ask("GET /health", "")).isEqualTo(200);
        assertThat(seen).hasSize(2);
        for (String headers : List.of(
                DELETE,
                GET + DELETE,
                DELETE + GET,
                "X-Amz-Target: \t DynamoDB_20120810.DeleteTable \t\r\n",
                "x_amz_target: DynamoDB_20120810.DeleteTable\r\n",
                "X-Amz-Target: x.DeleteTable\r\n")) {
            assertThat(ask("POST /", headers)).as(headers).isEqualTo(403);
            assertThat(ask("GET /", headers)).as(headers).isEqualTo(403);
            assertThat(ask("POST http://x/a?b=c", headers)).as(headers).isEqualTo(403);
        }
        for (String path : List.of(rpc, rpc + "/", "/x" + rpc, "http://x" + rpc, rpc.replace("ion/", "%69on/"))) {
            assertThat(ask("POST " + path, smithy)).as(path).isEqualTo(403);
            assertThat(ask("POST " + path, "")).as(path).isEqualTo(403);
            assertThat(ask("POST " + path, smithy + GET)).as(path).isEqualTo(403);
        }
        assertThat(seen).as("reached the server").hasSize(2);
        assertThat(bed.exchanges.get(2).byWeir).isTrue();
    }

    @Test
    void whoAllowsOneOperationAllowsNothingElse() throws Exception {
        start(Map.of("dynamodb", true), rule("allow", "GetItem"));

        assertThat(ask("POST /", GET)).isEqualTo(200);
        assertThat(ask("POST /", GET + GET)).isEqualTo(403);
        assertThat(ask("POST /", DELETE)).isEqualTo(403);
        assertThat(ask("POST /", "")).isEqualTo(403);
        assertThat(ask("GET /", "")).isEqualTo(403);
    }

    @Test
    void theTargetThatGoesOutCounts() throws Exception {
        start(
                Map.of(
                        "elasticsearch",
                        true,
                        "routes",
                        List.of(
                                Map.of("path_prefix", "/es", "cluster", "app", "rewrite", Map.of("prefix", "/")),
                                Map.of(
                                        "path_prefix",
                                        "/gone",
                                        "cluster",
                                        "app",
                                        "rewrite",
                                        Map.of("path_regex", "^/gone/(.*)$", "substitution", "/$1/_search")))),
                rule("deny", "indices.delete"));

        assertThat(ask("DELETE /es/orders", "")).isEqualTo(403);
        assertThat(ask("DELETE /es/./orders", "")).isEqualTo(403);
        assertThat(ask("GET /es/orders/_search", "")).isEqualTo(200);
        assertThat(ask("GET /gone/orders", "")).isEqualTo(200);
        assertThat(seen).allMatch(head -> head.startsWith("GET /orders/_search "));
    }

    @Test
    void whatARouteSaysOfTheOperationIsNotTheClients() throws Exception {
        start(
                Map.of(
                        "dynamodb",
                        true,
                        "routes",
                        List.of(Map.of(
                                "cluster",
                                "app",
                                "request_headers",
                                Map.of("set", Map.of("X-Amz-Target", "DynamoDB_20120810.DeleteTable"))))),
                rule("deny", "DeleteTable"));

        assertThat(ask("POST /", GET)).isEqualTo(403);
    }

    @ParameterizedTest
    @CsvSource({
        "GET /logs-1/_search, 200",
        "'GET /logs-1,logs-2*/_search', 200",
        "'GET /logs-1,secret/_search', 403",
        "GET /*/_search, 403",
        "GET /_search, 403",
        "GET /_search?index=logs-1, 403",
        "POST /logs-1/_bulk, 403",
        "GET /%6cogs-1/_search, 200",
        "GET /secret/_search, 403",
        "GET /_all/_search, 403",
        "GET /_cluster/health, 403",
    })
    void indexesAreNamespaces(String line, int status) throws Exception {
        start(Map.of("elasticsearch", true), Map.of("action", "allow", "namespaces", List.of("logs-*")));

        assertThat(ask(line, "")).isEqualTo(status);
    }

    @Test
    void theCheckKnowsOperations() throws Exception {
        assertThat(problems(Map.of("dynamodb", true), rule("deny", "GetItm")))
                .contains("\"GetItm\" is no command of http (did you mean \"GetItem\"?)");
        assertThat(problems(Map.of(), rule("deny", "GetItem"))).contains("\"GetItem\" is no command of http");
        assertThat(problems(Map.of("grpc", true), rule("deny", "grpc:Delete")))
                .contains("\"grpc:Delete\" is no operation of grpc (expected: package.Service/Method, or a pattern)");
        assertThat(problems(Map.of("dynamodb", true), Map.of("action", "deny", "namespaces", "orders")))
                .contains("namespaces: tables of DynamoDB are in the body, for which no rule waits");
        assertThat(problems(Map.of("clickhouse", true), Map.of("action", "deny", "namespaces", "a")))
                .contains("namespaces: databases of ClickHouse may be in the statement as well");
        assertThat(problems(Map.of(), Map.of("action", "deny", "namespaces", "a")))
                .contains("namespaces: requests of HTTP have none");
        start(
                Map.of("dynamodb", true, "elasticsearch", true, "clickhouse", true, "grpc", true),
                rule("deny", "BatchWriteItem", "delete_by_query", "DROP", "shop.Orders/Delete", "elasticsearch:get"));
        assertThat(ask("GET /a/_doc/1", "")).isEqualTo(403);
    }

    @Test
    void exchangesSayWhoEndedThem() throws Exception {
        bed = new HttpBed(
                Map.of(
                        "grpc",
                        true,
                        "policies",
                        List.of(
                                Map.of("type", "access", "rules", List.of(rule("deny", "shop.Orders/Delete"))),
                                Map.of(
                                        "type",
                                        "fault",
                                        "rules",
                                        List.of(Map.of("percent", 100, "abort", true, "commands", List.of("GET")))))),
                "127.0.0.1:1");
        server = ScriptedServer.answering(SERVED);
        String grpc = "Content-Type: application/grpc\r\nContent-Length: 0\r\n";

        assertThat(bed.raw("POST /shop.Orders/Delete HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + grpc + "\r\n"))
                .startsWith("HTTP/1.1 200 OK\r\n")
                .contains("grpc-status: 7\r\n");
        assertThat(bed.raw("GET / HTTP/1.1\r\nHost: x\r\n\r\n")).isEmpty();

        Map<String, String> refused = RecordingExchanges.fields(bed.exchanges.get(0));
        assertThat(refused)
                .containsEntry("status", "error")
                .containsEntry("error", "refused")
                .containsEntry("by", "weir")
                .containsEntry("http_status", "200") // as on the wire
                .containsEntry("grpc_status", "PERMISSION_DENIED");
        Map<String, String> aborted = RecordingExchanges.fields(bed.exchanges.get(1));
        assertThat(aborted)
                .containsEntry("status", "error")
                .containsEntry("error", "refused")
                .containsEntry("by", "weir")
                .doesNotContainKey("http_status");
    }

    private String problems(Map<String, ?> terminal, Map<String, ?> rule) throws IOException {
        try {
            start(terminal, rule);
            throw new AssertionError("no problem");
        } catch (ConfigException e) {
            server.close();
            assertThat(e.problems()).hasSize(1);
            return e.problems().get(0).toString();
        }
    }
}
