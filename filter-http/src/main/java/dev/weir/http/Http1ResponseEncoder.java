package dev.weir.http;

import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;

/** Netty's encoder, told which answers have no body whatever their head says. */
final class Http1ResponseEncoder extends HttpResponseEncoder {
    private boolean empty;

    /** The next head, and no body: the answer to HEAD, or what comes before bytes that are no HTTP. */
    void withoutBodyIf(boolean none) {
        empty = none;
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpResponse response) {
        boolean none = empty;
        empty = false;
        return none || super.isContentAlwaysEmpty(response);
    }
}
