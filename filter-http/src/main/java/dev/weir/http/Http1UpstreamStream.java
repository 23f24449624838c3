package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;

/** One request on an HTTP/1.1 connection to an upstream; of no effect when its time is over, as the connection may serve another one then. */
final class Http1UpstreamStream implements UpstreamStream {
    private final Http1Upstream connection;

    Http1UpstreamStream(Http1Upstream connection) {
        this.connection = connection;
    }

    @Override
    public void sendHead(HttpRequest head, boolean end) {
        if (connection.isCurrent(this)) {
            connection.send(head, end);
        }
    }

    @Override
    public void sendData(ByteBuf data, boolean end) {
        if (connection.isCurrent(this)) {
            connection.send(data, end);
        } else {
            data.release();
        }
    }

    @Override
    public void sendTrailers(HttpHeaders trailers) {
        if (connection.isCurrent(this)) {
            connection.send(trailers);
        }
    }

    @Override
    public void cancel() {
        if (connection.isCurrent(this)) {
            connection.cancel();
        }
    }

    @Override
    public boolean isWritable() {
        return !connection.isCurrent(this) || connection.isWritable();
    }

    @Override
    public void consumed(int bytes) {
        if (connection.isCurrent(this)) {
            connection.consumed(bytes);
        }
    }
}
