package dev.weir.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** What a client has sent behind the request under way. What is decoded takes many times the room of its bytes, so only a little of it is. */
final class Ahead {
    /** Heads, and pieces of bodies. */
    static final int MOST = 32;

    private final Http1RequestDecoder decoder;
    private final ArrayDeque<Object> messages = new ArrayDeque<>(2);

    Ahead(Http1RequestDecoder decoder) {
        this.decoder = decoder;
    }

    void add(Object message) {
        messages.add(message);
        if (messages.size() >= MOST) {
            decoder.hold(true);
        }
    }

    boolean isEmpty() {
        return messages.isEmpty();
    }

    /** Whether there is more, decoded or not. */
    boolean hasMore() {
        return !messages.isEmpty() || decoder.isHeld() || decoder.waits();
    }

    /** Whether so much waits that no more is to be read. */
    boolean isEnough() {
        return !messages.isEmpty() || decoder.waits();
    }

    /**
     * Whether what waits undecoded may be decoded now.
     *
     * @param idle whether no request is under way, and none whose rest is still to come: what came behind one that asked for a tunnel is HTTP then
     */
    boolean mayDecode(boolean idle) {
        return messages.isEmpty() && (decoder.isHeld() || idle && decoder.isStopped());
    }

    /** Decodes what waits, if it still may. */
    void decode(ChannelHandlerContext client, boolean idle) throws Exception {
        if (!mayDecode(idle)) {
            return;
        }
        decoder.hold(false);
        if (idle) {
            decoder.goOn();
        }
        ChannelHandlerContext at = client.pipeline().context(decoder);
        if (at != null) { // a tunnel has none
            decoder.channelRead(at, Unpooled.EMPTY_BUFFER);
            at.fireChannelReadComplete();
        }
    }

    @Nullable
    Object peek() {
        return messages.peek();
    }

    Object poll() {
        return messages.remove();
    }

    /** Nobody wants it. */
    void clear() {
        messages.forEach(ReferenceCountUtil::release);
        messages.clear();
    }
}
