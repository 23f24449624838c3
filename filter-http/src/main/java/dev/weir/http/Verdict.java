package dev.weir.http;

import dev.weir.core.filter.CloseReason;

/** Hears what the policies decide about one exchange: exactly one of these is called, once, on the loop; none after it was cancelled. */
interface Verdict {
    /** It goes on. */
    void go();

    /**
     * It is not sent upstream, but answered.
     *
     * @param message for the client: the body of the answer
     * @param retryAfterSeconds for {@code Retry-After}, at least 1; 0 if that is not known
     */
    void refuse(int status, String message, long retryAfterSeconds);

    /** It is not sent upstream, and gets no answer: its stream is reset, an HTTP/1.1 connection closed. */
    void abort(CloseReason reason);

    /** It is answered as by {@link #refuse}, and with that answer the connection ends: HTTP/1.1 closes it, HTTP/2 sends {@code GOAWAY}. */
    void close(CloseReason reason, int status, String message);
}
