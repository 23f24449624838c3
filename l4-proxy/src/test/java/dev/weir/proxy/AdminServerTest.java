package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.weir.core.config.Address;
import dev.weir.core.config.ProxyConfig.AdminConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the admin server answers, asked by an ordinary client. */
class AdminServerTest {
    private final FakeSource source = new FakeSource();
    private final HttpClient client = HttpClient.newHttpClient();
    private AdminServer server;

    @BeforeEach
    void start() {
        server = AdminServer.start(
                source, new AdminConfig(new Address("127.0.0.1", 0), List.of("weir.example.com")), source.meters);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create("http://" + server.address() + path));
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(to(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String path) throws Exception {
        return client.send(
                to(path).POST(HttpRequest.BodyPublishers.noBody()).build(), HttpResponse.BodyHandlers.ofString());
    }

    private Map<String, Object> json(String path) throws Exception {
        HttpResponse<String> answer = get(path);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("content-type")).hasValue("application/json");
        return object(answer.body());
    }

    @SuppressWarnings("unchecked") // what does not fit fails the test
    private static Map<String, Object> object(String text) throws IOException {
        return (Map<String, Object>) Json.read(text);
    }

    @SuppressWarnings("unchecked") // what does not fit fails the test
    private List<Map<String, Object>> list(String path, String name) throws Exception {
        return (List<Map<String, Object>>) json(path).get(name);
    }

    @Test
    void listsListenersAndClusters() throws Exception {
        assertThat(get("/listeners").body().strip())
                .isEqualTo("{\"listeners\":[{\"name\":\"orders\",\"address\":\"127.0.0.1:6380\",\"filters\":"
                        + "[\"redis_stats\",\"tcp_proxy\"],\"connections_active\":3,\"connections_total\":7,"
                        + "\"bytes_from_clients\":11,\"bytes_to_clients\":13,\"accepting\":true,\"decoding\":true}],"
                        + "\"overload\":{\"step\":\"none\",\"cause\":\"nothing\",\"connections\":3,"
                        + "\"max_connections\":0}}");
        assertThat(get("/clusters").body().strip())
                .isEqualTo(
                        "{\"clusters\":[{\"name\":\"orders\",\"load_balancing\":\"round_robin\",\"version\":7,\"panic\":false,\"tls\":\"insecure\","
                                + "\"limits\":[{\"limit\":\"connections\",\"open\":2,\"max\":100,\"overflows\":0},"
                                + "{\"limit\":\"pending\",\"open\":0,\"overflows\":0},"
                                + "{\"limit\":\"host_connections\",\"max\":50,\"overflows\":6}],"
                                + "\"endpoints\":[{\"address\":\"10.0.0.5:6379\",\"name\":\"shard-1\",\"weight\":1,"
                                + "\"health\":\"ejected\",\"reason\":\"5 failures in a row, ejected for 30000 ms\","
                                + "\"since\":\"1970-01-01T00:00:00Z\",\"ejected_until\":\"1970-01-01T00:00:30Z\","
                                + "\"connections_active\":2,\"connects\":3,\"connect_failures\":4,\"metadata\":{\"zone\":\"a\"}}]}]}");
    }

    @Test
    void ranksCommandsByTotalTime() throws Exception {
        for (int i = 0; i < 99; i++) {
            source.exchange("GET", "ann", 100, null);
        }
        source.exchange("GET", "ann", 100, "WRONGTYPE");
        source.exchange("SET", "bob", 30_000, null);

        List<Map<String, Object>> rows = list("/exchanges/top", "exchanges");

        assertThat(rows).extracting(row -> row.get("command")).containsExactly("SET", "GET");
        Map<String, Object> get = rows.get(1);
        assertThat(get.get("listener")).isEqualTo("orders");
        assertThat(get.get("protocol")).isEqualTo("redis");
        assertThat(get.get("calls")).isEqualTo(100);
        assertThat(get.get("errors")).isEqualTo(1);
        assertThat(get.get("request_bytes")).isEqualTo(3_000);
        assertThat(get.get("response_bytes")).isEqualTo(7_000);
        assertThat(((Number) get.get("share")).doubleValue()).isBetween(0.24, 0.26);
        assertThat(((Number) get.get("p50_us")).longValue()).isBetween(95L, 105L);
        assertThat(get.containsKey("p90_us") && get.containsKey("p99_us") && get.containsKey("p999_us"))
                .isTrue();
        assertThat(get.containsKey("max_us") && get.containsKey("per_second")).isTrue();
    }

    @Test
    void groupsAndSortsAndLimits() throws Exception {
        source.exchange("GET", "ann", 100, null);
        source.exchange("GET", "ann", 100, null);
        source.exchange("SET", "bob", 30_000, null);

        assertThat(list("/exchanges/top?by=user&sort=calls", "exchanges"))
                .extracting(row -> row.get("user"))
                .containsExactly("ann", "bob");
        assertThat(list("/exchanges/top?by=client", "exchanges"))
                .extracting(row -> row.get("client"))
                .containsExactly("10.0.0.9");
        assertThat(list("/exchanges/top?limit=1&sort=calls", "exchanges"))
                .extracting(row -> row.get("command"))
                .containsExactly("GET");
        assertThat(json("/exchanges/top?limit=1").get("total")).isEqualTo(2);
        assertThat(list("/exchanges/top?listener=orders", "exchanges")).hasSize(2);
    }

    @Test
    void groupsByDigest() throws Exception {
        source.statement("SELECT c FROM t WHERE id = 17", 100, null, 1, -1);
        source.statement("select c from t where id = 18", 300, null, 1, -1);
        source.statement("UPDATE u SET c = 'secret'", 30_000, "1213", -1, 5);

        List<Map<String, Object>> rows = list("/exchanges/top?by=digest", "exchanges");
        Map<String, Object> update = rows.get(0);
        Map<String, Object> select = rows.get(1);

        assertThat(rows).hasSize(2);
        assertThat(select.get("statement")).isEqualTo("SELECT c FROM t WHERE id = ?");
        assertThat((String) select.get("digest")).matches("[0-9a-f]{16}");
        assertThat(select.get("summary")).isEqualTo("SELECT t");
        assertThat(select.get("tables")).isEqualTo(List.of("t"));
        assertThat(select.get("calls")).isEqualTo(2);
        assertThat(select.get("rows_sent")).isEqualTo(2);
        assertThat(select.get("sample")).isEqualTo("SELECT c FROM t WHERE id = ?");
        assertThat(select.get("max_us")).isEqualTo(300);
        assertThat(((Number) select.get("p95_us")).longValue()).isBetween(285L, 300L);
        // Mean 200 µs, variance 10,000 µs², in seconds.
        assertThat(((Number) select.get("variance_to_mean")).doubleValue()).isCloseTo(50e-6, within(1e-9));
        assertThat((String) select.get("first_seen")).startsWith("20").endsWith("Z");
        assertThat(select.get("missed")).isEqualTo(0);
        assertThat(update.get("error_codes")).isEqualTo(Map.of("1213", 1));
        assertThat(update.get("rows_affected")).isEqualTo(5);
        assertThat(update.get("no_index")).isEqualTo(1);
        assertThat(update.get("sample")).isEqualTo("UPDATE u SET c = ?");
        assertThat(get("/metrics").body())
                .contains("weir_digests 2", "db_query_summary=\"SELECT t\"")
                .doesNotContain("WHERE", "secret");
    }

    @Test
    void showsErrorsAndSlowExchanges() throws Exception {
        source.exchange("SET", "bob", 30_000, "OOM");

        assertThat(list("/exchanges/errors", "errors").get(0).get("error")).isEqualTo("OOM");
        Map<String, Object> slow = list("/exchanges/slow?limit=5", "exchanges").get(0);
        assertThat(slow.get("command")).isEqualTo("SET");
        assertThat(slow.get("user")).isEqualTo("bob");
        assertThat(slow.get("duration_us")).isEqualTo(30_000);
        assertThat(slow.get("upstream")).isEqualTo("10.0.0.5:6379");
    }

    @Test
    void showsHotKeysWhereNobodyAskedForThem() throws Exception {
        assertThat(get("/keys/hot?by=bytes_out").body().strip())
                .isEqualTo("{\"by\":\"bytes_out\",\"enabled\":false,\"keys\":[]}");
    }

    @Test
    void hidesSecretsOfTheConfiguration() throws Exception {
        assertThat(get("/config").body()).contains("orders", "(redacted)").doesNotContain("hunter2");
    }

    @Test
    void servesMetricsInBothForms() throws Exception {
        source.exchange("GET", "ann", 100, null);

        HttpResponse<String> text = get("/metrics");
        HttpResponse<String> open = client.send(
                to("/metrics")
                        .header("Accept", "application/openmetrics-text; version=1.0.0")
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(text.headers().firstValue("content-type")).hasValue("text/plain; version=0.0.4; charset=utf-8");
        assertThat(text.body())
                .contains(
                        "# TYPE db_client_operation_duration_seconds histogram",
                        "db_operation_name=\"GET\"",
                        "le=\"5.0E-5\"} 0",
                        "le=\"2.5E-4\"} 1",
                        "le=\"+Inf\"} 1",
                        "server_address=\"10.0.0.5\",server_port=\"6379\"")
                .doesNotContain("# EOF");
        assertThat(open.headers().firstValue("content-type").orElse("")).startsWith("application/openmetrics-text");
        assertThat(open.body()).endsWith("# EOF\n").contains("db_client_operation_duration_seconds_bucket");
    }

    @Test
    void saysWhetherItIsReady() throws Exception {
        assertThat(get("/healthz").body()).isEqualTo("ok\n");
        assertThat(get("/ready").statusCode()).isEqualTo(200);

        HttpResponse<String> drained = post("/drain");

        assertThat(drained.statusCode()).isEqualTo(202);
        assertThat(drained.body().strip()).isEqualTo("{\"draining\":true}");
        assertThat(source.draining).isTrue();
        assertThat(get("/ready").statusCode()).isEqualTo(503);
        assertThat(get("/ready").body()).isEqualTo("draining\n");
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
    }

    @Test
    void switchesDecoding() throws Exception {
        HttpResponse<String> off = post("/listeners/orders/decode?enabled=false");

        assertThat(off.statusCode()).isEqualTo(200);
        assertThat(off.body()).contains("\"decoding\":false");
        assertThat(source.decoding).isFalse();
        assertThat(post("/listeners/nope/decode?enabled=true").body().strip())
                .isEqualTo("{\"error\":\"no listener \\\"nope\\\" (expected: orders)\"}");
        assertThat(post("/listeners/orders/decode").body().strip())
                .isEqualTo("{\"error\":\"enabled: missing (expected: true, false)\"}");
        assertThat(post("/listeners/orders/decode?enabled=1").statusCode()).isEqualTo(400);
    }

    @Test
    void setsTheLogLevel() throws Exception {
        String before = Logs.level();
        try {
            assertThat(post("/log?level=error").body()).contains("\"level\":\"error\"");
            assertThat(Logs.level()).isEqualTo("error");
            assertThat(post("/log?level=loud").statusCode()).isEqualTo(400);
        } finally {
            Logs.level(before);
        }
    }

    @Test
    void reloadsAndSaysWhatCameOfIt() throws Exception {
        assertThat(post("/reload").statusCode()).isEqualTo(409);

        source.reload = CompletableFuture.completedFuture(new AdminSource.ReloadOutcome(true, "reloaded: all"));
        assertThat(post("/reload").body().strip()).isEqualTo("{\"applied\":true,\"report\":\"reloaded: all\"}");

        source.reload = CompletableFuture.completedFuture(new AdminSource.ReloadOutcome(false, "f: 1 problem\n  x"));
        HttpResponse<String> bad = post("/reload");
        assertThat(bad.statusCode()).isEqualTo(422);
        assertThat(bad.body().strip()).isEqualTo("{\"applied\":false,\"error\":\"f: 1 problem\\n  x\"}");

        source.reload = CompletableFuture.failedFuture(new IllegalStateException("bug"));
        assertThat(post("/reload").statusCode()).isEqualTo(500);
    }

    @Test
    void listsItsPathsWhereThereIsNone() throws Exception {
        HttpResponse<String> answer = get("/exchanges");

        assertThat(answer.statusCode()).isEqualTo(404);
        Map<String, Object> json = object(answer.body());
        assertThat(json.get("error")).isEqualTo("no path \"/exchanges\" (expected: one of paths)");
        assertThat(json.get("paths"))
                .asInstanceOf(InstanceOfAssertFactories.list(String.class))
                .hasSize(16)
                .contains("GET /exchanges/top", "POST /reload");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "POST|/metrics|GET, HEAD",
                "DELETE|/listeners|GET, HEAD",
                "GET|/reload|POST",
                "PUT|/drain|POST",
                "GET|/listeners/orders/decode|POST",
                "HEAD|/log|POST"
            })
    void namesTheMethodsThatAPathTakes(String method, String path, String allow) throws Exception {
        HttpResponse<String> answer = client.send(
                to(path).method(method, HttpRequest.BodyPublishers.noBody()).build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(answer.headers().firstValue("allow")).hasValue(allow);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/exchanges/top?by=comand|by: \"comand\" (expected: command, namespace, client, user, app, digest; did you mean"
                        + " \"command\"?)",
                "/exchanges/top?limit=0|limit: \"0\" (expected: a whole number, 1..10000)",
                "/exchanges/top?limit=1&limit=2|limit: \"2\" (expected: the parameter once)",
                "/exchanges/top?listener=x|listener: \"x\" (expected: orders)",
                "/exchanges/top?sorted=x|unknown parameter: \"sorted\" (expected: by, sort, limit, listener)",
                "/listeners?x=1|unknown parameter: \"x\" (expected: no parameters)",
                "/exchanges/slow?limit=many|limit: \"many\" (expected: a whole number, 1..10000)"
            })
    void saysWhatIsWrongWithAParameter(String path, String message) throws Exception {
        HttpResponse<String> answer = get(path);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(object(answer.body()).get("error")).isEqualTo(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/metrics", "/listeners", "/ready", "/exchanges/live"})
    void answersHeadWithoutABody(String path) throws Exception {
        HttpResponse<String> answer = client.send(
                to(path).method("HEAD", HttpRequest.BodyPublishers.noBody()).build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEmpty();
    }

    @Test
    void streamsExchangesAsTheyHappen() throws Exception {
        HttpResponse<InputStream> answer =
                client.send(to("/exchanges/live?command=set").build(), HttpResponse.BodyHandlers.ofInputStream());

        assertThat(answer.headers().firstValue("content-type")).hasValue("text/event-stream; charset=utf-8");
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
            assertThat(lines.readLine()).isEqualTo(": exchanges, sampled");
            source.exchange("GET", "ann", 100, null);
            source.exchange("SET", "bob", 100, null);
            assertThat(lines.readLine()).isEmpty();
            String event = lines.readLine();
            assertThat(event).startsWith("data: {");
            Map<String, Object> exchange = object(event.substring("data: ".length()));
            assertThat(exchange.get("command")).isEqualTo("SET");
        }
    }

    @Test
    void endsStreamsWhenTheProxyEnds() throws Exception {
        HttpResponse<InputStream> answer =
                client.send(to("/exchanges/live").build(), HttpResponse.BodyHandlers.ofInputStream());

        source.sinks.close();

        assertThat(new String(answer.body().readAllBytes(), StandardCharsets.UTF_8))
                .endsWith("event: end\ndata: {}\n\n");
    }

    @Test
    void whoHasJustComeIsAnsweredAlsoWhenItEnds() throws Exception {
        InetSocketAddress address =
                new InetSocketAddress(server.address().host(), server.address().port());
        try (Socket early = new Socket(address.getAddress(), address.getPort())) {
            get("/ready"); // came behind it, so both have been accepted
            server.handOver();
            assertThatThrownBy(() -> new Socket(address.getAddress(), address.getPort()))
                    .isInstanceOf(ConnectException.class);
            CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
            early.getOutputStream()
                    .write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(early.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 200 OK\r\n");
            closing.join();
        }
    }

    @Test
    void servesAPageThatNeedsNothingFromOutside() throws Exception {
        HttpResponse<String> page = get("/");

        assertThat(page.headers().firstValue("content-type")).hasValue("text/html; charset=utf-8");
        String policy = page.headers().firstValue("content-security-policy").orElse("");
        assertThat(policy)
                .startsWith("default-src 'none'; script-src 'sha256-")
                .contains("frame-ancestors 'none'")
                .doesNotContain("unsafe");
        assertThat(page.headers().firstValue("x-content-type-options")).hasValue("nosniff");
        assertThat(page.body())
                .contains("<title>Weir</title>")
                .doesNotContainPattern("https?://|innerHTML|document\\.write|eval\\(|style=\"|onclick=\"");
    }

    @Test
    void answersWithoutDetailsWhereItFails() throws Exception {
        source.failure = new IllegalStateException("inner detail");

        HttpResponse<String> answer = get("/listeners");

        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.body().strip()).isEqualTo("{\"error\":\"failed; the log has the reason\"}");
        source.failure = null;
        assertThat(get("/listeners").statusCode()).isEqualTo(200);
    }

    @Test
    void listensOnAUnixSocketToo(@TempDir Path folder) throws IOException {
        Address address = new Address(folder.resolve("admin.sock").toString(), -1);
        try (AdminServer unix = AdminServer.start(source, new AdminConfig(address, List.of()), source.meters)) {
            assertThat(unix.address()).isEqualTo(address);
            assertThat(new AdminClient(address).send("GET", "/healthz").body()).isEqualTo("ok\n");
        }
        assertThat(folder.resolve("admin.sock")).doesNotExist();
    }

    @Test
    void ourOwnClientUnderstandsIt() throws IOException {
        AdminClient own = new AdminClient(server.address());

        assertThat(own.send("GET", "/healthz")).isEqualTo(new AdminClient.Answer(200, "ok\n"));
        assertThat(own.send("POST", "/reload").status()).isEqualTo(409);
    }
}
