package dev.weir.http;

import static dev.weir.http.RawHttp2.ACK;
import static dev.weir.http.RawHttp2.DATA;
import static dev.weir.http.RawHttp2.END_HEADERS;
import static dev.weir.http.RawHttp2.END_STREAM;
import static dev.weir.http.RawHttp2.GOAWAY;
import static dev.weir.http.RawHttp2.HEADERS;
import static dev.weir.http.RawHttp2.PING;
import static dev.weir.http.RawHttp2.PROTOCOL_ERROR;
import static dev.weir.http.RawHttp2.REFUSED_STREAM;
import static dev.weir.http.RawHttp2.RST_STREAM;
import static dev.weir.http.RawHttp2.SETTINGS;
import static dev.weir.http.RawHttp2.WINDOW_UPDATE;
import static dev.weir.http.RawHttp2.number;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.http.ProtocolErrors.Reason;
import dev.weir.http.RawHttp2.Frame;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client's side of HTTP/2, frame by frame. */
@Timeout(60)
class Http2ClientTest {
    private static final int CANCEL = 8;

    private Http2Bed bed = new Http2Bed(Map.of());

    @BeforeEach
    void forget() {
        TestAnswers.CANCELLED.clear();
        TestAnswers.HELD.set(0);
    }

    @AfterEach
    void close() {
        bed.close();
    }

    private void restart(Map<String, ?> settings) {
        bed.close();
        bed = new Http2Bed(settings);
    }

    private static String body(List<Frame> frames, int stream) {
        StringBuilder text = new StringBuilder();
        for (Frame frame : frames) {
            if (frame.type() == DATA && frame.stream() == stream) {
                text.append(frame.text());
            }
        }
        return text.toString();
    }

    @Test
    void makesARequestOfAHead() throws IOException {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/head?a=b", "cookie", "a=1", "x-one", "1", "cookie", "b=2", "te", "trailers", "x-one", "2")
                    .flush();

            assertThat(body(client.until(1), 1)).isEqualTo("""
                            GET /head?a=b HTTP/2.0
                            host: test.example
                            x-one: 1
                            te: trailers
                            x-one: 2
                            cookie: a=1; b=2
                            """);
        }
    }

    @Test
    void takesTheHostWhereThereIsNoAuthority() throws IOException {
        try (RawHttp2 client = bed.connect()) {
            byte[] head = client.block(":method", "GET", ":scheme", "https", ":path", "/head", "host", "h.example:81");
            client.frame(HEADERS, END_HEADERS | END_STREAM, 1, head).flush();

            assertThat(body(client.until(1), 1)).isEqualTo("""
                            GET /head HTTP/2.0
                            host: h.example:81
                            """);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ":method GET :scheme http :path /", // no authority
                ":method GET :scheme http :path / host a host b",
                ":method GET :scheme http :authority a :path / host b",
                ":method GET :scheme http :authority u@a :path /",
                ":method GET :scheme http :authority a,b :path /",
                ":method GET :scheme http :authority a",
                ":method GET :scheme http :authority a :path path",
                ":method GET :scheme http :authority a :path *",
                ":method GET :scheme http :authority a :path /#f",
                ":method GET :scheme http :authority a :path /\tx",
                ":method GET :scheme http :authority a :path /\r\nx:y",
                ":method GET :scheme ftp :authority a :path /",
                ":method GET :authority a :path /",
                ":scheme http :authority a :path /",
                ":method G(T :scheme http :authority a :path /",
                ":method GET :method GET :scheme http :authority a :path /",
                ":method GET :scheme http :authority a :path / :path /b",
                ":method GET :scheme http x y :authority a :path /",
                ":method GET :scheme http :authority a :path / :status 200",
                ":method GET :scheme http :authority a :path / :other 1",
                ":method GET :scheme http :authority a :path / Upper x",
                ":method GET :scheme http :authority a :path / na(me x",
                ":method GET :scheme http :authority a :path / name\t x",
                ":method GET :scheme http :authority a :path / x a\nb",
                ":method GET :scheme http :authority a :path / x a\u0000b",
                ":method GET :scheme http :authority a :path / connection close",
                ":method GET :scheme http :authority a :path / keep-alive 1",
                ":method GET :scheme http :authority a :path / proxy-connection 1",
                ":method GET :scheme http :authority a :path / upgrade h2c",
                ":method GET :scheme http :authority a :path / transfer-encoding chunked",
                ":method GET :scheme http :authority a :path / te gzip",
                ":method GET :scheme http :authority a :path / content-length -1",
                ":method GET :scheme http :authority a :path / content-length 1,2",
                ":method GET :scheme http :authority a :path / content-length 1 content-length 2",
                ":method CONNECT :scheme http :authority a :path /",
                ":method CONNECT",
                ":method GET :scheme http :authority a :path / :protocol websocket",
                ":method CONNECT :authority a :protocol websocket",
            })
    void resetsHeadsThatAreMalformed(String fields) throws IOException {
        try (RawHttp2 client = bed.connect()) {
            client.frame(HEADERS, END_HEADERS, 1, client.block(fields.split(" ", -1)));
            client.frame(DATA, END_STREAM, 1, new byte[3]).get(3, "/").flush();

            List<Frame> answer = client.until(3);
            assertThat(answer)
                    .anyMatch(f -> f.type() == RST_STREAM && f.stream() == 1 && f.code() == PROTOCOL_ERROR)
                    .noneMatch(f -> f.type() == GOAWAY || f.type() == HEADERS && f.stream() == 1);
            assertThat(body(answer, 3)).isEqualTo("hello");
            assertThat(bed.errors(Reason.MALFORMED)).isEqualTo(1);
        }
    }

    @Test
    void knowsExtendedConnect() throws IOException {
        try (RawHttp2 client = bed.connect()) {
            Frame settings = client.await(SETTINGS);
            byte[] head = client.block(
                    ":method",
                    "CONNECT",
                    ":protocol",
                    "websocket",
                    ":scheme",
                    "http",
                    ":authority",
                    "a",
                    ":path",
                    "/echo");
            client.frame(HEADERS, END_HEADERS, 1, head)
                    .frame(DATA, END_STREAM, 1, (byte) 'w')
                    .flush();

            assertThat(settings).isNotNull();
            assertThat(settings.payload()).containsSequence(0, 8, 0, 0, 0, 1);
            assertThat(body(client.until(1), 1)).isEqualTo("w");
        }
    }

    @Test
    void sendsHintsTrailersAndEmptyAnswers() throws IOException {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/hints").get(3, "/trailers").get(5, "/empty").flush();

            List<Frame> answers = client.until(5);
            answers.addAll(client.until(3));
            assertThat(answers.stream().filter(f -> f.stream() == 1 && f.type() == HEADERS))
                    .hasSize(2);
            assertThat(answers.stream().filter(f -> f.stream() == 3 && f.type() == HEADERS))
                    .hasSize(2)
                    .last()
                    .matches(f -> f.ends()
                            && f.text().contains("grpc-status")
                            && !f.text().contains("connection"));
            assertThat(answers.stream().filter(f -> f.stream() == 5))
                    .singleElement()
                    .matches(Frame::ends);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"REFUSED 7", "UPSTREAM_RESET 2", "IDLE_TIMEOUT 8", "CLIENT_PROTOCOL 1"})
    void resetsWithACodeThatSaysWhy(String row) throws IOException {
        String[] why = row.split(" ", -1);
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/reset?why=" + why[0]).flush();

            Frame reset = client.await(RST_STREAM);
            assertThat(reset).isNotNull();
            assertThat(reset.code()).isEqualTo(Integer.parseInt(why[1]));
        }
    }

    @Test
    void resetsAnswersThatAreNotComplete() throws IOException {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/half").flush();

            List<Frame> answer = client.until(1);
            assertThat(body(answer, 1)).isEqualTo("half");
            assertThat(answer).last().matches(f -> f.type() == RST_STREAM && f.code() != REFUSED_STREAM);
        }
    }

    @Test
    void stopsClientsThatHaveTheirAnswer() throws IOException {
        try (RawHttp2 client = bed.connect()) {
            client.post(1, "/enough").flush();
            Frame reset = client.await(RST_STREAM);
            client.frame(DATA, END_STREAM, 1, new byte[100]).get(3, "/").flush();

            assertThat(reset).isNotNull();
            assertThat(reset.code()).isZero();
            assertThat(body(client.until(3), 3)).isEqualTo("hello");
        }
    }

    @Test
    void tellsRequestsThatTheClientHasGone() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/never")
                    .get(3, "/never")
                    .frame(RST_STREAM, 0, 1, number(CANCEL))
                    .flush();

            assertThat(Http2Bed.eventually(() -> TestAnswers.CANCELLED.contains("/never client_reset")))
                    .isTrue();
        }
        assertThat(Http2Bed.eventually(() -> TestAnswers.CANCELLED.size() == 2)).isTrue();
    }

    @Test
    void tellsRequestsOnceThatTheClientBrokeTheProtocol() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/never")
                    .frame(0x0f0, 0, 0)
                    .frame(PING, 0, 1, new byte[8])
                    .flush();

            assertThat(client.goAway()).isEqualTo(PROTOCOL_ERROR);
            assertThat(Http2Bed.eventually(() -> !TestAnswers.CANCELLED.isEmpty()))
                    .isTrue();
            assertThat(TestAnswers.CANCELLED).containsExactly("/never client_protocol");
        }
    }

    @Test
    void opensWindowsOnlyForWhatHasGoneOn() throws Exception {
        restart(Map.of("window", 20_000));
        try (RawHttp2 client = bed.connect()) {
            client.await(SETTINGS);
            client.frame(SETTINGS, ACK, 0).post(1, "/hold").frame(DATA, 0, 1, new byte[10_000]);
            client.frame(DATA, 0, 1, new byte[10_000])
                    .frame(PING, 0, 0, new byte[8])
                    .flush();

            Frame ping = client.await(PING);
            assertThat(ping).isNotNull();
            assertThat(TestAnswers.HELD).hasValue(20_000);
            client.frame(RST_STREAM, 0, 1, number(CANCEL)).get(3, "/").flush();
            assertThat(client.until(3)).noneMatch(f -> f.type() == WINDOW_UPDATE && f.stream() == 1);
        }
    }

    /** What a client does not take is not made. */
    @Test
    void waitsForClientsThatOpenNoWindow() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/big?n=1000000").get(3, "/").flush();

            long bytes = 0;
            while (bytes < 65_535) {
                Frame frame = client.await(DATA);
                assertThat(frame).isNotNull();
                bytes += frame.payload().length;
            }
            assertThat(bytes).isEqualTo(65_535);
            bytes -= 5; // hello
            client.frame(WINDOW_UPDATE, 0, 0, number(2_000_000))
                    .frame(WINDOW_UPDATE, 0, 1, number(2_000_000))
                    .flush();
            while (bytes < 1_000_000) {
                Frame frame = client.await(DATA);
                assertThat(frame).isNotNull();
                bytes += frame.payload().length;
            }
            assertThat(bytes).isEqualTo(1_000_000);
        }
    }

    @Test
    void takesLeaveInGoodOrder() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/big?n=100000").flush();
            client.await(HEADERS);
            bed.proxy.drain();

            Frame first = client.await(GOAWAY);
            assertThat(first).isNotNull();
            assertThat(first.code()).isZero();
            assertThat(first.lastStream()).isEqualTo(Integer.MAX_VALUE);
            client.get(3, "/").flush(); // sent before the client has seen it
            Frame second = client.await(GOAWAY); // the ping is answered meanwhile
            assertThat(second).isNotNull();
            assertThat(second.lastStream()).isEqualTo(3);
            client.get(5, "/").frame(WINDOW_UPDATE, 0, 0, number(200_000));
            client.frame(WINDOW_UPDATE, 0, 1, number(200_000)).flush();
            assertThat(client.until(1)).last().matches(f -> f.type() == DATA);
            client.goAway(); // until the end
        }
        assertThat(Http2Bed.eventually(() -> bed.closed("drained") == 1)).isTrue();
    }

    @Test
    void endsAfterSoManyRequests() throws Exception {
        restart(Map.of("requests_per_connection", 2));
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/").get(3, "/").flush();

            List<Frame> answers = client.until(3);
            assertThat(body(answers, 3)).isEqualTo("hello");
            assertThat(answers).anyMatch(f -> f.type() == GOAWAY && f.lastStream() == Integer.MAX_VALUE);
            assertThat(client.goAway()).isZero();
        }
        assertThat(Http2Bed.eventually(() -> bed.closed("complete") == 1))
                .as(bed.reasons())
                .isTrue();
    }

    @Test
    void endsWhenThereIsNoRequestForTooLong() throws Exception {
        restart(Map.of("idle_millis", 100));
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/").flush();
            client.until(1);

            assertThat(client.await(GOAWAY)).isNotNull();
            assertThat(client.await(GOAWAY)).isNotNull();
            assertThat(client.read()).isNull();
        }
        assertThat(Http2Bed.eventually(() -> bed.closed("idle_timeout") == 1)).isTrue();
    }

    @Test
    void answersWhoHasEndedItsOutput() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/").post(3, "/never").flush();
            client.endOutput();

            assertThat(body(client.until(1), 1)).isEqualTo("hello");
            client.goAway(); // until the end
        }
        assertThat(Http2Bed.eventually(() -> bed.closed("client_closed") == 1)).isTrue();
        assertThat(TestAnswers.CANCELLED).contains("/never client_closed");
    }

    @Test
    void endsItsConnectionIfAHandlerFails() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/throw").flush();

            assertThat(client.goAway()).isEqualTo(2); // INTERNAL_ERROR
        }
        assertThat(Http2Bed.eventually(() -> bed.closed("internal_error") == 1)).isTrue();
    }

    /** No timer that was set while all was closed holds it until its hour has come. */
    @Test
    void keepsNothingOfConnectionsThatAreGone() throws Exception {
        restart(Map.of("idle_millis", 3_600_000));
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/never").frame(PING, 0, 0, new byte[8]).flush();
            client.await(PING);
            assertThat(Http2TestTerminal.last.get()).isNotNull();
        }

        assertThat(Http2Bed.eventually(() -> {
                    System.gc();
                    return Http2TestTerminal.last.get() == null;
                }))
                .isTrue();
        assertThat(TestAnswers.CANCELLED).contains("/never client_closed");
    }
}
