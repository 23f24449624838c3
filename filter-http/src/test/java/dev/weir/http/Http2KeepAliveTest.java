package dev.weir.http;

import static dev.weir.http.RawHttp2.ACK;
import static dev.weir.http.RawHttp2.DATA;
import static dev.weir.http.RawHttp2.END_HEADERS;
import static dev.weir.http.RawHttp2.END_STREAM;
import static dev.weir.http.RawHttp2.HEADERS;
import static dev.weir.http.RawHttp2.PING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.core.config.ConfigException;
import dev.weir.core.exchange.Exchange;
import dev.weir.http.RawHttp2.Frame;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Upstreams that say nothing any more: without power, or with the cable pulled. */
@Timeout(60)
class Http2KeepAliveTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private ServerSocket server;

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        server.setSoTimeout(20_000);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private HttpBed bed(String interval, String timeout) {
        return new HttpBed(
                Map.of(
                        "upstream_protocol",
                        "http2",
                        "upstream",
                        Map.of("ping_interval", interval, "ping_timeout", timeout)),
                "127.0.0.1:" + server.getLocalPort());
    }

    @Test
    void whoDoesNotAnswerIsGivenUp() throws Exception {
        try (HttpBed bed = bed("200ms", "300ms");
                RawHttp2 client = new RawHttp2(bed.port())) {
            client.post(1, "/").flush(); // and not the end, so that nobody has been waiting for an answer
            try (RawHttp2 upstream = RawHttp2.accept(server)) {
                upstream.await(HEADERS);

                for (Frame frame = upstream.read(); frame.type() != PING; frame = upstream.read()) {
                    // Settings, and their acknowledgement.
                }
                assertThat(upstream.goAway()).isZero();
            }

            assertThat(client.fields(client.await(HEADERS))).contains(":status=504\n");
            assertThat(Http2Bed.eventually(() -> bed.exchanges.size() == 1)).isTrue();
            Exchange told = bed.exchanges.get(0);
            assertThat(told.error).isEqualTo("upstream_timeout");
            // And the next request goes to a new connection.
            client.get(3, "/").flush();
            try (RawHttp2 upstream = RawHttp2.accept(server)) {
                upstream.await(HEADERS);
                upstream.frame(HEADERS, END_HEADERS | END_STREAM, 1, upstream.block(":status", "204"))
                        .flush();
                assertThat(client.until(3)).last().matches(Frame::ends);
            }
        }
    }

    @Test
    void whoAnswersMayTakeItsTime() throws Exception {
        try (HttpBed bed = bed("200ms", "1s");
                RawHttp2 client = new RawHttp2(bed.port())) {
            client.get(1, "/").flush();
            try (RawHttp2 upstream = RawHttp2.accept(server)) {
                upstream.await(HEADERS);
                for (int i = 0; i < 3; i++) {
                    Frame ping = upstream.await(PING);
                    assertThat(ping.flags()).isZero();
                    upstream.frame(PING, ACK, 0, ping.payload()).flush();
                }
                upstream.frame(HEADERS, END_HEADERS, 1, upstream.block(":status", "200"))
                        .frame(DATA, END_STREAM, 1, (byte) 'x')
                        .flush();

                assertThat(client.until(1)).last().extracting(Frame::text).isEqualTo("x");
            }
        }
    }

    /** Its enforcer ends connections for the third ping that comes within less than so long of the last good one, with nothing sent between. As 5 minutes to 30 s. */
    @Test
    @Tag("slow")
    void aServerOfGrpcDoesNotTakeThemForAnAttack() throws Exception {
        try (GrpcService service = new GrpcService(of -> of.permitKeepAliveTime(3, TimeUnit.SECONDS));
                HttpBed bed = new HttpBed(
                        Map.of("upstream_protocol", "http2", "upstream", Map.of("ping_interval", "300ms")),
                        service.address());
                GrpcClient client = new GrpcClient(bed.port())) {
            CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(6, TimeUnit.SECONDS);
            GrpcClient.Heard call =
                    client.begin(GrpcService.HANG, options, new Metadata()).say(new byte[1]);

            assertThat(call.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            assertThat(client.unary(GrpcService.ECHO, new byte[5])).hasSize(5);
        }
    }

    @Test
    void anAnswerNeedsTime() {
        assertThatThrownBy(() -> bed("30s", "0s").close())
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("upstream.ping_timeout");
        bed("0s", "0s").close();
    }

    /** With time in our hands. */
    private static final class Asking implements Http2KeepAlive.Connection {
        final List<Long> pings = new ArrayList<>();
        boolean waiting = true;
        boolean dead;
        long now;

        @Override
        public boolean isWaiting() {
            return waiting;
        }

        @Override
        public void writePing(long data) {
            pings.add(now / SECOND);
        }

        @Override
        public void dead() {
            dead = true;
        }

        /** The end of a second; who is asked answers, if it lives. */
        void until(Http2KeepAlive alive, long second, boolean lives) {
            for (; now < second * SECOND && !dead; now += SECOND) {
                int before = pings.size();
                alive.check(now);
                if (lives && pings.size() > before) {
                    alive.heard();
                }
            }
        }
    }

    @Test
    void asksLessAndLessOften() {
        Asking one = new Asking();
        Http2KeepAlive alive = new Http2KeepAlive(one, 30 * SECOND, 20 * SECOND, 0);

        one.until(alive, 1_000, true);

        // An answer to a ping comes at once, and is seen a second later.
        assertThat(one.pings).containsExactly(30L, 361L);
        assertThat(one.dead).isFalse();
        one.pings.clear();
        alive.answered();
        alive.heard();
        one.until(alive, 1_040, true);
        assertThat(one.pings).containsExactly(1_030L);
    }

    /** What servers of gRPC count as a strike, of which they take two: grpc-java looks to the last good ping, grpc-go to the one before, both for 5 minutes. */
    @Test
    void noServerTakesItForAnAttack() {
        Asking one = new Asking();
        Http2KeepAlive alive = new Http2KeepAlive(one, 30 * SECOND, 20 * SECOND, 0);
        one.until(alive, 20_000, true);

        long lastGood = 0;
        long before = -1_000;
        int java = 0;
        int go = 0;
        for (long ping : one.pings) {
            if (ping - lastGood < 300) {
                java++;
            } else {
                lastGood = ping;
            }
            go += ping - before < 300 ? 1 : 0;
            before = ping;
        }
        assertThat(one.pings).hasSizeGreaterThan(4);
        assertThat(java).isLessThanOrEqualTo(2);
        assertThat(go).isLessThanOrEqualTo(2);
    }

    /** Requests that are over before the time to ask, as nobody waits longer, are awaited all the same; and a ping is not forgotten when the last one ends. */
    @Test
    void shortRequestsFindOutToo() {
        Asking one = new Asking();
        Http2KeepAlive alive = new Http2KeepAlive(one, 30 * SECOND, 20 * SECOND, 0);
        one.waiting = false;
        alive.opened();
        one.until(alive, 40, false);
        assertThat(one.pings).containsExactly(30L);
        one.until(alive, 60, false);
        assertThat(one.dead).isTrue();

        Asking other = new Asking();
        Http2KeepAlive second = new Http2KeepAlive(other, 30 * SECOND, 20 * SECOND, 0);
        other.until(second, 35, false);
        other.waiting = false;
        other.until(second, 60, false);
        assertThat(other.dead).isTrue();
    }

    @Test
    void asksNobodyWhoIsNotAwaitedOrSpeaks() {
        Asking one = new Asking();
        Http2KeepAlive alive = new Http2KeepAlive(one, 30 * SECOND, 20 * SECOND, 0);
        one.waiting = false;
        one.until(alive, 100, false);
        one.waiting = true;
        one.until(alive, 129, false);
        alive.heard();
        one.until(alive, 158, false);

        assertThat(one.pings).isEmpty();
        assertThat(one.dead).isFalse();
    }

    /** One turn of the loop more than the time-out: what came while it stood still is read before. */
    @Test
    void givesUpBehindTheTimeOutAndNotBefore() {
        Asking one = new Asking();
        Http2KeepAlive alive = new Http2KeepAlive(one, 30 * SECOND, 20 * SECOND, 0);

        one.until(alive, 51, false);
        assertThat(one.dead).isFalse();
        one.until(alive, 60, false);

        assertThat(one.pings).containsExactly(30L);
        assertThat(one.dead).isTrue();
        assertThat(one.now).isEqualTo(52 * SECOND);
    }

    @Test
    void isNotHurriedByALoopThatStoodStill() {
        Asking one = new Asking();
        Http2KeepAlive alive = new Http2KeepAlive(one, 30 * SECOND, 20 * SECOND, 0);
        one.until(alive, 31, false);
        one.now += 100 * SECOND;
        alive.check(one.now);
        alive.heard(); // it was there all the time

        one.until(alive, 150, false);

        assertThat(one.dead).isFalse();
    }
}
