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
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Conversations with OpenSearch 2.19, and answers that have the form of the examples in the reference of Elasticsearch. */
class ElasticDetailsTest {
    private static final String SEARCH = """
            {"took":5,"timed_out":false,"_shards":{"total":3,"successful":2,"skipped":0,"failed":1},
             "hits":{"total":{"value":20,"relation":"eq"},"max_score":1.38,"hits":[
               {"_index":"my-index-000001","_id":"0","_score":1.38,"_source":{"@timestamp":"2099-11-15","hits":{"hits":[{"took":9}]}}},
               {"_index":"my-index-000001","_id":"1","_score":1.38,"_source":{"http":{"request":{"method":"get"}},"error":{"type":"x"}}}]},
             "aggregations":{"a":{"buckets":[{"key":"k","doc_count":2}]}}}""";
    private static final String BULK = """
            {"took":486,"errors":true,"items":[
              {"index":{"_index":"index1","_id":"1","_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},"status":201}},
              {"update":{"_index":"index1","_id":"5","status":404,"error":{"type":"document_missing_exception","reason":"[5]: document missing"}}},
              {"update":{"_index":"index1","_id":"6","status":404,"error":{"type":"document_missing_exception","reason":"[6]: document missing"}}},
              {"create":{"_index":"index2","_id":"7","status":201,"result":"created"}}]}""";
    private static final String ERROR = """
            {"error":{"root_cause":[{"type":"other_exception","reason":"r"}],"type":"index_not_found_exception",
              "reason":"no such index [nope]","index":"nope"},"status":404}""";

    private final ObservationBed bed = new ObservationBed(Map.of("elasticsearch", true));

    private static Conversation ask(String method, String uri, int status, String answer) {
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(method), uri);
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
        response.headers().set("content-type", "application/vnd.elasticsearch+json;compatible-with=8");
        return new Conversation(request, new byte[0], response, answer.getBytes(UTF_8));
    }

    private String line(Conversation talk, int piece) {
        return ObservationBed.line(bed.play(talk, piece));
    }

    private static List<String> recorded() throws IOException {
        try (InputStream in = ElasticDetailsTest.class.getResourceAsStream("/elasticsearch/expected.txt")) {
            assertThat(in).isNotNull();
            return new String(in.readAllBytes(), UTF_8).lines().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void tellsWhatPassed(String expected) {
        int colon = expected.indexOf(':');
        for (int piece : new int[] {1 << 20, 1, 3, 64}) {
            assertThat(line(Conversation.load("/elasticsearch/" + expected.substring(0, colon)), piece))
                    .as("pieces of %s bytes", piece)
                    .isEqualTo(expected.substring(colon + 2));
        }
        assertThat(bed.counts("weir_http_details_lost")).isEmpty();
        assertThat(bed.loop().inflaters.taken()).isZero();
    }

    @Test
    void tellsASearch() {
        Conversation talk = ask("POST", "/my-index-000001/_search?typed_keys=true", 200, SEARCH);
        for (int piece = 1; piece < 400; piece += 3) {
            assertThat(line(talk, piece))
                    .isEqualTo(
                            "elasticsearch search | status=ok target=my-index-000001 summary=search my-index-000001"
                                    + " rows=2 http_status=200 took_ms=5 shards_failed=1 hits_total=20 collection=my-index-000001");
        }
    }

    @Test
    void tellsABulkByItsAnswer() {
        Conversation talk = ask("POST", "/_bulk", 200, BULK);
        for (int piece = 1; piece < 400; piece += 3) {
            assertThat(line(talk, piece))
                    .isEqualTo(
                            "elasticsearch bulk | status=error error=document_missing_exception target=index1, index2"
                                    + " rows=2 batch=4 http_status=200 took_ms=486 item_errors=2");
        }
        String one = BULK.replace("index2", "index1").replace("error\":", "err\":");
        assertThat(line(ask("PUT", "/_bulk", 200, one), 50))
                .isEqualTo(
                        "elasticsearch bulk | status=ok target=index1 summary=bulk index1 rows=4 batch=4 http_status=200"
                                + " took_ms=486 collection=index1");
    }

    @Test
    void tellsTheTypeOfAnError() {
        assertThat(line(ask("GET", "/nope/_search", 404, ERROR), 10))
                .isEqualTo("elasticsearch search | status=error error=index_not_found_exception target=nope"
                        + " summary=search nope http_status=404 collection=nope");
        assertThat(bed.play(ask("GET", "/nope/_search", 400, "{\"error\":\"SearchPhaseExecutionException[…]\"}"), 10)
                        .error)
                .isEqualTo("_OTHER");
        assertThat(bed.play(ask("GET", "/nope/_search", 503, "{}"), 10).error).isEqualTo("503");
    }

    @Test
    void tellsSeveralSearches() {
        String answer = "{\"took\":3,\"responses\":[" + SEARCH + ",{\"error\":{\"type\":\"index_not_found_exception\"},"
                + "\"status\":404}," + SEARCH + "]}";

        assertThat(line(ask("POST", "/_msearch", 200, answer), 17))
                .isEqualTo("elasticsearch msearch | status=error error=index_not_found_exception rows=4 batch=3"
                        + " http_status=200 took_ms=3 item_errors=1");
    }

    @Test
    void tellsDocuments() {
        assertThat(line(
                        ask("GET", "/i/_doc/1", 200, "{\"_index\":\"i\",\"found\":true,\"_source\":{\"found\":false}}"),
                        9))
                .contains("get |", "rows=1", "hit=1");
        assertThat(line(ask("GET", "/i/_doc/1", 404, "{\"_index\":\"i\",\"found\":false}"), 9))
                .contains("status=ok", "rows=0", "hit=0", "http_status=404");
        assertThat(line(ask("HEAD", "/i/_doc/1", 404, ""), 9)).contains("status=ok", "hit=0");
        assertThat(line(ask("GET", "/i", 404, "{}"), 9)).contains("status=error error=404");
        assertThat(line(
                        ask(
                                "POST",
                                "/i/_mget",
                                200,
                                "{\"docs\":[{\"found\":true},{\"found\":false},{\"found\":true}]}"),
                        9))
                .contains("mget |", "rows=2", "batch=3", "hit=1");
        assertThat(line(ask("GET", "/i/_count", 200, "{\"count\":42,\"_shards\":{\"failed\":0}}"), 9))
                .contains("rows=42");
        assertThat(line(
                        ask(
                                "POST",
                                "/i/_delete_by_query",
                                200,
                                "{\"took\":147,\"timed_out\":true,\"total\":5,\"deleted\":5}"),
                        9))
                .contains("rows=5", "took_ms=147", "timed_out=true");
        assertThat(line(ask("POST", "/i/_search", 200, "{\"hits\":{\"total\":7,\"hits\":[]}}"), 9))
                .contains("rows=0", "hits_total=7");
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /, info",
        "GET, /logs/_search, search",
        "GET, /logs/_search?q=a/b, search",
        "POST, /_search/scroll, scroll",
        "DELETE, /_search/scroll, clear_scroll",
        "POST, /logs/_search/template, search_template",
        "POST, /_msearch, msearch",
        "PUT, /logs/_doc/1, index",
        "POST, /logs/_doc, index",
        "HEAD, /logs/_doc/1, exists",
        "DELETE, /logs/_doc/1, delete",
        "PUT, /logs/_create/1, create",
        "POST, /logs/_update/1, update",
        "GET, /logs/_source/1, get_source",
        "POST, /logs/_update_by_query, update_by_query",
        "POST, /_reindex, reindex",
        "POST, /logs/_pit?keep_alive=1m, open_point_in_time",
        "DELETE, /_pit, close_point_in_time",
        "PUT, /logs, indices.create",
        "DELETE, /logs, indices.delete",
        "HEAD, /logs, indices.exists",
        "GET, /logs, indices.get",
        "GET, /logs/_mapping, indices.get_mapping",
        "PUT, /logs/_mapping, indices.put_mapping",
        "POST, /_aliases, indices.put_alias",
        "POST, /logs/_refresh, indices.refresh",
        "GET, /_cluster/health/logs, cluster.health",
        "GET, /_cluster/settings, cluster",
        "GET, /_cat/indices, cat",
        "GET, /_nodes/stats, nodes.stats",
        "POST, /_query, esql.query",
        "POST, /_plugins/_sql, plugins",
        "GET, /_made_up, _OTHER",
    })
    void operations(String method, String uri, String name) {
        Exchange e = bed.play(ask(method, uri, 200, "{}"), 9);

        assertThat(e.protocol).isEqualTo("elasticsearch");
        assertThat(e.operation().name()).isEqualTo(name);
    }

    @ParameterizedTest
    @CsvSource({"POST, /orders", "GET, /static/app/page.html", "OPTIONS, *", "GET, http://h/_search"})
    void whatIsNotForElasticsearch(String method, String uri) {
        assertThat(bed.play(ask(method, uri, 200, "{}"), 9).protocol).isEqualTo("http");
    }

    @Test
    void patternsAreNoLabel() {
        Exchange e = bed.play(ask("GET", "/logs-*,metrics/_search", 200, "{}"), 9);

        assertThat(e.target).isEqualTo("logs-*,metrics");
        assertThat(e.collection).isNull();
        assertThat(e.summary).isNull();
    }

    @Test
    void textsOfLabelsAreTheSameInstance() {
        Exchange first = bed.play(ask("GET", "/logs/_search", 404, ERROR), 9);
        Exchange second = bed.play(ask("GET", "/logs/_search", 404, ERROR), 9);

        assertThat(first.summary).isSameAs(second.summary);
        assertThat(first.collection).isSameAs(second.collection);
        assertThat(first.error).isSameAs(second.error);
    }
}
