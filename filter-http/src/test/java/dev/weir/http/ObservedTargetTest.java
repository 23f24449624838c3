package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Operations are those of the target that the server gets, not of the one that the client has sent. */
class ObservedTargetTest {
    private static final String ANSWER =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-clickhouse-query-id: 1\r\ncontent-length: 12\r\n"
                    + "connection: close\r\n\r\n{\"count\": 3}";

    private static Map<String, ?> route(String path, Map<String, ?> rewrite) {
        return Map.of("path_prefix", path, "cluster", "app", "rewrite", rewrite);
    }

    private static Map<String, ?> terminal(String protocol) {
        return Map.of(
                protocol,
                true,
                "routes",
                List.of(
                        route("/es", Map.of("prefix", "/")),
                        route("/old", Map.of("path_regex", "^/old/([^/]+)/find$", "substitution", "/$1/_count")),
                        route("/rpc", Map.of("prefix", "/service/DynamoDB_20120810/operation/")),
                        Map.of("path_prefix", "/", "cluster", "app")));
    }

    private static Exchange ask(String protocol, String line) throws Exception {
        return ask(protocol, line, "");
    }

    private static Exchange ask(String protocol, String line, String headers) throws Exception {
        try (ScriptedServer server = ScriptedServer.answering(ANSWER);
                HttpBed bed = new HttpBed(terminal(protocol), server.address())) {
            bed.raw(line + " HTTP/1.1\r\nhost: h\r\nconnection: close\r\n" + headers + "content-length: 0\r\n\r\n");

            assertThat(Http2Bed.eventually(() -> !bed.exchanges.isEmpty())).isTrue();
            return bed.exchanges.get(0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET /es/books/_count, count, books",
        "GET /es/books/_count?q=a, count, books",
        "GET /es, info, ",
        "GET /old/books/find, count, books",
        "GET /x/../books/_count, count, books",
        "GET http://h/books/_count, count, books"
    })
    void ofElasticsearch(String line, String operation, String index) throws Exception {
        Exchange e = ask("elasticsearch", line);

        assertThat(e.protocol).isEqualTo("elasticsearch");
        assertThat(e.operation().name()).isEqualTo(operation);
        assertThat(e.target).isEqualTo(index);
    }

    @Test
    void ofClickHouse() throws Exception {
        Exchange e = ask("clickhouse", "POST /es/?database=web");

        assertThat(e.protocol).isEqualTo("clickhouse");
        assertThat(e.namespace).isEqualTo("web");
    }

    @Test
    void ofDynamoDb() throws Exception {
        Exchange e = ask("dynamodb", "POST /rpc/GetItem", "smithy-protocol: rpc-v2-cbor\r\n");

        assertThat(e.protocol).isEqualTo("dynamodb");
        assertThat(e.operation().name()).isEqualTo("GetItem");
    }
}
