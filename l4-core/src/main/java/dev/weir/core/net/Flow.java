package dev.weir.core.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What one filter has in hand of one direction: bytes it holds, bytes that arrived while it was busy, output
 * that waits for its turn, and the promises of writes whose bytes are still here. Owns all of them.
 *
 * <pre>
 *   arrive ──▶ [arrived] ──▶ [held] ──lend──▶ filter ──▶ [outbox] ──▶ next filter
 * </pre>
 */
final class Flow {
    /** A held rest up to this size is copied, so that it does not keep a large read buffer alive. */
    private static final int COPY_REST = 1_024;

    /** What writes fail with whose bytes never went out. One for all, without a stack: it says nothing of a place. */
    @SuppressWarnings("StaticAssignmentOfThrowable") // it has no stack that could be wrong
    static final Throwable CLOSED = new Closed();

    private static final class Closed extends ClosedChannelException {
        private static final long serialVersionUID = 1L;

        @Override
        public synchronized Throwable fillInStackTrace() {
            return this;
        }
    }

    /** A write whose bytes are not out yet, and where in the stream they end. */
    private record Pending(long end, ChannelPromise promise) {}

    /** Bytes the filter did not let go. */
    @Nullable
    ByteBuf held;
    /** Bytes that came while the filter was busy or not open; lent behind {@link #held}. */
    @Nullable
    ByteBuf arrived;
    /** The filter runs, or its output is on its way: newcomers queue. */
    boolean busy;
    /** Asked to lend again. */
    boolean again;
    /** The end of the stream has arrived. */
    boolean ending;
    /** The filter was told of the end. */
    boolean endTold;
    /** The end has travelled on. */
    boolean ended;
    /** Some of the bytes in hand were made by Weir. */
    boolean madeByWeir;
    /** When bytes last moved on while some are held. */
    long heldSince;

    private @Nullable ArrayDeque<ByteBuf> outbox;
    private @Nullable ArrayDeque<Pending> promises;
    private long bytesIn;
    private long bytesOut;

    /** Bytes in hand. */
    int size() {
        return (held == null ? 0 : held.readableBytes()) + (arrived == null ? 0 : arrived.readableBytes());
    }

    /** Queues bytes behind those in hand. Takes ownership. */
    void arrive(ByteBufAllocator allocator, ByteBuf data, @Nullable ChannelPromise promise) {
        bytesIn += data.readableBytes();
        if (promise != null && !promise.isVoid()) {
            if (promises == null) {
                promises = new ArrayDeque<>(4);
            }
            promises.add(new Pending(bytesIn, promise));
        }
        arrived = append(allocator, arrived, data);
    }

    /** Bytes were lent without having been queued. */
    void entered(int bytes) {
        bytesIn += bytes;
    }

    /** All bytes in hand as one buffer, now the caller's; null if there are none. */
    @Nullable
    ByteBuf take(ByteBufAllocator allocator) {
        ByteBuf all = held;
        held = null;
        if (arrived != null) {
            all = append(allocator, all, arrived);
            arrived = null;
        }
        return all;
    }

    /** Keeps what the filter did not let go of. Takes ownership of {@code rest}. */
    void keep(ByteBufAllocator allocator, ByteBuf rest) {
        if (rest.readableBytes() <= COPY_REST && rest.capacity() > 4 * COPY_REST) {
            ByteBuf copy = allocator.buffer(rest.readableBytes());
            copy.writeBytes(rest);
            rest.release();
            held = copy;
        } else {
            held = rest;
        }
    }

    /** Bytes went on (or were dropped): the promise that is due with them, or null. */
    @Nullable
    ChannelPromise consumed(int bytes, Channel channel) {
        bytesOut += bytes;
        if (promises == null) {
            return null;
        }
        ChannelPromise due = null;
        for (Pending first = promises.peek(); first != null && first.end <= bytesOut; first = promises.peek()) {
            promises.remove();
            due = due == null ? first.promise : both(channel, due, first.promise);
        }
        return due;
    }

    private static ChannelPromise both(Channel channel, ChannelPromise a, ChannelPromise b) {
        ChannelPromise both = channel.newPromise();
        both.addListener(done -> {
            if (done.isSuccess()) {
                a.trySuccess();
                b.trySuccess();
            } else {
                a.tryFailure(done.cause());
                b.tryFailure(done.cause());
            }
        });
        return both;
    }

    /** What a promise was made for has been done. */
    static void done(@Nullable ChannelPromise promise) {
        if (promise != null) {
            promise.trySuccess();
        }
    }

    /** Queues output behind what is on its way. Takes ownership. */
    void putOut(ByteBuf data) {
        if (outbox == null) {
            outbox = new ArrayDeque<>(4);
        }
        outbox.add(data);
    }

    /** The next output that waits, or null. */
    @Nullable
    ByteBuf nextOut() {
        return outbox == null ? null : outbox.poll();
    }

    /** Releases everything; the promises fail with {@link #CLOSED}. */
    void discard() {
        if (held != null) {
            held.release();
            held = null;
        }
        if (arrived != null) {
            arrived.release();
            arrived = null;
        }
        for (ByteBuf out = nextOut(); out != null; out = nextOut()) {
            out.release();
        }
        if (promises != null) {
            promises.forEach(p -> p.promise.tryFailure(CLOSED));
            promises = null;
        }
    }

    /** Appends {@code more} to {@code first}, in place where possible. Takes ownership of both. */
    private static ByteBuf append(ByteBufAllocator allocator, @Nullable ByteBuf first, ByteBuf more) {
        if (first == null) {
            return more;
        }
        if (!first.isReadable()) {
            first.release();
            return more;
        }
        int needed = more.readableBytes();
        if (first.refCnt() == 1 && !first.isReadOnly() && first.maxCapacity() - first.writerIndex() >= needed) {
            first.writeBytes(more, more.readerIndex(), needed);
            more.release();
            return first;
        }
        ByteBuf both = allocator.buffer(first.readableBytes() + needed);
        both.writeBytes(first).writeBytes(more, more.readerIndex(), needed);
        first.release();
        more.release();
        return both;
    }
}
