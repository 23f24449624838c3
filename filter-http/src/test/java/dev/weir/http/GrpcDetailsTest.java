package dev.weir.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchange.Status;
import dev.weir.core.testkit.RecordingExchanges;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrpcDetailsTest {
    private static final String PATH = "/helloworld.Greeter/SayHello";

    private final ObservationBed bed = new ObservationBed(Map.of("grpc", true));

    private static HttpRequest request(String path) {
        HttpRequest head = new DefaultHttpRequest(Http.HTTP_2, HttpMethod.POST, path);
        head.headers().set("content-type", "application/grpc").set("te", "trailers");
        return head;
    }

    private static HttpResponse response(String type) {
        HttpResponse head = new DefaultHttpResponse(Http.HTTP_2, HttpResponseStatus.OK);
        head.headers().set("content-type", type);
        return head;
    }

    private static HttpHeaders status(String code) {
        return new DefaultHttpHeaders().set("grpc-status", code);
    }

    private static ByteBuf messages(int... sizes) {
        ByteBuf all = Unpooled.buffer();
        for (int size : sizes) {
            all.writeByte(0).writeInt(size).writeZero(size);
        }
        return all;
    }

    private Exchange call(HttpRequest head, ByteBuf asked, ByteBuf answered, HttpHeaders trailers, int piece) {
        bed.exchanges.clear();
        bed.observation.begin(head, ObservationBed.ROUTE, head.uri(), "", 0);
        while (asked.isReadable()) {
            bed.observation.requestData(asked.readSlice(Math.min(piece, asked.readableBytes())));
        }
        bed.observation.requestEnd(1);
        bed.observation.responseHead(response("application/grpc"), 2);
        while (answered.isReadable()) {
            bed.observation.responseData(answered.readSlice(Math.min(piece, answered.readableBytes())));
        }
        bed.observation.responseEnd(trailers, 3);
        return bed.emitted();
    }

    private Exchange unary(String path, String code) {
        return call(request(path), messages(3), messages(5), status(code), 100);
    }

    @Test
    void tellsAUnaryCall() {
        HttpRequest head = request(PATH);
        head.headers().set("grpc-timeout", "250m");

        Exchange e = call(head, messages(3), messages(5), status("0"), 100);

        assertThat(e.protocol).isEqualTo("grpc");
        assertThat(e.operation().name()).isEqualTo("helloworld.Greeter/SayHello");
        assertThat(e.status).isEqualTo(Status.OK);
        assertThat(e.error).isNull();
        assertThat(e.longWait).isFalse();
        assertThat(e.labels).hasToString("[OK]");
        assertThat(RecordingExchanges.fields(e))
                .containsEntry("grpc_status", "OK")
                .containsEntry("http_status", "200")
                .containsEntry("http_version", "2")
                .containsEntry("request_messages", "1")
                .containsEntry("response_messages", "1")
                .containsEntry("timeout_ms", "250");
    }

    @ParameterizedTest
    @CsvSource({
        "1, CANCELLED",
        "5, NOT_FOUND",
        "14, UNAVAILABLE",
        "16, UNAUTHENTICATED",
        "17, UNKNOWN",
        "x, UNKNOWN",
        "'', UNKNOWN",
        "100000000000, UNKNOWN"
    })
    void theStatusIsTheError(String code, String name) {
        Exchange e = unary(PATH, code);

        assertThat(e.status).isEqualTo(Status.ERROR);
        assertThat(e.error).isEqualTo(name);
        assertThat(e.labels).hasToString("[" + name + "]");
    }

    @Test
    void aHeadMayBeAllThereIs() {
        bed.observation.begin(request(PATH), ObservationBed.ROUTE, PATH, "", 0);
        HttpResponse head = response("application/grpc");
        head.headers().set("grpc-status", "7").set("grpc-message", "no");
        bed.observation.responseHead(head, 1);
        bed.observation.responseEnd(null, 2);

        Exchange e = bed.emitted();

        assertThat(e.error).isEqualTo("PERMISSION_DENIED");
        assertThat(RecordingExchanges.fields(e).toString())
                .doesNotContain("no}")
                .doesNotContain("grpc-message");
    }

    @Test
    void countsMessagesInAnyPieces() {
        int[] sizes = {0, 1, 300, 0, 70_000, 2};
        for (int piece : new int[] {1, 2, 4, 5, 6, 7, 299, 65_536, 1 << 20}) {
            Exchange e = call(request(PATH), messages(7), messages(sizes), status("0"), piece);

            assertThat(RecordingExchanges.fields(e))
                    .containsEntry("request_messages", "1")
                    .containsEntry("response_messages", "6");
            assertThat(e.longWait).isTrue();
        }
    }

    @Test
    void garbageIsCountedSomehow() {
        Random random = new Random(5);
        for (int i = 0; i < 2_000; i++) {
            byte[] bytes = new byte[random.nextInt(400)];
            random.nextBytes(bytes);
            Exchange e = call(
                    request(PATH),
                    Unpooled.wrappedBuffer(bytes),
                    Unpooled.wrappedBuffer(bytes.clone()),
                    status("0"),
                    11);
            assertThat(e.status).isEqualTo(Status.OK);
        }
    }

    @Test
    void readsTrailersOfWebClients() {
        HttpRequest head = request(PATH);
        head.headers().set("content-type", "application/grpc-web+proto");
        byte[] trailers = "grpc-message: bad\r\ngrpc-status: 3\r\n".getBytes(StandardCharsets.US_ASCII);
        for (int piece = 1; piece < 60; piece++) {
            ByteBuf body = messages(4).writeByte(0x80).writeInt(trailers.length).writeBytes(trailers);
            Exchange e = call(head, messages(1), body, new DefaultHttpHeaders(), piece);
            assertThat(e.error).isEqualTo("INVALID_ARGUMENT");
            assertThat(RecordingExchanges.fields(e)).containsEntry("response_messages", "1");
        }
    }

    @ParameterizedTest
    @CsvSource({"1H, 3600000", "2M, 120000", "3S, 3000", "99999999m, 99999999", "1500u, 1", "1n, 0"})
    void readsTimeouts(String header, String millis) {
        HttpRequest head = request(PATH);
        head.headers().set("grpc-timeout", header);

        assertThat(RecordingExchanges.fields(call(head, messages(1), messages(1), status("0"), 9)))
                .containsEntry("timeout_ms", millis);
    }

    @ParameterizedTest
    @CsvSource({"''", "m", "100", "-1m", "123456789m", "1x", "1.5S"})
    void timeoutsThatAreNone(String header) {
        HttpRequest head = request(PATH);
        head.headers().set("grpc-timeout", header);

        assertThat(RecordingExchanges.fields(call(head, messages(1), messages(1), status("0"), 9)))
                .doesNotContainKey("timeout_ms");
    }

    @Test
    void onlyWhatAServerKnowsHasAName() {
        assertThat(unary("/made.Up/Method", "12").operation().name()).isEqualTo("_OTHER");
        assertThat(unary("/made.Up/Method", "16").operation().name()).isEqualTo("_OTHER");
        assertThat(unary("/real.One/Method", "0").operation().name()).isEqualTo("real.One/Method");
        assertThat(unary("/real.One/Method", "12").operation().name()).isEqualTo("real.One/Method");
        assertThat(unary("/no\"method/x", "0").operation().name()).isEqualTo("_OTHER");
        assertThat(unary("/a", "0").operation().name()).isEqualTo("_OTHER");
        assertThat(unary("/" + "a".repeat(300) + "/b", "0").operation().name()).isEqualTo("_OTHER");
    }

    @Test
    void namesAreBounded() {
        ObservationBed few = new ObservationBed(Map.of("grpc", Map.of("max_methods", 3)));
        GrpcMethods methods = few.settings.grpc;
        assertThat(methods).isNotNull();
        for (int i = 0; i < 100; i++) {
            String name = methods.admit("/s.S/m" + i).name();
            assertThat(name).isEqualTo(i < 3 ? "s.S/m" + i : "_OTHER");
        }
        assertThat(methods.admit("/s.S/m1")).isSameAs(methods.find("/s.S/m1"));
    }

    @Test
    void anAnswerWithoutAStatusIsAnError() {
        Exchange e = call(request(PATH), messages(1), messages(1), new DefaultHttpHeaders(), 9);

        assertThat(e.status).isEqualTo(Status.ERROR);
        assertThat(e.error).isEqualTo("UNKNOWN");
    }

    @Test
    void anErrorOfHttpStaysOne() {
        bed.observation.begin(request(PATH), ObservationBed.ROUTE, PATH, "", 0);
        HttpResponse head = new DefaultHttpResponse(Http.HTTP_2, HttpResponseStatus.BAD_GATEWAY);
        head.headers().set("content-type", "text/html");
        bed.observation.responseHead(head, 1);
        bed.observation.responseData(Unpooled.wrappedBuffer(new byte[100]));
        bed.observation.responseEnd(null, 2);

        Exchange e = bed.emitted();

        assertThat(e.error).isEqualTo("502");
        assertThat(e.operation().name()).isEqualTo("_OTHER");
        assertThat(e.labels).hasToString("[]");
    }

    @Test
    void whatWeirAnswersKeepsItsReason() {
        unary(PATH, "0");
        bed.exchanges.clear();
        bed.observation.begin(request(PATH), ObservationBed.ROUTE, PATH, "", 0);
        bed.observation.byWeir(503, "no_endpoint");

        Exchange e = bed.emitted();

        assertThat(e.error).isEqualTo("no_endpoint");
        assertThat(e.operation().name()).isEqualTo("helloworld.Greeter/SayHello");
    }
}
