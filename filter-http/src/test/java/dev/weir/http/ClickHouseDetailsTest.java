package dev.weir.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.testkit.RecordingExchanges;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.Random;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests and headers have the form of those in ClickHouse's description of its HTTP interface. */
class ClickHouseDetailsTest {
    private static final String SUMMARY =
            "{\"read_rows\":\"2\",\"read_bytes\":\"16\",\"written_rows\":\"%d\",\"written_bytes\":\"0\","
                    + "\"total_rows_to_read\":\"2\",\"result_rows\":\"%d\",\"result_bytes\":\"8\",\"elapsed_ns\":\"1234567\"}";

    private final ObservationBed bed = new ObservationBed(Map.of("clickhouse", true));

    private static Conversation ask(String method, String uri, String body) {
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf(method), uri);
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        return new Conversation(request, body.getBytes(UTF_8), response, "1\n".getBytes(UTF_8))
                .responseHeader("x-clickhouse-query-id", "6bf7d228-06c2-44ba-a67c-a99d1a84af07");
    }

    private String line(Conversation talk, int piece) {
        String line = ObservationBed.line(bed.play(talk, piece));
        assertThat(bed.loop().headBytes()).isZero();
        return line.replaceAll(" digest=[0-9a-f]{16}", "");
    }

    @Test
    void tellsAStatementOfTheParameter() {
        Conversation talk = ask(
                        "GET",
                        "/?query=SELECT%20a%20FROM%20hits%20WHERE%20b%20%3D%20'x'&database=web&user=bob&password=secret",
                        "")
                .responseHeader("x-clickhouse-summary", SUMMARY.formatted(0, 1));

        assertThat(line(talk, 9))
                .isEqualTo("clickhouse SELECT | status=ok namespace=web user=bob target=hits summary=SELECT hits"
                        + " statement=SELECT a FROM hits WHERE b = ? rows=1 rows_sent=1 http_status=200 read_rows=2 read_bytes=16"
                        + " server_us=1234 collection=hits");
    }

    @Test
    void tellsAStatementOfTheBody() {
        Conversation talk = ask("POST", "/", "SELECT count() FROM `web`.\"hits\" WHERE s = 'it\\'s'")
                .requestHeader("x-clickhouse-user", "bob")
                .requestHeader("x-clickhouse-key", "secret")
                .requestHeader("x-clickhouse-database", "web");
        for (int piece = 1; piece < 60; piece++) {
            assertThat(line(talk, piece))
                    .isEqualTo(
                            "clickhouse SELECT | status=ok namespace=web user=bob target=web.hits summary=SELECT web.hits"
                                    + " statement=SELECT COUNT() FROM web.hits WHERE s = ? http_status=200 collection=web.hits");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"INSERT INTO hits FORMAT JSONEachRow {\"secret\":1}", "insert into hits format TSV\n1\tsecret\n"
            })
    void dataAreNotPartOfTheStatement(String body) {
        Conversation talk = ask("POST", "/", body).responseHeader("x-clickhouse-summary", SUMMARY.formatted(3, 0));
        for (int piece = 1; piece <= body.length(); piece++) {
            assertThat(line(talk, piece))
                    .startsWith(
                            "clickhouse INSERT | status=ok target=hits summary=INSERT hits statement=INSERT INTO hits ")
                    .contains(" rows=3 rows_affected=3 ")
                    .doesNotContain("secret");
        }
    }

    @Test
    void insertsInOtherForms() {
        assertThat(line(ask("POST", "/?query=INSERT+INTO+hits+FORMAT+CSV", "1,secret\n"), 3))
                .contains("statement=INSERT INTO hits FORMAT CSV ")
                .doesNotContain("secret");
        assertThat(line(ask("POST", "/", "INSERT INTO `format` (\"format\", b) VALUES (1, 'x'), (2, 'y')"), 3))
                .contains("INSERT INTO", "VALUES (?)")
                .doesNotContain("'x'");
        assertThat(line(ask("POST", "/", "INSERT INTO a SELECT * FROM b FORMAT Null"), 3))
                .contains("target=a, b");
    }

    /** External data: {@code curl -F 'n=@names.csv' 'http://h:8123/?n_structure=…'}. */
    @ParameterizedTest
    @ValueSource(strings = {"multipart/form-data; boundary=x", "Multipart/Form-Data; boundary=x"})
    void partsAreNoStatement(String type) {
        String body =
                "--x\r\nContent-Disposition: form-data; name=\"n\"; filename=\"n.csv\"\r\n\r\nalice,secret\r\n--x--\r\n";

        assertThat(line(ask("POST", "/?n_structure=a+String", body).requestHeader("content-type", type), 64))
                .startsWith("clickhouse _OTHER |")
                .doesNotContain("statement=", "alice", "secret");
        assertThat(line(
                        ask("POST", "/?query=SELECT+a+FROM+n&n_structure=a+String", body)
                                .requestHeader("content-type", type),
                        64))
                .contains("statement=SELECT a FROM n ");
    }

    @Test
    void bodiesThatCurlCallsFormsAreStatements() {
        Conversation talk =
                ask("POST", "/", "SELECT a FROM t").requestHeader("content-type", "application/x-www-form-urlencoded");

        assertThat(line(talk, 5)).contains("statement=SELECT a FROM t ");
    }

    private Exchange answered(String uri, String body, int status) {
        Conversation talk = ask("POST", uri, body);
        talk.response().setStatus(HttpResponseStatus.valueOf(status));
        if (status >= 400) {
            talk.responseHeader("x-clickhouse-exception-code", "497");
        }
        return bed.play(talk, 64);
    }

    @Test
    void namesAreLabelsOnceAServerHasProvenThem() {
        Exchange invented = answered("/?database=web", "SELECT a FROM hits", 403);
        assertThat(invented.target).isEqualTo("hits");
        assertThat(invented.collection).isEqualTo("_OTHER");
        assertThat(invented.summary).isNull();
        assertThat(invented.namespace).isNull();
        assertThat(RecordingExchanges.fields(invented)).containsEntry("database", "web");

        Exchange proven = answered("/?database=web", "SELECT a FROM hits", 200);
        assertThat(proven.collection).isEqualTo("hits");
        assertThat(proven.summary).isEqualTo("SELECT hits");
        assertThat(proven.namespace).isEqualTo("web");

        Exchange known = answered("/?database=web", "SELECT a FROM hits", 403);
        assertThat(known.collection).isEqualTo("hits");
        assertThat(known.summary).isEqualTo("SELECT hits");
        assertThat(known.namespace).isEqualTo("web");
        assertThat(RecordingExchanges.fields(known)).doesNotContainKey("database");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO FUNCTION mysql('h', 'd', 't') SELECT 1",
                "INSERT INTO TABLE FUNCTION s3('u') SELECT 1",
                "SELECT * FROM (WITH x7 AS (SELECT 1) SELECT * FROM x7)"
            })
    void whatIsNoTableIsNotNamed(String statement) {
        Exchange e = answered("/", statement, 200);

        assertThat(e.collection).isNull();
        assertThat(e.target).isNull();
        assertThat(e.summary).matches("(INSERT )?SELECT( SELECT)*");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DROP TABLE IF EXISTS t",
                "EXPLAIN AST SELECT a FROM t",
                "TRUNCATE TABLE IF EXISTS t",
                "SHOW COLUMNS FROM t"
            })
    void whatSucceedsWithoutATableProvesNone(String statement) {
        Exchange e = answered("/", statement, 200);

        assertThat(e.collection).isIn(null, "_OTHER");
        assertThat(e.summary).isNull();
    }

    private Exchange unnamed(String method, String uri, String summary) {
        Conversation talk = ask(method, uri, "").responseHeader("x-clickhouse-summary", summary);
        talk.response().headers().remove("x-clickhouse-query-id");
        return bed.play(talk, 64);
    }

    /** Such pages are for anybody, with any parameters. */
    @Test
    void pagesOfTheServerProveNothing() {
        Exchange e = unnamed("GET", "/play?query=SELECT+1+FROM+rnd&database=rnd", SUMMARY.formatted(0, 0));

        assertThat(e.collection).isEqualTo("_OTHER");
        assertThat(e.summary).isNull();
        assertThat(e.namespace).isNull();
    }

    @Test
    void optionsAreNoStatement() {
        Exchange e = bed.play(ask("OPTIONS", "/?query=SELECT+1+FROM+rnd&database=rnd", ""), 64);

        assertThat(e.protocol).isEqualTo("http");
        assertThat(e.namespace).isNull();
    }

    /** Old versions do not name them. */
    @Test
    void writtenRowsProveAnInsert() {
        String insert = "/?query=INSERT+INTO+hits+FORMAT+CSV&database=web";

        assertThat(unnamed("POST", insert, SUMMARY.formatted(0, 0)).collection).isEqualTo("_OTHER");
        assertThat(unnamed("POST", insert, SUMMARY.formatted(3, 0)).collection).isEqualTo("hits");
    }

    @Test
    void oneOfTwoDatabasesIsNotProven() {
        Conversation talk =
                ask("POST", "/?database=made_up", "SELECT 1").requestHeader("x-clickhouse-database", "default");

        assertThat(bed.play(talk, 9).namespace).isNull();
    }

    @Test
    void tellsTheCodeOfAnException() {
        Conversation talk =
                ask("POST", "/", "SELECT 1 FROM nothing").responseHeader("x-clickhouse-exception-code", "60");

        assertThat(line(talk, 5)).contains("status=error error=60 ");
    }

    @Test
    void readsCompressedStatements() throws IOException {
        String statement = "SELECT a FROM hits WHERE " + "a = 1 OR ".repeat(300) + "b";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflate = new DeflaterOutputStream(out)) {
            deflate.write(statement.getBytes(UTF_8));
        }
        Conversation plain = ask("POST", "/", "");
        Conversation talk = plain.with(out.toByteArray(), new byte[0]).requestHeader("content-encoding", "deflate");

        assertThat(line(talk, 3)).contains("summary=SELECT hits");
        assertThat(bed.loop().inflaters.taken()).isZero();
    }

    @Test
    void longStatementsAreCut() {
        String statement = "SELECT " + "a, ".repeat(100_000) + "b FROM hits";

        Exchange e = bed.play(ask("POST", "/", statement), 4_096);

        assertThat(e.operation().name()).isEqualTo("SELECT");
        assertThat(e.sql).isNotNull();
        assertThat(e.sql.truncated()).isTrue();
    }

    @Test
    void memoryForStatementsIsBounded() {
        ObservationLoop loop = bed.loop();
        assertThat(loop.takeHeads(4 << 20)).isTrue();

        Exchange e = bed.play(ask("POST", "/", "SELECT 1"), 4);

        assertThat(e.operation().name()).isEqualTo("_OTHER");
        assertThat(e.statement).isNull();
        assertThat(loop.headBytes()).isEqualTo(4 << 20);
        loop.takeHeads(-(4 << 20));
    }

    @Test
    void statementsAreShownAsSentWhereOptedIn() {
        ObservationBed raw = new ObservationBed(Map.of("clickhouse", Map.of("statements", true)));

        assertThat(raw.play(ask("POST", "/", "SELECT 'x' FROM t"), 5).statement).isEqualTo("SELECT 'x' FROM t");
        assertThat(raw.play(ask("POST", "/", "CREATE USER a IDENTIFIED BY 'secret'"), 5).statement)
                .doesNotContain("secret");
    }

    @ParameterizedTest
    @CsvSource({"GET, /ping", "GET, /", "GET, /play", "POST, /other", "OPTIONS, *"})
    void whatIsNoStatement(String method, String uri) {
        assertThat(bed.play(ask(method, uri, "SELECT 1"), 9).protocol).isEqualTo("http");
    }

    @Test
    void garbageNeverThrows() {
        Random random = new Random(11);
        byte[] words =
                "INSERT INTO FORMAT 'x' \"y\" `z` ( ) , \\ VALUES SELECT -- /* */ # $$ @ \u00e4 ".getBytes(UTF_8);
        for (int round = 0; round < 20_000; round++) {
            byte[] body = new byte[random.nextInt(120)];
            for (int i = 0; i < body.length; i++) {
                body[i] = random.nextInt(20) == 0 ? (byte) random.nextInt() : words[random.nextInt(words.length)];
            }
            Conversation talk = ask("POST", "/", "")
                    .with(body, new byte[0])
                    .responseHeader("x-clickhouse-summary", "{" + "\"read_rows\": \"" + random.nextLong());
            assertThat(bed.play(talk, 1 + random.nextInt(50)).protocol).isEqualTo("clickhouse");
        }
        assertThat(bed.counts("weir_http_details_lost")).isEmpty();
        assertThat(bed.loop().headBytes()).isZero();
    }
}
