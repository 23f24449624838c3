package dev.weir.http;

import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What an upstream has said of itself, with the first that it sends. Who is to speak another protocol may be asked for when it has said that it knows that
 * (RFC 8441, 3), and waits until then.
 */
final class Http2PeerSettings {
    /** What a field counts beside its text. */
    private static final int FIELD = 32;

    private boolean known;
    private boolean connectProtocol;
    private long largestHead = Long.MAX_VALUE;
    private List<Http2UpstreamStream> waiting = List.of();

    boolean areKnown() {
        return known;
    }

    /** Whether it takes a head with this {@code :protocol}; any, if there is none. */
    boolean allow(HttpRequest head) {
        return connectProtocol || Http2Upgrade.protocol(head) == null;
    }

    /** Whether a request has to wait: {@link Http2UpstreamStream#settled} tells it when no longer. */
    boolean hold(Http2UpstreamStream of, HttpRequest head) {
        if (known || Http2Upgrade.protocol(head) == null) {
            return false;
        }
        if (waiting.isEmpty()) {
            waiting = new ArrayList<>(1);
        }
        waiting.add(of);
        return true;
    }

    /** Whether it takes so large a head, as far as it has said: RFC 9113, 6.5.2. */
    boolean fits(Http2Headers fields) {
        if (largestHead == Long.MAX_VALUE) {
            return true;
        }
        long size = 0;
        for (Map.Entry<CharSequence, CharSequence> field : fields) {
            size += FIELD + field.getKey().length() + field.getValue().length();
        }
        return size <= largestHead;
    }

    void read(Http2Settings settings) {
        known = true;
        Long connect = settings.get(Http2.ENABLE_CONNECT_PROTOCOL);
        connectProtocol |= connect != null && connect == 1;
        Long largest = settings.maxHeaderListSize();
        largestHead = largest != null ? largest : largestHead;
        release();
    }

    /** Nobody has to wait any more, maybe as nothing will be said. */
    void release() {
        List<Http2UpstreamStream> all = waiting;
        waiting = List.of();
        all.forEach(Http2UpstreamStream::settled);
    }
}
