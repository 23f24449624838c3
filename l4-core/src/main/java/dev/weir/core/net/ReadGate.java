package dev.weir.core.net;

import io.netty.channel.Channel;

/** Reads are on while no reason holds them. One per channel, on its event loop. */
final class ReadGate {
    /** The connection has not started, or is being closed. */
    static final int CLOSED = 1;
    /** The other side cannot take more. */
    static final int TERMINAL = 2;
    /** Filters hold too many bytes. */
    static final int HELD = 4;

    private final Channel channel;
    private int reasons;

    /** The channel must not read yet. */
    ReadGate(Channel channel) {
        this.channel = channel;
        this.reasons = CLOSED;
    }

    void hold(int reason) {
        if (reasons == 0) {
            channel.config().setAutoRead(false);
        }
        reasons |= reason;
    }

    void release(int reason) {
        if (reasons != 0) {
            reasons &= ~reason;
            if (reasons == 0) {
                channel.config().setAutoRead(true);
            }
        }
    }
}
