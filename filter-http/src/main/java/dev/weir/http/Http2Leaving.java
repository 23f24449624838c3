package dev.weir.http;

import dev.weir.core.filter.CloseReason;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The end of a client's connection in good order (RFC 9113, 6.8): first the client is told that it should not begin anything new; then, when all is here that it sent
 * until it saw that, which of its requests are the last. When these are answered, the connection is closed.
 *
 * <pre>
 *   staying ──leave──▶ GOAWAY(max), PING ──its answer, or a second──▶ GOAWAY(last) ──no request open──▶ close
 * </pre>
 */
final class Http2Leaving {
    /** What the connection is asked to do. */
    interface Connection {
        /** Writes GOAWAY without an error; {@code last} is the number of the last request, or the greatest number. */
        void goAway(int last);

        /** The number of the last request that was begun. */
        int lastStream();

        /** Writes a ping. */
        void ping(long data);

        /** Number of requests that are not answered. */
        int open();
    }

    private static final long PING = 0x77656972_676f6177L;
    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Connection connection;
    private final Consumer<CloseReason> close;
    private final Deadline answer;
    private @Nullable CloseReason reason;
    private boolean last;

    Http2Leaving(HttpLoop home, Connection connection, Consumer<CloseReason> close) {
        this.connection = connection;
        this.close = close;
        this.answer = new Deadline(home, this::last);
    }

    /** Whether nothing stands against the end but open requests: the client knows of it, or there is no end in sight. */
    boolean isQuiet() {
        return reason == null || last;
    }

    void begin(CloseReason why) {
        if (reason == null) {
            reason = why;
            connection.goAway(Integer.MAX_VALUE);
            connection.ping(PING);
            answer.in(ANSWER_NANOS);
        }
    }

    /** The answer to a ping has come. */
    void answered(long data) {
        if (data == PING && reason != null) {
            last();
        }
    }

    private void last() {
        if (!last) {
            last = true;
            answer.stop();
            connection.goAway(connection.lastStream());
            check();
        }
    }

    /** A request has come to its end. */
    void check() {
        CloseReason why = reason;
        if (connection.open() == 0 && last && why != null) {
            close.accept(why);
        }
    }

    void stop() {
        answer.stop();
    }
}
