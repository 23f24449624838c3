package dev.weir.http;

/** A connection to an endpoint that requests can be sent on: one at a time, or many. On its loop only. */
interface UpstreamConnection {
    /** Its owner, who is told when that changes which a request could wait for. */
    interface Owner {
        /** It is connected, its protocol agreed on: requests can be sent. Once. */
        void ready(UpstreamConnection connection);

        /** It takes one more request, where it took none before. */
        void free(UpstreamConnection connection);

        /** It takes no more requests, ever: it has failed, was closed, or goes away as soon as the requests under way are done. Once; not told to those who called {@link UpstreamConnection#close}. */
        void gone(UpstreamConnection connection, Failure why);
    }

    /** How many more requests may be begun now; 0 if none. */
    int available();

    /** Number of requests under way. */
    int active();

    /** Begins a request. Only where one is {@link #available}. */
    UpstreamStream open(ResponseListener listener);

    /** The version spoken: {@code 1.1} or {@code 2}. */
    String version();

    /** No more requests: it closes when those under way are done. */
    void close();
}
