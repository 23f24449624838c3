package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.config.ConfigException;
import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.exchange.Operation;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.testkit.RecordingExchanges;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Plain HTTP. */
class ObservationTest {
    private static final Operation USERS = new Operation("GET /users/{id}", 3, true);

    private final ObservationBed bed = new ObservationBed(Map.of());
    private final Observation observation = bed.observation;

    private static HttpRequest get(HttpVersion version) {
        return new DefaultHttpRequest(version, HttpMethod.GET, "/users/17?full=1");
    }

    private static HttpResponse answer(int status) {
        return new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
    }

    private void begin() {
        observation.begin(get(HttpVersion.HTTP_1_1), USERS, "/users/{id}", "api.example.com", 1_000_000);
    }

    private void request(int bytes) {
        ByteBuf lent = Unpooled.wrappedBuffer(new byte[bytes]);
        observation.requestData(lent);
        assertThat(lent.readableBytes()).isEqualTo(bytes);
    }

    private void response(int bytes) {
        ByteBuf lent = Unpooled.wrappedBuffer(new byte[bytes]);
        observation.responseData(lent);
        assertThat(lent.readableBytes()).isEqualTo(bytes);
    }

    private Exchange emitted(long nanos) {
        observation.emit(nanos);
        assertThat(bed.exchanges.taken()).isZero();
        return bed.exchanges.all().get(bed.exchanges.all().size() - 1);
    }

    private Exchange answered(int status) {
        begin();
        observation.requestEnd(1_001_000);
        observation.responseHead(answer(status), 1_002_000);
        observation.responseEnd(null, 1_003_000);
        return emitted(1_003_000);
    }

    @Test
    void tellsAllOfAnExchange() {
        HttpRequest head = get(HttpVersion.HTTP_1_1);
        head.headers()
                .add("user-agent", "curl/8.5.0")
                .add("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
                .add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        observation.begin(head, USERS, "/users/{id}", "api.example.com", 1_000_000);
        request(10);
        request(20);
        observation.requestEnd(1_500_000);
        observation.sent(1_600_000);
        observation.upstream("10.0.0.5:80", "app", "2");
        observation.responseHead(answer(200), 2_500_000);
        response(300);
        response(4);
        observation.responseEnd(null, 3_500_000);
        Exchange e = emitted(9_000_000);

        assertThat(e.protocol).isEqualTo("http");
        assertThat(e.operation()).isEqualTo(USERS);
        assertThat(e.startNanos).isEqualTo(1_000_000);
        assertThat(e.upstreamText()).isEqualTo("10.0.0.5:80");
        assertThat(e.clusterName()).isEqualTo("app");
        assertThat(e.labels).hasToString("[200, http, 1.1]");
        assertThat(e.longWait).isFalse();
        assertThat(RecordingExchanges.fields(e))
                .containsExactly(
                        Map.entry("status", "ok"),
                        Map.entry("user", "Aladdin"),
                        Map.entry("app", "curl"),
                        Map.entry("request_bytes", "30"),
                        Map.entry("response_bytes", "304"),
                        Map.entry("first_byte_us", "1000"),
                        Map.entry("duration_us", "2000"),
                        Map.entry("queue_us", "600"),
                        Map.entry("upstream_us", "1900"),
                        Map.entry("trace", "0af7651916cd43dd8448eb211c80319c"),
                        Map.entry("host", "api.example.com"),
                        Map.entry("http_status", "200"),
                        Map.entry("http_version", "1.1"),
                        Map.entry("upstream_http_version", "2"));
    }

    @Test
    void neverTellsAPassword() {
        HttpRequest head = get(HttpVersion.HTTP_1_1);
        head.headers().add("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        observation.begin(head, USERS, "/users/{id}", "h", 0);

        Exchange e = emitted(1);

        assertThat(RecordingExchanges.fields(e).toString())
                .doesNotContain("sesame")
                .doesNotContain("QWx");
    }

    @ParameterizedTest
    @CsvSource({
        "200, OK, ",
        "304, OK, ",
        "400, ERROR, 400",
        "404, ERROR, 404",
        "503, ERROR, 503",
        "599, ERROR, 599",
        "999, ERROR, _OTHER"
    })
    void statusAndErrorByCode(int code, Status status, String error) {
        Exchange e = answered(code);

        assertThat(e.status).isEqualTo(status);
        assertThat(e.error).isEqualTo(error);
        assertThat(e.byWeir).isFalse();
    }

    @Test
    void errorsAndLabelsAreTheSameInstances() {
        Exchange first = answered(404);
        Exchange second = answered(404);

        assertThat(first.error).isSameAs(second.error);
        assertThat(first.labels).isSameAs(second.labels);
    }

    @Test
    void versionsAndTls() {
        bed.connection.set(
                ConnectionAttribute.TLS,
                new TlsSession("TLSv1.3", "x", null, null, false, false, List.of(), null, null));
        for (HttpVersion version : new HttpVersion[] {HttpVersion.HTTP_1_0, HttpVersion.HTTP_1_1, Http.HTTP_2}) {
            observation.begin(get(version), USERS, "/users/{id}", "", 0);
            observation.responseHead(answer(204), 1);
            observation.responseEnd(null, 2);
            Exchange e = emitted(3);
            String text = version.equals(Http.HTTP_2) ? "2" : version.equals(HttpVersion.HTTP_1_0) ? "1.0" : "1.1";
            assertThat(e.labels).hasToString("[204, https, " + text + "]");
            assertThat(RecordingExchanges.fields(e))
                    .containsEntry("http_version", text)
                    .doesNotContainKey("host");
        }
    }

    @Test
    void anAnswerThatDoesNotWaitForTheRequestTookNoTime() {
        begin();
        observation.sent(1_000_500);
        observation.responseHead(answer(413), 1_001_000);
        observation.responseEnd(null, 1_002_000);
        observation.requestEnd(1_003_000);
        Exchange e = emitted(1_003_000);

        assertThat(e.firstByteNanos).isZero();
        assertThat(e.durationNanos).isZero();
        assertThat(e.upstreamNanos).isZero();
    }

    @Test
    void informationalAnswersCountForNothing() {
        begin();
        observation.requestEnd(1_000_000);
        observation.responseHead(answer(100), 1_010_000);
        observation.responseHead(answer(103), 1_020_000);
        observation.responseHead(answer(200), 1_100_000);
        observation.responseEnd(null, 1_200_000);
        Exchange e = emitted(1_200_000);

        assertThat(e.firstByteNanos).isEqualTo(100_000);
        assertThat(RecordingExchanges.fields(e)).containsEntry("http_status", "200");
    }

    @Test
    void theLastAttemptCounts() {
        begin();
        observation.requestEnd(1_001_000);
        observation.sent(1_002_000);
        observation.sent(1_500_000);
        observation.retried(2);
        observation.upstream("10.0.0.6:80", "app", "1.1");
        observation.responseHead(answer(200), 1_600_000);
        observation.responseEnd(null, 1_700_000);
        Exchange e = emitted(1_700_000);

        assertThat(e.queueNanos).isEqualTo(2_000);
        assertThat(e.upstreamNanos).isEqualTo(200_000);
        assertThat(e.durationNanos).isEqualTo(699_000);
        assertThat(RecordingExchanges.fields(e)).containsEntry("attempts", "2");
    }

    @Test
    void whatWeirAnswersIsByWeir() {
        begin();
        observation.requestEnd(1_001_000);
        observation.upstream("10.0.0.6:80", "app", "1.1");
        observation.byWeir(504, "upstream_timeout");
        Exchange failed = emitted(2_001_000);

        begin();
        observation.requestEnd(1_001_000);
        observation.byWeir(301, null);
        Exchange redirected = emitted(1_002_000);

        assertThat(failed.byWeir).isTrue();
        assertThat(failed.status).isEqualTo(Status.ERROR);
        assertThat(failed.error).isEqualTo("upstream_timeout");
        assertThat(failed.upstreamText()).isNull();
        assertThat(failed.clusterName()).isEqualTo("app");
        assertThat(failed.durationNanos).isEqualTo(1_000_000);
        assertThat(failed.labels).hasToString("[504, http, 1.1]");
        assertThat(redirected.byWeir).isTrue();
        assertThat(redirected.status).isEqualTo(Status.OK);
        assertThat(redirected.error).isNull();
    }

    @Test
    void anAnswerThatBreaksOffIsAnError() {
        begin();
        observation.requestEnd(1_001_000);
        observation.sent(1_001_000);
        observation.responseHead(answer(200), 1_002_000);
        response(5);
        observation.failed("upstream_reset", false);
        Exchange e = emitted(1_101_000);

        assertThat(e.status).isEqualTo(Status.ERROR);
        assertThat(e.error).isEqualTo("upstream_reset");
        assertThat(e.durationNanos).isEqualTo(100_000);
        assertThat(e.responseBytes).isEqualTo(5);
        assertThat(RecordingExchanges.fields(e)).containsEntry("http_status", "200");
    }

    @Test
    void whoLeavesGetsNoReply() {
        begin();
        observation.failed("client_reset", true);
        Exchange e = emitted(1_101_000);

        assertThat(e.status).isEqualTo(Status.NO_REPLY);
        assertThat(e.error).isEqualTo("client_reset");
        assertThat(e.durationNanos).isEqualTo(-1);
        assertThat(e.firstByteNanos).isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/event-stream", "Text/Event-Stream; charset=utf-8"})
    void streamsOfEventsWait(String type) {
        begin();
        HttpResponse head = answer(200);
        head.headers().set("content-type", type);
        observation.responseHead(head, 1_002_000);

        assertThat(emitted(1_003_000).longWait).isTrue();
    }

    @Test
    void tunnelsWait() {
        assertThat(answered(101).longWait).isTrue();
        observation.begin(
                new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.CONNECT, "db:5432"), USERS, "", "db", 0);
        observation.responseHead(answer(200), 1);
        assertThat(emitted(2).longWait).isTrue();
        assertThat(answered(200).longWait).isFalse();
    }

    @Test
    void isToldOnce() {
        answered(200);

        observation.emit(5_000_000);

        assertThat(bed.exchanges.all()).hasSize(1);
    }

    @Test
    void longHostsAreLeftOut() {
        observation.begin(get(HttpVersion.HTTP_1_1), USERS, "/users/{id}", "h".repeat(256), 0);

        assertThat(RecordingExchanges.fields(emitted(1))).doesNotContainKey("host");
    }

    @Test
    void settingsThatAreWrongAreReported() {
        assertThatThrownBy(() -> new ObservationBed(Map.of(
                        "dynamodb",
                        Map.of("body_limt", "1KiB"),
                        "grpc",
                        Map.of("max_methods", 0),
                        "clickhouse",
                        "yes")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("body_limt")
                .hasMessageContaining("max_methods")
                .hasMessageContaining("clickhouse");
    }

    @Test
    void theOperationIsKnownFromTheHead() {
        ObservationBed dynamo = new ObservationBed(Map.of("dynamodb", true));
        HttpRequest head = get(HttpVersion.HTTP_1_1);
        dynamo.observation.begin(head, USERS, "/users/{id}", "h", 0);
        assertThat(dynamo.observation.operation()).isEqualTo(USERS);
        head.headers().set("x-amz-target", "DynamoDB_20120810.GetItem");
        dynamo.observation.begin(head, USERS, "/users/{id}", "h", 0);
        assertThat(dynamo.observation.operation().name()).isEqualTo("GetItem");
    }

    @Test
    void protocolsAreLookedForWhereTheyAreSwitchedOnOnly() {
        ObservationBed off = new ObservationBed(Map.of("dynamodb", false, "grpc", false));

        Exchange e = off.play(Conversation.load("/dynamodb/local/query.http"), 1 << 20);

        assertThat(e.protocol).isEqualTo("http");
        assertThat(e.operation()).isEqualTo(ObservationBed.ROUTE);
        assertThat(e.rows).isEqualTo(-1);
    }
}
