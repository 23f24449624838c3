package dev.weir.http;

import java.util.concurrent.TimeUnit;

/**
 * Finds out whether a server that something is awaited from is still there: nothing else tells when it is without power, or its cable is pulled. If nothing
 * has come from it for a while it is asked by a ping. As long as no answer comes it is asked seldom, after eleven times as long, then twice that, and so on:
 * servers of gRPC end connections for more than two pings that come within five minutes of one another with no answer between them.
 *
 * <pre>
 *   quiet ──silent for the interval──▶ asked ──anything comes──▶ quiet (and more patient)
 *                                       └─────nothing comes────▶ dead
 * </pre>
 */
final class Http2KeepAlive implements HttpLoop.Watched {
    /** What the connection is asked to do. */
    interface Connection {
        /** Whether something is awaited from the other side. */
        boolean isWaiting();

        /** Writes a ping. */
        void writePing(long data);

        /** Nobody is there any more. */
        void dead();
    }

    private static final long PING = 0x77656972_616c6976L;
    private static final long LONGEST_NANOS = TimeUnit.HOURS.toNanos(1);
    /** The interval is 30 seconds, where servers take one in 5 minutes. */
    private static final int SELDOM = 11;

    private final Connection connection;
    private final long interval;
    private final long timeout;
    private long patience;
    private long since;
    private boolean heard;
    /** A request was begun, and nothing has come since: it may be over by now, as nobody waited longer. */
    private boolean unheard;

    private boolean asked;
    private boolean overdue;

    /** {@code interval} and {@code timeout}: how long nobody is asked, and how long an answer may take. */
    Http2KeepAlive(Connection connection, long interval, long timeout, long now) {
        this.connection = connection;
        this.interval = interval;
        this.timeout = timeout;
        this.patience = interval;
        this.since = now;
    }

    /** Something has come. */
    void heard() {
        heard = true;
        unheard = false;
    }

    /** A request has begun. */
    void opened() {
        unheard = true;
    }

    /** Some of an answer has come. */
    void answered() {
        patience = interval;
    }

    @Override
    public void check(long now) {
        if (heard) {
            heard = false;
            asked = false;
            since = now;
        } else if (asked) {
            late(now);
        } else if (!unheard && !connection.isWaiting()) {
            since = now;
        } else if (now - since >= patience) {
            asked = true;
            overdue = false;
            since = now;
            patience = Math.max(patience, Math.min(Math.max(2 * patience, SELDOM * interval), LONGEST_NANOS));
            connection.writePing(PING);
        }
    }

    /** If the loop itself stood still, what has come was not read yet: it is given one more turn. */
    private void late(long now) {
        if (now - since < timeout) {
            return;
        }
        if (overdue) {
            connection.dead();
        }
        overdue = true;
    }
}
