package dev.weir.http;

import static dev.weir.http.RawHttp2.PING;
import static dev.weir.http.RawHttp2.RST_STREAM;
import static dev.weir.http.RawHttp2.setting;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.http.RawHttp2.Frame;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Answers that are complete, and that a client leaves where they are: its windows are shut. */
@Timeout(60)
class Http2UntakenTest {
    private static final int CANCEL = 8;
    private static final int INITIAL_WINDOW = 4;

    private final Http2Bed bed = new Http2Bed(Map.of());

    @AfterEach
    void close() {
        bed.close();
    }

    /** Time goes on; whoever looks at it now and then has looked, before and behind that. */
    private static void pass(long seconds) throws InterruptedException {
        look();
        Http2TestTerminal.AHEAD.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
        look();
    }

    private static void look() throws InterruptedException {
        long reads = Http2TestTerminal.READS.get();
        assertThat(Http2Bed.eventually(() -> Http2TestTerminal.READS.get() >= reads + 2))
                .isTrue();
    }

    /** The streams that have been reset, until a ping is answered. */
    private static List<Integer> resets(RawHttp2 client) throws IOException {
        List<Integer> all = new ArrayList<>();
        client.frame(PING, 0, 0, new byte[8]).flush();
        for (Frame frame = client.read(); frame != null && frame.type() != PING; frame = client.read()) {
            if (frame.type() == RST_STREAM) {
                assertThat(frame.code()).isEqualTo(CANCEL);
                all.add(frame.stream());
            }
        }
        return all;
    }

    @Test
    void areResetSomeTime() throws Exception {
        try (RawHttp2 client = new RawHttp2(bed.port(), setting(INITIAL_WINDOW, 0))) {
            client.get(1, "/").post(3, "/enough").get(5, "/never").flush();
            assertThat(resets(client)).isEmpty();

            pass(2);
            assertThat(resets(client)).isEmpty();
            pass(4);
            assertThat(resets(client)).containsExactly(3); // what is left of its request is not wanted
            pass(280);
            assertThat(resets(client)).isEmpty();
            pass(20);
            assertThat(resets(client)).containsExactly(1);
            pass(3_600);
            assertThat(resets(client)).isEmpty(); // an answer to come is looked after by its exchange
            client.get(7, "/empty").flush();
            assertThat(client.until(7)).last().matches(Frame::ends);
        }
    }
}
