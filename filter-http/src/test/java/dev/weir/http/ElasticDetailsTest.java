package dev.weir.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Operation;
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
import org.junit.jupiter.params.provider.ValueSource;

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
                        + " http_status=404 collection=_OTHER");
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
        assertThat(line(ask("HEAD", "/i/_doc/1", 200, ""), 9)).contains("status=ok", "hit=1");
        assertThat(line(ask("HEAD", "/i/_doc/1", 401, ""), 9)).doesNotContain("hit=");
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
        "POST, /_plugins/_sql, plugins.sql",
        "GET, /_all/_search, search",
        "DELETE, /_all, indices.delete",
        "GET, /_made_up, _OTHER",
    })
    void operations(String method, String uri, String name) {
        Exchange e = bed.play(ask(method, uri, 200, "{}"), 9);

        assertThat(e.protocol).isEqualTo("elasticsearch");
        assertThat(e.operation().name()).isEqualTo(name);
    }

    /** After the reference of Elasticsearch and OpenSearch. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /",
                "HEAD /",
                "GET /i/_search",
                "POST /i/_search",
                "POST /_all/_search",
                "GET /_search/scroll",
                "POST /_search/scroll",
                "POST /i/_search/template",
                "POST /i/_msearch",
                "POST /_msearch/template",
                "POST /i/_mget",
                "POST /i/_count",
                "GET /i/_doc/1",
                "HEAD /i/_doc/1",
                "HEAD /i/_source/1",
                "POST /i/_explain/1",
                "POST /i/_field_caps",
                "POST /i/_termvectors/1",
                "POST /i/_async_search",
                "GET /_async_search/x",
                "POST /i/_eql/search",
                "POST /_sql?format=txt",
                "POST /_sql/translate",
                "POST /_query",
                "POST /i/_pit?keep_alive=1m",
                "POST /i/_search/point_in_time",
                "POST /i/_analyze",
                "POST /i/_validate/query",
                "GET /i",
                "HEAD /i",
                "GET /i/_mapping",
                "GET /i/_settings",
                "HEAD /_alias/a",
                "GET /_template/t",
                "HEAD /_index_template/t",
                "POST /_index_template/_simulate",
                "GET /_component_template/t",
                "GET /_data_stream/d",
                "GET /_cluster/settings",
                "POST /_cluster/allocation/explain",
                "GET /_cat/indices",
                "GET /_nodes/stats",
                "GET /_tasks",
                "GET /_snapshot/r",
                "GET /_ingest/pipeline/p",
                "GET /_scripts/s",
                "GET /_ilm/policy/p",
                "GET /_security/_authenticate",
                "GET /_license",
                "GET /_ml/anomaly_detectors",
                "GET /_enrich/policy",
            })
    void reads(String asked) {
        assertThat(operation(asked).read()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PUT /i",
                "DELETE /i",
                "DELETE /_all",
                "PUT /i/_doc/1",
                "POST /i/_doc",
                "DELETE /i/_doc/1",
                "PUT /i/_create/1",
                "POST /i/_create/1",
                "POST /i/_update/1",
                "POST /_bulk",
                "PUT /i/_bulk",
                "POST /i/_update_by_query",
                "POST /_update_by_query/t:1/_rethrottle",
                "POST /i/_delete_by_query",
                "POST /_delete_by_query/t:1/_rethrottle",
                "POST /_reindex",
                "POST /_reindex/t:1/_rethrottle",
                "DELETE /_search/scroll",
                "DELETE /_search/scroll/x",
                "DELETE /_pit",
                "DELETE /_search/point_in_time",
                "DELETE /_search/point_in_time/_all",
                "DELETE /_async_search/x",
                "DELETE /_eql/search/x",
                "POST /_sql/close",
                "DELETE /_sql/async/delete/x",
                "DELETE /_query/async/x",
                "POST /i/_rollover",
                "POST /i/_forcemerge",
                "POST /i/_cache/clear",
                "POST /i/_open",
                "POST /i/_close",
                "POST /i/_refresh",
                "POST /i/_flush",
                "PUT /i/_shrink/j",
                "PUT /i/_block/write",
                "POST /i/_freeze",
                "POST /i/_downsample/j",
                "PUT /i/_mapping",
                "PUT /i/_settings",
                "PUT /i/_alias/a",
                "DELETE /i/_alias/a",
                "POST /_aliases",
                "PUT /_template/t",
                "DELETE /_template/t",
                "PUT /_index_template/t",
                "DELETE /_component_template/t",
                "PUT /_data_stream/d",
                "POST /_data_stream/_migrate/a",
                "PUT /_cluster/settings",
                "POST /_cluster/reroute",
                "POST /_cluster/voting_config_exclusions",
                "POST /_nodes/reload_secure_settings",
                "POST /_tasks/t:1/_cancel",
                "POST /_snapshot/r/s/_restore",
                "DELETE /_snapshot/r",
                "PUT /_ingest/pipeline/p",
                "DELETE /_scripts/s",
                "POST /_ilm/move/i",
                "POST /_license/start_trial",
                "DELETE /_license",
                "PUT /_inference/m",
                "DELETE /_inference/m",
                "POST /_xpack/license/start_trial",
                "PUT /_security/user/u",
                "PUT /_ml/anomaly_detectors/j",
                "POST /_transform/t/_start",
                "PUT /i/_ccr/follow",
                "PUT /_enrich/policy/p",
            })
    void writes(String asked) {
        Operation operation = operation(asked);

        assertThat(operation.read()).isFalse();
        assertThat(operation.name()).isNotEqualTo(Operation.OTHER);
    }

    private Operation operation(String asked) {
        int blank = asked.indexOf(' ');
        return bed.play(ask(asked.substring(0, blank), asked.substring(blank + 1), 200, "{}"), 9)
                .operation();
    }

    private Exchange play(String method, String uri, int status, String answer) {
        return bed.play(ask(method, uri, status, answer), 64);
    }

    @Test
    void namesOfIndexesAreLabelsOnceAServerHasProvenThem() {
        Exchange invented = play("GET", "/books/_search", 404, ERROR);
        assertThat(invented.target).isEqualTo("books");
        assertThat(invented.collection).isEqualTo("_OTHER");
        assertThat(invented.summary).isNull();

        assertThat(play("GET", "/books/_search", 200, SEARCH).collection).isEqualTo("books");

        Exchange known = play("DELETE", "/books/_doc/1", 403, "{\"error\":{\"type\":\"security_exception\"}}");
        assertThat(known.collection).isEqualTo("books");
        assertThat(known.summary).isEqualTo("delete books");
    }

    /** What answers 200 though there may be nothing of that name. */
    @Test
    void whatProvesNoIndex() {
        String nothing =
                "{\"took\":0,\"_shards\":{\"total\":0,\"successful\":0},\"hits\":{\"total\":{\"value\":0},\"hits\":[]}}";
        String failed = "{\"responses\":[{\"error\":{\"type\":\"index_not_found_exception\"},\"status\":404}]}";
        String bulk =
                "{\"errors\":true,\"items\":[{\"index\":{\"_index\":\"a\",\"status\":403,\"error\":{\"type\":\"x\"}}}]}";
        String docs = "{\"docs\":[{\"_index\":\"a\",\"_id\":\"1\",\"error\":{\"type\":\"x\"}}]}";

        assertThat(play("GET", "/a/_search?ignore_unavailable=true", 200, SEARCH).collection)
                .isEqualTo("_OTHER");
        assertThat(play("GET", "/a/_search?ignore%5Funavailable=true", 200, SEARCH).collection)
                .isEqualTo("_OTHER");
        assertThat(play("GET", "/a/_search?x=1;ignore_unavailable", 200, SEARCH).collection)
                .isEqualTo("_OTHER");
        assertThat(play("GET", "/a/_mapping?ignore_unavailable=true", 200, "{}").collection)
                .isEqualTo("_OTHER");
        assertThat(play("GET", "/a/_search", 200, nothing).collection).isEqualTo("_OTHER");
        assertThat(play("POST", "/a/_msearch", 200, failed).collection).isEqualTo("_OTHER");
        assertThat(play("POST", "/a/_msearch", 200, "{\"responses\":[" + SEARCH + "]}").collection)
                .isEqualTo("_OTHER");
        assertThat(play("POST", "/_bulk", 200, bulk).collection).isEqualTo("_OTHER");
        assertThat(play("POST", "/a/_bulk", 200, BULK).collection).isEqualTo("_OTHER");
        assertThat(play("POST", "/a/_mget", 200, docs).collection).isEqualTo("_OTHER");
        assertThat(play("GET", "/a/_made_up", 200, "{}").collection).isEqualTo("_OTHER");
        assertThat(play("HEAD", "/a", 404, "").collection).isEqualTo("_OTHER");
        assertThat(play("GET", "/elsewhere:a/_search", 200, SEARCH).collection).isNull();
        assertThat(play("GET", "/_all/_search", 200, SEARCH).collection).isNull();
    }

    @Test
    void batchesProveTheIndexesOfWhatWasDone() {
        String done =
                "{\"items\":[{\"index\":{\"_index\":\"a\",\"status\":201}},{\"index\":{\"_index\":\"a\",\"error\":{}}}]}";
        String found =
                "{\"docs\":[{\"_index\":\"b\",\"found\":false},{\"_index\":\"b\",\"found\":true,\"_source\":{}}]}";

        assertThat(play("POST", "/_bulk", 200, done).collection).isEqualTo("a");
        assertThat(play("POST", "/b/_mget", 200, found).collection).isEqualTo("b");
        String two =
                "{\"items\":[{\"index\":{\"_index\":\"c\"}},{\"index\":{\"_index\":\"d\"}},{\"index\":{\"_index\":\"c\"}}]}";
        assertThat(play("POST", "/c/_bulk", 200, two).collection).isEqualTo("_OTHER");
    }

    @Test
    void whatNoServerHasAnsweredKeepsAProvenName() {
        play("GET", "/books/_search", 200, SEARCH);
        bed.exchanges.clear();
        bed.observation.begin(
                ask("GET", "/books/_search", 200, "").request(), ObservationBed.ROUTE, "/books/_search", "", 0);
        bed.observation.byWeir(503, "no_endpoint");

        assertThat(bed.emitted().collection).isEqualTo("books");
    }

    @Test
    void namesAreBounded() {
        for (int i = 0; i < ProvenNames.MOST; i++) {
            assertThat(play("PUT", "/i" + i, 200, "{}").collection).isEqualTo("i" + i);
        }

        assertThat(play("PUT", "/more", 200, "{}").collection).isEqualTo("_OTHER");
        assertThat(play("GET", "/i7/_search", 500, "{}").collection).isEqualTo("i7");
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
        bed.play(ask("GET", "/logs/_search", 200, SEARCH), 9);
        Exchange first = bed.play(ask("GET", "/logs/_search", 404, ERROR), 9);
        Exchange second = bed.play(ask("GET", "/logs/_search", 404, ERROR), 9);

        assertThat(first.summary).isSameAs(second.summary);
        assertThat(first.collection).isSameAs(second.collection);
        assertThat(first.error).isSameAs(second.error);
    }
}
