package dev.weir.core.exchange;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ExchangeJsonTest {
    private final TestClock clock = new TestClock();
    private final TestConnection connection = TestConnection.any();

    private String line(Exchange e) throws IOException {
        ExchangeLines lines = new ExchangeLines(clock);
        lines.add(e);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        lines.writeTo(out);
        return out.toString(UTF_8);
    }

    @Test
    void writesWhatIsKnownOnly() throws IOException {
        connection.cluster = null;
        connection.upstream = null;

        String line = line(new Exchange().of(connection, "redis", SinkBed.GET));

        assertThat(line)
                .isEqualTo("{\"time\":\"2026-11-21T10:15:30.123456Z\",\"listener\":\"orders\",\"protocol\":\"redis\","
                        + "\"connection\":1,\"client\":\"10.1.1.1:50000\",\"command\":\"GET\",\"summary\":\"GET\","
                        + "\"status\":\"ok\",\"by\":\"server\",\"wait\":false}\n");
    }

    @Test
    void writesEveryFieldInOrder() throws IOException {
        assertThat(line(full())).isEqualTo(FULL);
    }

    @Test
    void aCopyLooksTheSame() throws IOException {
        Exchange copy = new Exchange();
        copy.copyFrom(full());
        Exchange second = new Exchange();
        second.copyFrom(copy);

        assertThat(line(second)).isEqualTo(FULL);
    }

    private static final String FULL = "{\"time\":\"2026-11-21T10:15:31.123456Z\",\"listener\":\"orders\","
            + "\"protocol\":\"mongodb\",\"connection\":1,\"client\":\"10.1.1.1:50000\","
            + "\"upstream\":\"10.0.0.5:6379\",\"cluster\":\"orders\",\"shards\":3,\"user\":\"alice\","
            + "\"app\":\"shop\",\"namespace\":\"sales\",\"command\":\"GET\",\"target\":\"customers\","
            + "\"summary\":\"find sales.customers\",\"digest\":\"d1\",\"statement\":\"{name: ?}\","
            + "\"status\":\"error\",\"error\":\"11000\",\"by\":\"server\",\"request_bytes\":10,"
            + "\"response_bytes\":0,\"rows\":2,\"batch\":3,\"first_byte_us\":1,\"duration_us\":2,"
            + "\"queue_us\":0,\"upstream_us\":1,\"wait\":true,\"trace\":\"0af7\","
            + "\"attributes\":{\"no_index\":true,\"units\":1.5,\"code\":7,\"size\":8,\"site\":\"a\\\"b\"}}\n";

    private Exchange full() {
        Exchange e = new Exchange().of(connection, "mongodb", SinkBed.GET);
        e.startNanos = 1_000_000_000;
        e.shards = 3;
        e.user = "alice";
        e.app = "shop";
        e.namespace = "sales";
        e.target = "customers";
        e.summary = "find sales.customers";
        e.digest = "d1";
        e.statement = "{name: ?}";
        e.status = Exchange.Status.ERROR;
        e.error = "11000";
        e.requestBytes = 10;
        e.responseBytes = 0;
        e.rows = 2;
        e.batch = 3;
        e.firstByteNanos = 1_000;
        e.durationNanos = 2_999;
        e.queueNanos = 0;
        e.upstreamNanos = 1_500;
        e.longWait = true;
        e.trace = "0af7";
        e.attribute("no_index", true);
        e.attribute("units", 1.5);
        e.attribute("code", 7);
        e.attribute("size", 8L);
        e.attribute("site", "a\"b");
        return e;
    }

    @Test
    void whatWeirAnsweredHasNoUpstream() throws IOException {
        Exchange e = new Exchange().of(connection, "redis", SinkBed.GET);
        e.byWeir = true;
        Exchange silent = new Exchange().of(connection, "redis", SinkBed.GET);
        silent.status = Exchange.Status.NO_REPLY;

        assertThat(line(e)).contains("\"by\":\"weir\"").doesNotContain("upstream");
        assertThat(line(silent)).contains("\"status\":\"no_reply\"").doesNotContain("\"by\"");
    }

    @Test
    void readsSayWhetherTheyFoundSomething() throws IOException {
        Exchange miss = new Exchange().of(connection, "redis", SinkBed.GET);
        miss.hit = 0;
        Exchange hit = new Exchange().of(connection, "redis", SinkBed.GET);
        hit.hit = 1;
        hit.attribute("site", "a");

        assertThat(line(miss)).endsWith(",\"wait\":false,\"attributes\":{\"hit\":false}}\n");
        assertThat(line(hit)).endsWith(",\"wait\":false,\"attributes\":{\"hit\":true,\"site\":\"a\"}}\n");
    }

    @Test
    void textIsEscaped() throws IOException {
        Exchange e = new Exchange().of(connection, "redis", SinkBed.GET);
        e.target = "a\nb\u0000\"\\ü€😀";

        assertThat(line(e)).contains("\"target\":\"a\\nb\\u0000\\\"\\\\ü€😀\"");
    }
}
