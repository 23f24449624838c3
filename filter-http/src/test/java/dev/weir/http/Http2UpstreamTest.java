package dev.weir.http;

import static dev.weir.http.RawHttp2.DATA;
import static dev.weir.http.RawHttp2.END_HEADERS;
import static dev.weir.http.RawHttp2.END_STREAM;
import static dev.weir.http.RawHttp2.GOAWAY;
import static dev.weir.http.RawHttp2.HEADERS;
import static dev.weir.http.RawHttp2.PING;
import static dev.weir.http.RawHttp2.RST_STREAM;
import static dev.weir.http.RawHttp2.SETTINGS;
import static dev.weir.http.RawHttp2.WINDOW_UPDATE;
import static dev.weir.http.RawHttp2.number;
import static dev.weir.http.RawHttp2.setting;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.http.RawHttp2.Frame;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The upstream's side of HTTP/2: a server whose frames are written by hand, behind a relay that speaks HTTP/2 with its client too. */
@Timeout(60)
class Http2UpstreamTest {
    private static final int CANCEL = 8;
    private static final int PUSH_PROMISE = 5;
    private static final int MAX_STREAMS = 3;
    private static final int INITIAL_WINDOW = 4;

    private ServerSocket server;
    private Http2Bed bed;
    private RawHttp2 client;

    @BeforeEach
    void start() throws IOException {
        TestRelay.EVENTS.clear();
        server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        server.setSoTimeout(20_000);
        bed = new Http2Bed(Map.of(), "127.0.0.1:" + server.getLocalPort());
        client = bed.connect();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        bed.close();
        server.close();
    }

    private void restart(Map<String, ?> settings) throws IOException {
        client.close();
        bed.close();
        bed = new Http2Bed(settings, "127.0.0.1:" + server.getLocalPort());
        client = bed.connect();
    }

    private static void answer(RawHttp2 upstream, int stream, String text) {
        upstream.frame(HEADERS, END_HEADERS, stream, upstream.block(":status", "200"))
                .frame(DATA, END_STREAM, stream, text.getBytes(java.nio.charset.StandardCharsets.US_ASCII))
                .flush();
    }

    private boolean happens(String event) throws InterruptedException {
        return Http2Bed.eventually(() -> TestRelay.EVENTS.contains(event));
    }

    @Test
    void sendsTheHeadOfARequest() throws Exception {
        client.get(1, "/a?b", "x-one", "1", "cookie", "a=1", "te", "trailers").flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            Frame settings = upstream.await(SETTINGS);
            Frame head = upstream.await(HEADERS);
            assertThat(settings.payload()).containsSequence(0, 2, 0, 0, 0, 0); // no push
            assertThat(head.ends()).isTrue();
            assertThat(upstream.fields(head)).isEqualTo("""
                            :method=GET
                            :scheme=http
                            :path=/a?b
                            :authority=test.example
                            x-one=1
                            te=trailers
                            cookie=a=1
                            """);
            answer(upstream, 1, "answer");
            assertThat(client.until(1)).last().extracting(Frame::text).isEqualTo("answer");
        }
    }

    @Test
    void passesHintsAndTrailers() throws Exception {
        client.post(1, "/").frame(DATA, 0, 1, new byte[10]);
        client.frame(HEADERS, END_HEADERS | END_STREAM, 1, client.block("x-sum", "10"))
                .flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            Frame head = upstream.await(HEADERS);
            Frame data = upstream.await(DATA);
            Frame trailers = upstream.await(HEADERS);
            assertThat(upstream.fields(head)).contains(":method=POST");
            assertThat(data.payload()).hasSize(10);
            assertThat(upstream.fields(trailers)).isEqualTo("x-sum=10\n");
            upstream.frame(HEADERS, END_HEADERS, 1, upstream.block(":status", "103", "link", "a"))
                    .frame(HEADERS, END_HEADERS, 1, upstream.block(":status", "200"))
                    .frame(HEADERS, END_HEADERS | END_STREAM, 1, upstream.block("grpc-status", "5"))
                    .flush();
            List<Frame> answer = client.until(1);
            assertThat(answer.stream().filter(f -> f.type() == HEADERS))
                    .hasSize(3)
                    .last()
                    .matches(Frame::ends);
        }
    }

    @Test
    void knowsWhatWasNotProcessedWhenTheUpstreamGoesAway() throws Exception {
        client.get(1, "/").get(3, "/").flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            upstream.await(HEADERS);
            upstream.frame(GOAWAY, 0, 0, new byte[] {0, 0, 0, 1, 0, 0, 0, 0}).flush();

            assertThat(happens("failed refused")).isTrue();
            assertThat(happens("gone refused")).isTrue();
            answer(upstream, 1, "still");
            assertThat(client.until(1))
                    .anyMatch(f -> f.stream() == 1 && f.text().equals("still"));
            client.get(5, "/").flush();
            try (RawHttp2 second = RawHttp2.accept(server)) {
                second.await(HEADERS);
                answer(second, 1, "second");
                assertThat(client.until(5)).last().extracting(Frame::text).isEqualTo("second");
            }
            upstream.goAway(); // until the end: nothing is under way on it
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"7 refused", "8 upstream_reset", "2 upstream_reset", "0 upstream_reset"})
    void knowsWhyAStreamWasReset(String row) throws Exception {
        String[] why = row.split(" ", -1);
        client.get(1, "/").flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            upstream.frame(RST_STREAM, 0, 1, number(Integer.parseInt(why[0]))).flush();

            assertThat(happens("failed " + why[1])).isTrue();
            client.get(3, "/").flush(); // the connection is as good as before
            upstream.await(HEADERS);
            answer(upstream, 3, "next");
            assertThat(client.until(3)).last().extracting(Frame::text).isEqualTo("next");
        }
    }

    @Test
    void resetsAnswersThatWereResetInTheMiddle() throws Exception {
        client.get(1, "/").flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            upstream.frame(HEADERS, END_HEADERS, 1, upstream.block(":status", "200"))
                    .frame(DATA, 0, 1, (byte) 'x')
                    .frame(RST_STREAM, 0, 1, number(7))
                    .flush();

            assertThat(client.until(1)).last().matches(f -> f.type() == RST_STREAM);
        }
    }

    @Test
    void takesAnswersThatCameBeforeTheRequestWasAllSent() throws Exception {
        client.post(1, "/").frame(DATA, 0, 1, new byte[10]).flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            upstream.frame(HEADERS, END_HEADERS, 1, upstream.block(":status", "413"))
                    .frame(DATA, END_STREAM, 1, (byte) 'x')
                    .frame(RST_STREAM, 0, 1, number(0))
                    .flush();

            assertThat(client.until(1)).last().extracting(Frame::text).isEqualTo("x");
            for (int i = 0; i < 5; i++) {
                for (int k = 0; k < 4; k++) {
                    client.frame(DATA, 0, 1, new byte[10_000]);
                }
                client.flush();
                assertThat(client.await(WINDOW_UPDATE)).isNotNull(); // taken, and dropped
            }
            assertThat(TestRelay.EVENTS).noneMatch(event -> event.startsWith("failed"));
        }
    }

    @Test
    void cancelsWhatTheClientCancels() throws Exception {
        client.get(1, "/").flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            client.frame(RST_STREAM, 0, 1, number(CANCEL)).flush();

            Frame reset = upstream.await(RST_STREAM);
            assertThat(reset.stream()).isEqualTo(1);
            assertThat(reset.code()).isEqualTo(CANCEL);
        }
    }

    @Test
    void knowsConnectionsThatWereClosedBeforeTheRequestCouldBeSeen() throws Exception {
        client.get(1, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            answer(upstream, 1, "first");
            client.until(1);
            client.get(3, "/").flush();
            upstream.await(HEADERS);
        }

        assertThat(happens("failed stale")).isTrue();
        assertThat(happens("gone upstream_reset")).isTrue();
    }

    /** Nor was the second one begun on a connection that had been kept. */
    @Test
    void knowsThatANewConnectionWasNotClosedBefore() throws Exception {
        client.get(1, "/").get(3, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            upstream.await(HEADERS);
        }

        assertThat(happens("gone upstream_reset")).isTrue();
        assertThat(Http2Bed.eventually(() -> TestRelay.EVENTS.size() == 4)).isTrue();
        assertThat(TestRelay.EVENTS)
                .containsExactlyInAnyOrder(
                        "ready", "gone upstream_reset", "failed upstream_reset", "failed upstream_reset");
    }

    @Test
    void knowsThatAConnectionWasNotClosedWhenItBroughtOtherAnswersSince() throws Exception {
        client.get(1, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            answer(upstream, 1, "first");
            client.until(1);
            client.get(3, "/").get(5, "/").flush();
            upstream.await(HEADERS);
            upstream.await(HEADERS);
            answer(upstream, 5, "not in order");
            client.until(5);
        }

        assertThat(happens("gone upstream_reset")).isTrue();
        assertThat(happens("failed upstream_reset")).isTrue();
    }

    /** It says which requests it has not begun, and is gone when the next one is written. */
    @Test
    void hearsWhatWasSaidBeforeAWriteFailed() throws Exception {
        client.get(1, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            answer(upstream, 1, "first");
            client.until(1);
            client.get(3, "/gate").flush();
            assertThat(TestRelay.REACHED.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
            upstream.frame(GOAWAY, 0, 0, new byte[] {0, 0, 0, 1, 0, 0, 0, 0}).flush();
            upstream.abort();
        } finally {
            TestRelay.GATE.release();
        }

        assertThat(Http2Bed.eventually(() -> TestRelay.EVENTS.stream().anyMatch(event -> event.startsWith("failed"))))
                .isTrue();
        assertThat(TestRelay.EVENTS).contains("failed refused");
    }

    @Test
    void failsWhatWasUnderWayWhenTheConnectionEnds() throws Exception {
        client.get(1, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
        }

        assertThat(happens("failed upstream_reset")).isTrue();
        assertThat(client.until(1))
                .anyMatch(f -> f.type() == HEADERS && f.text().contains("502"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ":status 200 Upper x",
                ":status 200 connection close",
                ":status 20",
                ":status abc",
                "x y",
                ":status 200 :status 200",
                ":status 200 :path /",
                ":status 101",
                ":status 200 content-length 1 content-length 2",
            })
    void resetsAnswersThatAreMalformed(String fields) throws Exception {
        client.get(1, "/").flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            upstream.frame(HEADERS, END_HEADERS, 1, upstream.block(fields.split(" ", -1)))
                    .flush();

            Frame reset = upstream.await(RST_STREAM);
            assertThat(reset.code()).isEqualTo(1); // PROTOCOL_ERROR
            assertThat(happens("failed upstream_protocol")).isTrue();
        }
    }

    @Test
    void resetsAnswersShorterThanTheySay() throws Exception {
        client.get(1, "/")
                .get(3, "/")
                .frame(HEADERS, END_HEADERS | END_STREAM, 5, client.request("HEAD", "/"))
                .flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            byte[] head = upstream.block(":status", "200", "content-length", "5");
            upstream.frame(HEADERS, END_HEADERS | END_STREAM, 1, head)
                    .frame(HEADERS, END_HEADERS, 3, head)
                    .frame(DATA, END_STREAM, 3, new byte[4])
                    .frame(HEADERS, END_HEADERS | END_STREAM, 5, head)
                    .flush();

            List<Frame> answers = client.until(5);
            assertThat(answers).last().matches(Frame::ends);
            assertThat(Http2Bed.eventually(() -> TestRelay.EVENTS.stream()
                                    .filter("failed upstream_protocol"::equals)
                                    .count()
                            == 2))
                    .isTrue();
        }
    }

    @Test
    void endsUpstreamsThatPush() throws Exception {
        client.get(1, "/").flush();

        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            upstream.frame(PUSH_PROMISE, END_HEADERS, 1, new byte[] {0, 0, 0, 2, (byte) 0x82})
                    .flush();

            assertThat(upstream.goAway()).isEqualTo(1); // PROTOCOL_ERROR
            assertThat(happens("failed upstream_protocol")).isTrue();
        }
    }

    @Test
    void beginsNoMoreRequestsThanTheUpstreamTakes() throws Exception {
        client.get(1, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server, setting(MAX_STREAMS, 1))) {
            upstream.await(HEADERS);
            upstream.frame(PING, 0, 0, new byte[8]).flush();
            upstream.await(PING); // the settings have been seen
            client.get(3, "/").get(5, "/").flush();
            answer(upstream, 1, "one");
            Frame second = upstream.await(HEADERS);
            assertThat(second.stream()).isEqualTo(3);
            upstream.frame(PING, 0, 0, new byte[8]).flush();
            assertThat(upstream.read()).matches(f -> f.type() == PING); // and not the third request
            answer(upstream, 3, "three");
            assertThat(upstream.await(HEADERS).stream()).isEqualTo(5);
            answer(upstream, 5, "five");

            assertThat(client.until(5)).last().extracting(Frame::text).isEqualTo("five");
            assertThat(TestRelay.EVENTS).noneMatch(event -> event.startsWith("failed"));
        }
    }

    /** What the upstream does not take stays with the client. */
    @Test
    void waitsForUpstreamsThatOpenNoWindow() throws Exception {
        restart(Map.of("window", 20_000));
        client.await(SETTINGS);
        client.frame(SETTINGS, RawHttp2.ACK, 0).post(1, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server, setting(INITIAL_WINDOW, 5_000))) {
            upstream.await(HEADERS);
            upstream.frame(PING, 0, 0, new byte[8]).flush();
            upstream.await(PING);
            client.frame(DATA, 0, 1, new byte[10_000])
                    .frame(DATA, END_STREAM, 1, new byte[10_000])
                    .flush();
            client.frame(PING, 0, 0, new byte[8]).flush();
            int bytes = upstream.await(DATA).payload().length;
            for (Frame frame = client.read(); frame.type() != PING; frame = client.read()) {
                assertThat(frame).matches(f -> f.type() != WINDOW_UPDATE || f.stream() != 1);
            }
            assertThat(bytes).isEqualTo(5_000);

            upstream.frame(WINDOW_UPDATE, 0, 1, number(100_000)).flush();
            while (bytes < 20_000) {
                bytes += upstream.await(DATA).payload().length;
            }
            answer(upstream, 1, "all");
            assertThat(client.until(1)).last().extracting(Frame::text).isEqualTo("all");
        }
    }

    /** What the client does not take stays with the upstream. */
    @Test
    void waitsForClientsThatOpenNoWindow() throws Exception {
        client.close();
        client = new RawHttp2(bed.port(), setting(INITIAL_WINDOW, 1_000));
        client.get(1, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            upstream.frame(HEADERS, END_HEADERS, 1, upstream.block(":status", "200"));
            for (int i = 0; i < 4; i++) {
                upstream.frame(DATA, 0, 1, new byte[16_000]);
            }
            upstream.frame(PING, 0, 0, new byte[8]).flush();
            for (Frame frame = upstream.read(); frame.type() != PING; frame = upstream.read()) {
                assertThat(frame).matches(f -> f.type() != WINDOW_UPDATE || f.stream() != 1);
            }
            client.await(DATA);
            client.frame(WINDOW_UPDATE, 0, 1, number(100_000)).flush();

            Frame opened = upstream.await(WINDOW_UPDATE);
            assertThat(opened.stream()).isIn(0, 1);
            upstream.frame(DATA, END_STREAM, 1).flush();
            assertThat(client.until(1)).last().matches(Frame::ends);
        }
    }

    @Test
    void beginsSoManyRequestsOnAConnection() throws Exception {
        restart(Map.of("requests_per_connection", 2));
        client.get(1, "/").get(3, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            upstream.await(HEADERS);
            answer(upstream, 1, "one");
            answer(upstream, 3, "two");

            assertThat(upstream.goAway()).isZero();
            assertThat(happens("gone refused")).isTrue();
        }
    }

    @Test
    void closesConnectionsThatNobodyNeeds() throws Exception {
        restart(Map.of("idle_millis", 100));
        client.get(1, "/").flush();
        try (RawHttp2 upstream = RawHttp2.accept(server)) {
            upstream.await(HEADERS);
            answer(upstream, 1, "one");

            assertThat(upstream.goAway()).isZero();
            assertThat(happens("gone idle_timeout")).isTrue();
        }
    }

    @Test
    void failsRequestsThatCannotBeConnected() throws Exception {
        server.close();
        client.get(1, "/").flush();

        assertThat(client.until(1))
                .anyMatch(f -> f.type() == HEADERS && f.text().contains("503"));
    }
}
