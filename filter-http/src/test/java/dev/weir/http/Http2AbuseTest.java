package dev.weir.http;

import static dev.weir.http.RawHttp2.CONTINUATION;
import static dev.weir.http.RawHttp2.DATA;
import static dev.weir.http.RawHttp2.END_HEADERS;
import static dev.weir.http.RawHttp2.END_STREAM;
import static dev.weir.http.RawHttp2.ENHANCE_YOUR_CALM;
import static dev.weir.http.RawHttp2.HEADERS;
import static dev.weir.http.RawHttp2.PING;
import static dev.weir.http.RawHttp2.PRIORITY;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client may send to cost a server more than itself; frames written by hand. */
@Timeout(60)
class Http2AbuseTest {
    private static final int CANCEL = 8;

    private Http2Bed bed = new Http2Bed(Map.of());

    @AfterEach
    void close() {
        bed.close();
    }

    private void restart(Map<String, ?> settings) {
        bed.close();
        bed = new Http2Bed(settings);
    }

    private void ends(RawHttp2 client, Reason reason) throws Exception {
        assertThat(client.goAway()).isEqualTo(ENHANCE_YOUR_CALM);
        assertThat(Http2Bed.eventually(() -> bed.closed("protocol_error") == 1)).isTrue();
        assertThat(bed.errors(reason)).isEqualTo(1);
    }

    /** CVE-2023-44487. */
    @Test
    void endsRapidResets() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            for (int i = 0; i < 1_000; i++) {
                client.get(2 * i + 1, "/never").frame(RST_STREAM, 0, 2 * i + 1, number(CANCEL));
            }
            client.flush();

            ends(client, Reason.RESETS);
        }
    }

    @Test
    void letsClientsResetSomeOfManyRequests() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            for (int i = 0; i < 1_000; i++) {
                int cancelled = 6 * i + 1;
                client.get(cancelled, "/never").frame(RST_STREAM, 0, cancelled, number(CANCEL));
                client.get(cancelled + 2, "/").get(cancelled + 4, "/").flush();
                client.until(cancelled + 4);
            }
            client.get(100_001, "/").flush();

            assertThat(client.until(100_001)).isNotEmpty();
            assertThat(bed.errors(Reason.RESETS)).isZero();
        }
    }

    /** CVE-2025-8671: the client makes the server reset the streams. */
    @Test
    void endsResetsThatTheClientProvokes() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            for (int i = 0; i < 1_000; i++) {
                client.get(2 * i + 1, "/never").frame(WINDOW_UPDATE, 0, 2 * i + 1, number(0));
            }
            client.flush();

            ends(client, Reason.PROVOKED_RESETS);
        }
    }

    @Test
    void endsResetsProvokedByHeadsThatAreMalformed() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            for (int i = 0; i < 1_000; i++) {
                client.frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, client.request("GET", "/", "Upper", "x"));
            }
            client.flush();

            ends(client, Reason.PROVOKED_RESETS);
        }
    }

    @Test
    void endsRequestsBeyondTheLimitThatAreNotMeantToBeServed() throws Exception {
        restart(Map.of("streams", 10));
        try (RawHttp2 client = bed.connect()) {
            for (int i = 0; i < 1_000; i++) {
                client.get(2 * i + 1, "/never");
            }
            client.flush();

            ends(client, Reason.PROVOKED_RESETS);
            assertThat(bed.errors(Reason.STREAMS)).isGreaterThanOrEqualTo(200);
        }
    }

    @Test
    void refusesStreamsBeyondTheLimitAndTheirBodies() throws Exception {
        restart(Map.of("streams", 2));
        try (RawHttp2 client = bed.connect()) {
            client.post(1, "/never")
                    .post(3, "/never")
                    .post(5, "/")
                    .frame(DATA, 0, 5, new byte[100])
                    .flush();

            Frame reset = client.await(RST_STREAM);
            assertThat(reset).isNotNull();
            assertThat(reset.stream()).isEqualTo(5);
            assertThat(reset.code()).isEqualTo(REFUSED_STREAM);
            client.frame(RST_STREAM, 0, 1, number(CANCEL)).get(7, "/").flush();
            assertThat(client.until(7)).last().matches(frame -> frame.type() == DATA);
        }
    }

    @Test
    void endsFloodsOfContinuation() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.frame(HEADERS, END_STREAM, 1, client.request("GET", "/"));
            for (int i = 0; i < 1_000; i++) {
                client.frame(CONTINUATION, 0, 1, client.block("a" + i, "b"));
            }
            client.flush();

            ends(client, Reason.CONTINUATIONS);
        }
    }

    @Test
    void takesAHeadInSomePieces() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.frame(HEADERS, END_STREAM, 1, client.request("GET", "/head"));
            for (int i = 0; i < 8; i++) {
                client.frame(CONTINUATION, i == 7 ? END_HEADERS : 0, 1, client.block("a" + i, "b"));
                client.flush();
            }

            assertThat(client.until(1))
                    .last()
                    .extracting(Frame::text)
                    .asString()
                    .contains("a7: b");
        }
    }

    @Test
    void endsEmptyFrames() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.post(1, "/echo");
            for (int i = 0; i < 100; i++) {
                client.frame(DATA, 0, 1);
            }
            client.flush();

            ends(client, Reason.EMPTY_FRAMES);
        }
    }

    @Test
    void endsBodiesOfNextToNothing() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.post(1, "/hold");
            for (int i = 0; i < 20_000; i++) {
                client.frame(DATA, 0, 1, (byte) 'x');
            }
            client.flush();

            ends(client, Reason.SMALL_FRAMES);
        }
    }

    @Test
    void takesSmallPiecesThatAreDealtWith() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.post(1, "/echo");
            for (int i = 0; i < 5_000; i++) {
                client.frame(DATA, i == 4_999 ? END_STREAM : 0, 1, (byte) 'x');
                if (i % 100 == 0) {
                    client.flush();
                }
            }
            client.flush();

            int bytes = client.until(1).stream()
                    .filter(frame -> frame.type() == DATA)
                    .mapToInt(frame -> frame.payload().length)
                    .sum();
            assertThat(bytes).isEqualTo(5_000);
        }
    }

    @Test
    void endsFloodsOfSettings() throws Exception {
        flood(Reason.SETTINGS, SETTINGS, 0);
    }

    @Test
    void endsFloodsOfPings() throws Exception {
        flood(Reason.PINGS, PING, 0, new byte[8]);
    }

    @Test
    void endsFloodsOfPriorities() throws Exception {
        flood(Reason.PRIORITIES, PRIORITY, 1, (byte) 0, (byte) 0, (byte) 0, (byte) 0, (byte) 16);
    }

    @Test
    void endsFloodsOfUnknownFrames() throws Exception {
        flood(Reason.PRIORITIES, 0xbe, 0);
    }

    @Test
    void endsFloodsOfResetsOfStreamsThatAreGone() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/").flush();
            client.until(1);
            for (int i = 0; i < 5_000; i++) {
                client.frame(RST_STREAM, 0, 1, number(CANCEL));
            }
            client.flush();

            ends(client, Reason.RESETS);
        }
    }

    @Test
    void endsFloodsOfWindowUpdates() throws Exception {
        flood(Reason.WINDOW_UPDATES, WINDOW_UPDATE, 0, number(1));
    }

    private void flood(Reason reason, int type, int stream, byte... payload) throws Exception {
        try (RawHttp2 client = bed.connect()) {
            for (int i = 0; i < 20_000; i++) {
                client.frame(type, 0, stream, payload);
            }
            client.flush();

            ends(client, reason);
        }
    }

    @Test
    void endsTheConnectionForAnIncrementOfNothing() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.frame(WINDOW_UPDATE, 0, 0, number(0)).flush();

            assertThat(client.goAway()).isEqualTo(PROTOCOL_ERROR);
            assertThat(bed.errors(Reason.FRAME)).isEqualTo(1);
        }
    }

    @Test
    void answersHeadsThatAreTooLong() throws Exception {
        restart(Map.of("header_bytes", 4_096, "headers", 20));
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/", "x-long", "v".repeat(5_500)).get(3, "/").flush();

            List<Frame> answer = client.until(3);
            assertThat(answer)
                    .anyMatch(frame -> frame.stream() == 1
                            && frame.type() == HEADERS
                            && frame.text().contains("431"));
            assertThat(answer).last().matches(frame -> frame.text().equals("hello"));
            assertThat(bed.errors(Reason.HEADER_LIMIT)).isEqualTo(1);
        }
    }

    @Test
    void answersHeadsWithTooManyHeaders() throws Exception {
        restart(Map.of("headers", 20));
        try (RawHttp2 client = bed.connect()) {
            String[] many = new String[80];
            Arrays.setAll(many, i -> "x" + i);
            client.get(1, "/", many).get(3, "/").flush();

            List<Frame> answer = client.until(3);
            assertThat(answer)
                    .anyMatch(frame -> frame.stream() == 1
                            && frame.type() == HEADERS
                            && frame.text().contains("431"));
            assertThat(answer).last().matches(frame -> frame.text().equals("hello"));
            assertThat(bed.errors(Reason.HEADER_LIMIT)).isEqualTo(1);
        }
    }

    @Test
    void answersPathsThatAreTooLong() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.get(1, "/" + "p".repeat(9_000)).flush();

            assertThat(client.until(1))
                    .anyMatch(frame -> frame.type() == HEADERS && frame.text().contains("414"));
        }
    }

    /** One entry of the dynamic table, named again and again by one byte each. */
    @Test
    void answersBombsOfIndexedHeaders() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            byte[] head = client.block(":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/");
            byte[] value = new byte[3_900];
            Arrays.fill(value, (byte) 'v');
            byte[] first = literal("bomb", value);
            byte[] bomb = new byte[head.length + first.length + 10_000];
            System.arraycopy(head, 0, bomb, 0, head.length);
            System.arraycopy(first, 0, bomb, head.length, first.length);
            Arrays.fill(bomb, head.length + first.length, bomb.length, (byte) (0x80 | 62)); // the newest entry
            client.frame(HEADERS, END_STREAM | END_HEADERS, 1, bomb).get(3, "/").flush();

            assertThat(client.until(3))
                    .anyMatch(frame -> frame.stream() == 1
                            && frame.type() == HEADERS
                            && frame.text().contains("431"))
                    .last()
                    .matches(frame -> frame.text().equals("hello"));
            assertThat(bed.errors(Reason.HEADER_LIMIT)).isEqualTo(1);
        }
    }

    /** A header that is to be kept in the table. */
    private static byte[] literal(String name, byte[] value) {
        List<Byte> bytes = new ArrayList<>(List.of((byte) 0x40, (byte) name.length()));
        for (int i = 0; i < name.length(); i++) {
            bytes.add((byte) name.charAt(i));
        }
        bytes.add((byte) 0x7f);
        int rest = value.length - 0x7f;
        while (rest >= 0x80) {
            bytes.add((byte) (0x80 | rest & 0x7f));
            rest >>= 7;
        }
        bytes.add((byte) rest);
        byte[] all = new byte[bytes.size() + value.length];
        for (int i = 0; i < bytes.size(); i++) {
            all[i] = bytes.get(i);
        }
        System.arraycopy(value, 0, all, bytes.size(), value.length);
        return all;
    }

    @Test
    void endsADynamicTableBeyondTheLimit() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.frame(HEADERS, END_STREAM | END_HEADERS, 1, (byte) 0x3f, (byte) 0xff, (byte) 0xff, (byte) 0x7f)
                    .flush();

            assertThat(client.goAway()).isEqualTo(9); // COMPRESSION_ERROR
            assertThat(bed.errors(Reason.COMPRESSION)).isEqualTo(1);
        }
    }

    @Test
    void resetsTrailersThatDoNotEnd() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.post(1, "/echo").frame(DATA, 0, 1, (byte) 'x');
            client.frame(HEADERS, END_HEADERS, 1, client.block("x-t", "1")).flush();

            List<Frame> answer = client.until(1);
            assertThat(answer).last().matches(frame -> frame.type() == RST_STREAM && frame.code() == PROTOCOL_ERROR);
        }
    }

    @Test
    void resetsTrailersThatAreTooMany() throws Exception {
        restart(Map.of("headers", 20));
        try (RawHttp2 client = bed.connect()) {
            String[] many = new String[80];
            Arrays.setAll(many, i -> "x" + i);
            client.post(1, "/echo").frame(DATA, 0, 1, (byte) 'x');
            client.frame(HEADERS, END_STREAM | END_HEADERS, 1, client.block(many))
                    .flush();

            assertThat(client.until(1)).last().matches(frame -> frame.type() == RST_STREAM);
            assertThat(bed.errors(Reason.HEADER_LIMIT)).isEqualTo(1);
        }
    }

    @Test
    void endsHeadsThatDoNotGoOn() throws Exception {
        restart(Map.of("headers_millis", 200));
        try (RawHttp2 client = bed.connect()) {
            client.frame(HEADERS, END_STREAM, 1, client.request("GET", "/")).flush();

            ends(client, Reason.HEADERS_TIMEOUT);
        }
    }

    @Test
    void endsClientsThatDoNotGoOnBehindTheirPreface() throws Exception {
        restart(Map.of("headers_millis", 200));
        try (RawHttp2 client = new RawHttp2(bed.port(), null)) {
            client.bytes((byte) 'P', (byte) 'R', (byte) 'I');

            client.goAway();
            assertThat(bed.errors(Reason.HEADERS_TIMEOUT)).isEqualTo(1);
        }
    }

    /** Acknowledgements that nobody reads are not kept for ever. */
    @Test
    void endsClientsThatDoNotReadWhatTheyAskFor() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.frame(WINDOW_UPDATE, 0, 0, number(1 << 30));
            boolean taken = true;
            int stream = 1;
            // The answers fill the sockets first.
            for (int i = 0; i < 90; i++, stream += 2) {
                client.get(stream, "/big?n=60000");
            }
            client.flush();
            for (int i = 0; i < 200 && taken; i++, stream += 2) {
                for (int k = 0; k < 900; k++) {
                    client.frame(PING, 0, 0, new byte[8]);
                }
                taken = client.flush();
            }

            assertThat(Http2Bed.eventually(() -> bed.closed("protocol_error") == 1))
                    .isTrue();
            assertThat(bed.errors(Reason.UNREAD) + bed.errors(Reason.PINGS)).isEqualTo(1);
        }
    }

    /** No window bounds answers without a body, nor the number of requests at once what is left of those that were reset behind their answer. */
    @Test
    void endsClientsThatDoNotReadTheHeadsTheyAskFor() throws Exception {
        try (RawHttp2 client = bed.connect()) {
            client.frame(WINDOW_UPDATE, 0, 0, number(1 << 30));
            boolean taken = true;
            int stream = 1;
            // The answers fill the sockets first.
            for (int i = 0; i < 90; i++, stream += 2) {
                client.get(stream, "/big?n=60000");
            }
            client.flush();
            for (int i = 0; i < 400 && taken; i++) {
                for (int k = 0; k < 100; k++, stream += 2) {
                    client.get(stream, "/empty").frame(RST_STREAM, 0, stream, number(CANCEL));
                }
                taken = client.flush();
            }

            assertThat(Http2Bed.eventually(() -> bed.closed("protocol_error") == 1))
                    .as(bed.reasons())
                    .isTrue();
            assertThat(bed.errors(Reason.UNREAD)).isEqualTo(1);
        }
    }

    @Test
    void resetsBodiesThatAreNotAsLongAsTheySay() throws IOException {
        try (RawHttp2 client = bed.connect()) {
            client.post(1, "/echo", "content-length", "3").frame(DATA, END_STREAM, 1, new byte[2]);
            client.post(3, "/echo", "content-length", "3")
                    .frame(DATA, 0, 3, new byte[4])
                    .flush();

            assertThat(client.until(1)).last().matches(f -> f.type() == RST_STREAM && f.code() == PROTOCOL_ERROR);
            assertThat(client.until(3)).last().matches(f -> f.type() == RST_STREAM && f.code() == PROTOCOL_ERROR);
        }
    }

    @Test
    void endsBodiesBeyondTheWindow() throws Exception {
        restart(Map.of("window", 10_000, "connection_window", 1_000_000));
        try (RawHttp2 client = bed.connect()) {
            client.await(SETTINGS);
            client.frame(SETTINGS, RawHttp2.ACK, 0)
                    .post(1, "/hold")
                    .frame(DATA, 0, 1, new byte[10_001])
                    .flush();

            Frame reset = client.await(RST_STREAM);
            assertThat(reset).isNotNull();
            assertThat(reset.code()).isEqualTo(3); // FLOW_CONTROL_ERROR
            assertThat(bed.errors(Reason.FLOW_CONTROL)).isEqualTo(1);
        }
    }
}
