package dev.weir.http;

/**
 * What upstreams may do, and for how long their connections are kept. Section {@code upstream}.
 *
 * @param headerBytes longest head without its first line, in bytes; also of trailers
 * @param headers most headers in one head
 * @param streams HTTP/2: most requests at once on a connection, if the upstream allows as many
 * @param window HTTP/2: bytes of one body that may be on their way; HTTP/1.1: that may wait to go on
 * @param connectionWindow HTTP/2: the same for all bodies of a connection
 * @param requestsPerConnection after so many a connection is ended; 0 for any number
 * @param idleNanos how long a connection without requests is kept; 0 for ever
 * @param pingNanos HTTP/2: how long an upstream that is to answer may say nothing before it is asked whether it is there; 0: it is not asked
 * @param pingTimeoutNanos HTTP/2: how long it may take to say so
 */
record UpstreamLimits(
        int headerBytes,
        int headers,
        int streams,
        int window,
        int connectionWindow,
        long requestsPerConnection,
        long idleNanos,
        long pingNanos,
        long pingTimeoutNanos) {
    /** What an HTTP/2 connection lets be on its way: room for all of its answers, else some that nobody takes would hold up all others. */
    int room() {
        return (int) Math.min(Integer.MAX_VALUE, Math.max(connectionWindow, (long) streams * window));
    }
}
