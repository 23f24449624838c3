package dev.weir.redis;

import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** Stops reading a link's answers while the only client that waits for some cannot take more. */
final class LinkPace {
    private static final int RECENT = 32;

    private final CallRing sent;
    private @Nullable Channel channel;
    private @Nullable ProxyClient slow;

    LinkPace(CallRing sent) {
        this.sent = sent;
    }

    void open(Channel opened) {
        channel = opened;
        opened.config().setAutoRead(true);
    }

    void close() {
        channel = null;
        slow = null;
    }

    boolean stopped() {
        return slow != null;
    }

    /** A client waits for an answer from now on. */
    void waits(@Nullable ProxyClient client) {
        if (slow != null && slow != client) {
            goOn();
        }
    }

    /** If nobody else waits for answers of this link, none are read until {@link #speedUp}. */
    boolean slowDown(ProxyClient client) {
        Channel from = channel;
        if (from == null || sent.size() > RECENT || !sent.allOf(client)) {
            return false;
        }
        slow = client;
        from.config().setAutoRead(false);
        return true;
    }

    void speedUp(ProxyClient client) {
        if (slow == client) {
            goOn();
        }
    }

    private void goOn() {
        slow = null;
        if (channel != null) {
            channel.config().setAutoRead(true);
        }
    }
}
