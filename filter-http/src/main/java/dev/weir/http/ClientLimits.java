package dev.weir.http;

/**
 * What a client may do. Section {@code limits}.
 *
 * @param headerBytes longest head without its first line, in bytes; also of trailers
 * @param headers most headers in one head
 * @param requestLine longest first line (in HTTP/2: longest {@code :path}), in bytes
 * @param streams HTTP/2: most requests at once on a connection
 * @param window HTTP/2: bytes of one body that may be on their way; HTTP/1.1: that may wait to go on
 * @param connectionWindow HTTP/2: the same for all bodies of a connection
 * @param requestsPerConnection after so many a connection is ended, in order; 0 for any number
 * @param headersNanos how long a head may take to come
 * @param idleNanos how long a connection may be without a request; 0 for ever
 * @param servesHalfClosed HTTP/1.1: whether a client that has ended its stream behind a request still gets the answer; otherwise it is taken for gone
 * @param h2c whether a client may go over to HTTP/2 by an upgrade, where there is no TLS
 */
record ClientLimits(
        int headerBytes,
        int headers,
        int requestLine,
        int streams,
        int window,
        int connectionWindow,
        long requestsPerConnection,
        long headersNanos,
        long idleNanos,
        boolean servesHalfClosed,
        boolean h2c) {}
