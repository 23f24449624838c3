package dev.weir.core.sql;

/** What one execution adds to its digest. Reused by the one who records; {@link #clear} goes before each use. */
public final class Execution {
    /** The error's number, 0 if there was none. */
    public int error;
    /** Rows the server sent. */
    public long rowsSent;
    /** Rows the statement changed. */
    public long rowsAffected;
    /** Bytes of the request on the wire. */
    public long requestBytes;
    /** Bytes of the answer on the wire. */
    public long responseBytes;
    /** Whether the server used no index. */
    public boolean noIndex;
    /** How long it took; -1 keeps it out of the histogram. */
    public long durationNanos = -1;
    /** When it began, by the wire clock. */
    public long startNanos;

    /** Back to nothing. */
    public void clear() {
        error = 0;
        rowsSent = 0;
        rowsAffected = 0;
        requestBytes = 0;
        responseBytes = 0;
        noIndex = false;
        durationNanos = -1;
        startNanos = 0;
    }
}
