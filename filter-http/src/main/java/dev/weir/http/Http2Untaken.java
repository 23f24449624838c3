package dev.weir.http;

import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2Exception;

/** Answers that are complete on this side, but that the client does not take: their exchanges are over, and nobody else looks after them. */
record Http2Untaken(Http2Connection connection, Http2Connection.PropertyKey key) implements HttpLoop.Watched {
    @Override
    public void check(long now) {
        try {
            connection.forEachActiveStream(stream -> {
                Http2ClientStream of = stream.getProperty(key);
                if (of != null) {
                    of.check(now);
                }
                return true;
            });
        } catch (Http2Exception e) {
            throw new IllegalStateException("the visitor throws none", e);
        }
    }
}
