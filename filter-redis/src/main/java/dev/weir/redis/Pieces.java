package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundInvoker;
import org.jspecify.annotations.Nullable;

/**
 * What goes out to one peer: small pieces copied into one buffer, larger ones as they are, and all of it flushed at the end of the loop's iteration. So
 * the answers to many clients, or the commands of many, share a system call.
 */
final class Pieces implements ProxyLoop.Flushing {
    /** Up to here a piece is copied. */
    static final int COPIED = 256;

    private static final int SIZE = 4 << 10;

    private final ProxyLoop home;
    private final Runnable flushed;
    private @Nullable Channel to;
    private @Nullable ChannelOutboundInvoker writer;
    private @Nullable ByteBuf small;
    private boolean dirty;

    /** @param flushed is told that all has been handed to the socket, as far as it took it */
    Pieces(ProxyLoop home, Runnable flushed) {
        this.home = home;
        this.flushed = flushed;
    }

    /** Who gets them from now on. What has not been handed over to one before is lost. */
    void open(Channel channel, ChannelOutboundInvoker peer) {
        close();
        to = channel;
        writer = peer;
    }

    /** Nobody gets them: they are dropped. */
    void close() {
        to = null;
        writer = null;
        if (small != null) {
            small.release();
            small = null;
        }
    }

    /** Bytes of a buffer that stays the caller's. */
    void add(ByteBuf buf, int from, int length) {
        // A small piece of a large buffer would keep all of it for a peer that does not read.
        if (length <= COPIED || length < buf.capacity() >> 2 && to != null && !to.isWritable()) {
            room(length).writeBytes(buf, from, length);
        } else {
            addWhole(buf.retainedSlice(from, length));
        }
    }

    /** A buffer, taken over, as it is. */
    void addWhole(ByteBuf buf) {
        ChannelOutboundInvoker peer = writer;
        if (peer == null) {
            buf.release();
            return;
        }
        handOver();
        peer.write(buf, peer.voidPromise());
        soon();
    }

    /** Where {@code length} bytes have room, to be written to at once. */
    ByteBuf room(int length) {
        soon();
        ByteBuf buf = small;
        if (buf != null && buf.writableBytes() >= length) {
            return buf;
        }
        handOver();
        ByteBuf fresh = home.allocator().directBuffer(Math.max(SIZE, length));
        small = fresh;
        return fresh;
    }

    /** What was copied is written, so that something else may be written behind it. */
    void handOver() {
        ByteBuf buf = small;
        ChannelOutboundInvoker peer = writer;
        if (buf != null && peer != null) {
            small = null;
            peer.write(buf, peer.voidPromise());
        }
    }

    private void soon() {
        if (!dirty) {
            dirty = true;
            home.soon(this);
        }
    }

    @Override
    public void flushNow() {
        dirty = false;
        ChannelOutboundInvoker peer = writer;
        if (peer != null) {
            handOver();
            peer.flush();
            flushed.run();
        }
    }
}
