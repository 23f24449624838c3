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
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What of statements is told: neither the data of an INSERT nor secrets, whether statements are shown or not. */
class ClickHouseTextTest {
    private final ObservationBed digests = new ObservationBed(Map.of("clickhouse", true));
    private final ObservationBed shown = new ObservationBed(Map.of("clickhouse", Map.of("statements", true)));

    private static Exchange play(ObservationBed bed, String statement) {
        HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/");
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        return bed.play(new Conversation(request, statement.getBytes(UTF_8), response, new byte[0]), 37);
    }

    private String digest(String statement) {
        return String.valueOf(play(digests, statement).statement);
    }

    private String shown(String statement) {
        return String.valueOf(play(shown, statement).statement);
    }

    private void assertHides(String statement, String secret) {
        for (ObservationBed bed : new ObservationBed[] {digests, shown}) {
            Exchange e = play(bed, statement);
            assertThat(RecordingExchanges.fields(e).toString()).as(statement).doesNotContain(secret);
            assertThat(e.sql).isNotNull();
            assertThat(e.sql.text()).doesNotContain(secret);
            assertThat(e.sql.sample()).doesNotContain(secret);
            assertThat(e.sql.summary()).doesNotContain(secret);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO t FORMAT CSV\n1,hush\n",
                "INSERT INTO t FORMAT CSV 1,hush",
                "INSERT INTO t FORMAT JSONEachRow {\"a\":\"hush\"}",
                "insert into t format Values (1,'hush')",
                "-- first\nINSERT INTO t FORMAT TSV\nhush",
                "/* a /* nested */ comment */ INSERT INTO t FORMAT TSV\nhush",
                "# hash\nINSERT INTO t FORMAT TSV\nhush",
                "#!shebang\nINSERT INTO t FORMAT TSV\nhush",
                "// slashes\nINSERT INTO t FORMAT TSV\nhush",
                "INSERT--x\nINTO/**/t/**/FORMAT/**/TSV hush",
                "INSERT INTO values FORMAT CSV\n1,hush",
                "INSERT INTO values VALUES (1, 'hush')",
                "INSERT INTO `values` VALUES (1, hush)",
                "INSERT INTO select FORMAT CSV\nhush",
                "INSERT INTO with FORMAT CSV\nhush",
                "INSERT INTO db.values (a, b) FORMAT CSV\nhush",
                "INSERT INTO \"a\\\"FORMAT \" FORMAT CSV\nhush",
                "INSERT INTO TABLE t VALUES (1, 'hush')",
                "INSERT INTO t (values, format) VALUES (1, $$hush$$), (2, 'hush')",
                "INSERT INTO t VALUES (1, hush)",
                "INSERT INTO t SETTINGS a = 1, format = 'x' FORMAT CSV\nhush",
                "INSERT INTO t SETTINGS async_insert=1 VALUES (hush)",
                "INSERT INTO t SELECT a * format, format('x'), b FROM c | INSERT INTO t SELECT a * format, format('x'), b FROM c",
                "INSERT INTO t FROM INFILE '/hush/x.csv' COMPRESSION 'gzip' FORMAT CSV hush",
                "INSERT INTO t FROM INFILE '/hush/x.csv'",
                "INSERT INTO FUNCTION file('hush.csv', 'CSV', 'a Int') VALUES (hush)",
                "INSERT INTO TABLE FUNCTION remote('h', 'db', 't', 'u', 'hush') FORMAT CSV\nhush",
                "INSERT INTO t SELECT a FROM input('a String') FORMAT CSV\nhush",
                "INSERT INTO t SELECT lower(col1) FROM input('a String') WHERE a = 1 FORMAT JSONEachRow {\"hush\":1}",
                "INSERT INTO t SELECT * FORMAT CSV\nhush",
                "INSERT INTO t SETTINGS a = -1, b = {'x':1}, c = [1] FORMAT CSV\nhush",
                "INSERT INTO t SELECT t.* FROM input('a String') AS t FORMAT CSV\nhush",
                "INSERT INTO t SELECT a FROM input('a Array(Int8)') WHERE a = [1] FORMAT CSV\nhush",
                "INSERT INTO t SELECT a, count() FROM input('a String') GROUP BY ALL FORMAT CSV\nhush",
                "INSERT INTO t SELECT a AS format FROM input('a String') FORMAT CSV\nhush",
                "INSERT INTO t SELECT a FROM format FORMAT CSV\nhush",
                "INSERT INTO t SELECT (a FROM input('a String') FORMAT CSV\nhush",
                "INSERT INTO t SELECT {p:String} FORMAT CSV\nhush",
                "EXPLAIN SYNTAX INSERT INTO t FORMAT CSV\nhush",
                "INSERT\u00a0INTO t FORMAT\u00a0CSV\nhush",
                "INSERT INTO t hush VALUES (1)",
                "INSERT INTO format FORMAT CSV\nhush",
                "INSERT INTO FORMAT CSV\nhush,1",
                "INSERT INTO t SELECT * FROM input('offset Int32, s String') ORDER BY offset FORMAT CSV\n1,hush",
                "INSERT INTO t SELECT * FROM input('on Int32') AS t ORDER BY t.on FORMAT CSV\n1,hush",
                "INSERT INTO t SELECT a AS in FORMAT CSV\n1,hush",
                "INSERT INTO t SELECT a AS in FORMAT /* c */ `CSV`\n1,hush",
                "INSERT INTO t SELECT a AS in FORMAT Values (1, hush)",
                "INSERT INTO t SELECT a, FORMAT CSV\n1,hush",
                "; INSERT INTO t FORMAT CSV\n1,hush",
                "INSERT INTO t SELECT 1; INSERT INTO t VALUES (1, hush)",
                "INSERT INTO t SETTINGS a = 1; VALUES (1, hush)",
                "INSERT INTO t SELECT (1; INSERT t VALUES (1, hush)",
                "INSERT INTO t SELECT 1 PARALLEL WITH INSERT INTO u VALUES (1, hush)",
            })
    void dataAreNeverTold(String statement) {
        assertHides(statement, "hush");
        assertThat(play(digests, statement).operation().name()).isIn("INSERT", "EXPLAIN");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 1; INSERT INTO t FORMAT CSV\n1,hush",
                "SELECT 1; INSERT t VALUES (1, hush)",
                "EXECUTE AS u INSERT INTO t FORMAT CSV\n1,hush",
                "EXECUTE AS u INSERT t (a) VALUES (1, hush)",
            })
    void dataOfInsertsBehindOthersAreNeverTold(String statement) {
        assertHides(statement, "hush");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "INSERT INTO t SELECT format FROM b WHERE format = 'x' | INSERT INTO t SELECT format FROM b WHERE format = 'x'",
                "INSERT INTO t SELECT insert, b.format x FROM b | INSERT INTO t SELECT insert, b.format x FROM b",
                "INSERT INTO t FORMAT CSV 1,2 | INSERT INTO t FORMAT CSV",
                "INSERT INTO db.values (a, b) VALUES (1, 'x') | INSERT INTO db.values (a, b) VALUES (?)",
                "INSERT INTO t SETTINGS async_insert = 1 VALUES (1) | INSERT INTO t SETTINGS async_insert = ? VALUES (?)",
                "INSERT INTO t SELECT a, format FROM b WHERE x = 'y' FORMAT Null | INSERT INTO t SELECT a, format FROM b WHERE x = 'y' FORMAT Null",
                "INSERT INTO t FROM INFILE 'f.csv' FORMAT CSV | INSERT INTO t FROM INFILE ? FORMAT CSV",
            })
    void insertsAreShownUpToTheirData(String statement, String told) {
        assertThat(shown(statement)).isEqualTo(told);
    }

    @Test
    void digestsOfInsertsAreTheSameWithAndWithoutData() {
        assertThat(digest("INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y')"))
                .isEqualTo(digest("INSERT INTO t (a,b) VALUES"))
                .isEqualTo("INSERT INTO t(a, b) VALUES (?)");
        assertThat(play(digests, "INSERT INTO t SELECT a, format FROM b FORMAT Null").target)
                .isEqualTo("t, b");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT * FROM mysql('h:3306', 'db', 't', 'root', 'hush')",
                "SELECT * FROM mysql('h:3306', db, t, root, hush)",
                "SELECT * FROM mysql('h:3306', \"db\", \"t\", \"root\", \"hush\")",
                "SELECT * FROM `mysql` /* c */ ('h:3306', 'db', 't', 'root', 'hush')",
                "SELECT * FROM a JOIN postgresql('h', 'd', 't', 'u', 'hush') AS b ON a.x = b.x",
                "SELECT * FROM a, mongodb('h', 'd', 'c', 'u', 'hush', 'x Int')",
                "SELECT * FROM mongodb('mongodb://u:hush@h/d', 'c')",
                "SELECT * FROM redis('h', 'k', 'k String', 0, 'hush')",
                "SELECT * FROM s3('https://b.s3.amazonaws.com/x', 'AKIA', 'hush', 'CSV')",
                "SELECT * FROM s3(creds, secret_access_key = 'hush')",
                "SELECT * FROM s3Cluster('c', 'https://b/x', 'AKIA', 'hush')",
                "SELECT * FROM gcs('https://b/x', 'k', $x$hush$x$)",
                "SELECT * FROM remote('h:9000', db.t, 'u', 'hush')",
                "SELECT * FROM remoteSecure('h:9440', view(SELECT 1), 'u', 'hush')",
                "SELECT * FROM url('https://u:hush@h/x', CSV)",
                "SELECT * FROM url('https://h/x', CSV, headers('Authorization' = 'Bearer hush'))",
                "SELECT * FROM azureBlobStorage('DefaultEndpointsProtocol=https;AccountKey=hush', 'c', 'b')",
                "SELECT * FROM odbc('DSN=x;Pwd=hush', 'd', 't')",
                "SELECT * FROM somethingNew('hush')",
                "SELECT * FROM (SELECT * FROM deltaLake('u', 'k', 'hush'))",
                "SELECT x IN remote('h', d, t, 'u', 'hush')",
                "SELECT encrypt('aes-256-ofb', x, 'hush'), decrypt('aes-256-ofb', y, \u2018hush\u2019) FROM t",
                "SELECT 1 FROM t SETTINGS s3_secret = 'hush', x = 1",
                "SELECT 1 FROM t WHERE password = 'hush'",
                "SELECT 1 FROM t WHERE token IN ('hush')",
                "SELECT 1 FROM t WHERE token NOT IN ('a', 'hush')",
                "SELECT 1 FROM t WHERE password != 'hush'",
                "SELECT 1 FROM t WHERE password <> 'hush'",
                "SELECT 1 FROM t WHERE t.password LIKE 'hush%'",
                "SELECT 1 FROM t WHERE token = ('hush')",
                "SELECT 1 FROM t WHERE token = lower('hush')",
                "SELECT 1 FROM t WHERE concat('hush', '1', '2', '3', '4', '5', '6', '7', '8') = token",
                "SELECT 1 FROM t WHERE token = concat('a', 'hush')",
                "SELECT 1 FROM t WHERE lower(token) = 'hush'",
                "SELECT 1 FROM t WHERE equals(token, 'hush')",
                "SELECT 1 FROM t WHERE (token, id) IN (('hush', 1))",
                "SELECT 1 FROM t WHERE token BETWEEN 'a' AND 'hush'",
                "SELECT 1 FROM t WHERE token = \"hush\"",
                "SELECT 1 FROM t WHERE `token` IN (`hush`)",
                "SELECT 1 FROM t WHERE token IN (\"a\", \"hush\")",
                "SELECT 1 FROM t WHERE 'hush' = password",
                "SELECT 1 FROM t WHERE 'hush' != lower(t.password)",
                "SELECT 1 FROM t WHERE ('hush') = password",
                "SELECT 1 FROM t WHERE concat('hush', 'a') = password",
                "SELECT 1 FROM t WHERE equals('hush', password)",
                "SELECT 'hush' IN (SELECT token FROM t)",
                "SELECT 1 FROM t WHERE a = 'x' AND pin_secret = 'hush' ORDER BY a",
                "SELECT 'https://u:hush@h/x'",
                "SELECT 1 -- hush",
                "SELECT 1 /* mysql('h', 'hush') */",
                "INSERT INTO FUNCTION mysql('h', 'd', 't', 'u', 'hush') SELECT 1",
                "CREATE USER u IDENTIFIED WITH sha256_password BY 'hush'",
                "CREATE USER u IDENTIFIED BY $$hush$$",
                "ALTER USER u IDENTIFIED BY 'hush'",
                "EXPLAIN SYNTAX CREATE USER u IDENTIFIED BY 'hush'",
                "EXPLAIN AST CREATE NAMED COLLECTION c AS k = 'hush'",
                "SELECT 1; CREATE NAMED COLLECTION c AS k = 'hush'",
                "CREATE NAMED COLLECTION c AS access_key_id = 'AKIA', secret_access_key = 'hush'",
                "CREATE TABLE t (a Int) ENGINE = MySQL('h', 'd', 't', 'u', hush)",
                "CREATE TABLE t (a Int) ENGINE = S3('https://b/x', 'k', hush)",
                "CREATE DATABASE d ENGINE = MaterializedPostgreSQL('h', 'd', 'u', hush)",
                "CREATE DICTIONARY d (a Int) PRIMARY KEY a SOURCE(MYSQL(USER root PASSWORD hush)) LIFETIME(1)",
                "BACKUP TABLE t TO S3('https://b/x', 'k', 'hush')",
                "ATTACH TABLE t (a Int) ENGINE = PostgreSQL('h', 'd', 't', 'u', hush)",
            })
    void secretsAreNeverTold(String statement) {
        assertHides(statement, "hush");
    }

    @Test
    void secretsAreNotShownInHalves() {
        String statement = "SELECT 'https://u:hush" + "x".repeat(20_000) + "@h/'";

        assertThat(shown(statement)).isEqualTo("SELECT ?");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SELECT * FROM mysql('h', 'd', 't', 'u', 'p') WHERE a = 'x' | SELECT * FROM mysql(?) WHERE a = 'x'",
                "SELECT a, now() FROM numbers(10) WHERE b IN (1, 'x') | SELECT a, now() FROM numbers(10) WHERE b IN (1, 'x')",
                "SELECT * FROM a ARRAY JOIN arrayMap(x -> x + 1, b) AS c | SELECT * FROM a ARRAY JOIN arrayMap(x -> x + 1, b) AS c",
                "SELECT token, 'x' FROM t WHERE token = 'y' AND a = 'z' | SELECT token, 'x' FROM t WHERE token = ? AND a = 'z'",
                "SELECT 'x', token FROM t WHERE a = 'y' AND 'z' = token | SELECT 'x', token FROM t WHERE a = 'y' AND ? = token",
                "SELECT (SELECT token, 'x') FROM secrets WHERE a = 'y' | SELECT (SELECT token, 'x') FROM secrets WHERE a = 'y'",
                "SELECT 1 FROM a JOIN b ON a.token = b.\"x\" LIMIT 5 | SELECT 1 FROM a JOIN b ON a.token = b.\"x\" LIMIT 5",
                "SELECT 'x' FROM t WHERE token LIKE '%y' OR c = 7 | SELECT 'x' FROM t WHERE token LIKE ? OR c = 7",
                "SELECT s.1 FROM t USING (a) | SELECT s.1 FROM t USING (a)",
                "SELECT a, /* why */ b FROM t | SELECT a,   b FROM t",
            })
    void whatIsNoSecretIsShown(String statement, String told) {
        assertThat(shown(statement)).isEqualTo(told);
    }

    /** Other lexers read these otherwise: what is a value for the server may be a word for them. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT $$hush$$",
                "SELECT $tag$ it's hush $tag$, 1",
                "SELECT \u2018hush\u2019",
                "SELECT \"a\\\"b\", 'hush'",
                "SELECT `a\\`b`, 'hush'",
                "SELECT 1 --hush",
                "SELECT 1 // hush",
                "SELECT /* /* */ hush */ 1",
                "SELECT 'a\\'', 'hush'",
                "SELECT 'it''s hush'",
            })
    void valuesAreReadAsTheServerReadsThem(String statement) {
        assertThat(digest(statement)).doesNotContain("hush").startsWith("SELECT");
    }

    @Test
    void separatorsInNumbersAreNoNames() {
        assertThat(digest("SELECT 1_000, 0xff, 1e-5, .5 FROM t")).isEqualTo("SELECT ? FROM t");
    }

    @Test
    void manyTagsCostLittle() {
        StringBuilder tags = new StringBuilder("SELECT ");
        for (int i = 0; tags.length() < 16_000; i++) {
            tags.append('$').append(i).append(' ');
        }
        long before = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            digest(tags.toString());
        }

        // If each were looked for to the end, it would be minutes.
        assertThat(System.nanoTime() - before).isLessThan(20_000_000_000L);
    }

    @Test
    void anyBytesAreRead() {
        String[] words = {
            "INSERT",
            "INTO",
            "t",
            "FORMAT",
            "VALUES",
            "SELECT",
            "FROM",
            "(",
            ")",
            ",",
            ".",
            ";",
            "'x'",
            "'",
            "\"",
            "`",
            "$$",
            "$a$",
            "--",
            "/*",
            "*/",
            "#",
            "\\",
            "\u2018",
            "\u2019",
            "\u00e4",
            "mysql",
            "FUNCTION",
            "SETTINGS",
            "=",
            "1",
            "0x",
            "1e-",
            " ",
            "\n"
        };
        Random random = new Random(4);
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder(round % 2 == 0 ? "INSERT INTO t " : "");
            for (int i = random.nextInt(25); i > 0; i--) {
                text.append(words[random.nextInt(words.length)]).append(random.nextBoolean() ? " " : "");
            }
            play(shown, text.toString());
        }
        assertThat(shown.counts("weir_http_details_lost")).isEmpty();
    }

    /** With what is written in the place of nothing, at the end of what is kept. */
    @ParameterizedTest
    @ValueSource(strings = {"x''", "f()", "1", "\"\"", "mysql(1)", "(", "'", "\"", "`"})
    void longStatementsFit(String unit) {
        for (int shift = 0; shift < 4; shift++) {
            Exchange e = play(shown, "SELECT " + " ".repeat(shift) + (unit + ",").repeat(9_000));
            assertThat(e.operation().name()).isEqualTo("SELECT");
        }
        assertThat(shown.counts("weir_http_details_lost")).isEmpty();
    }
}
