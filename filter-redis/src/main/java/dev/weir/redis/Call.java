package dev.weir.redis;

import dev.weir.core.exchange.Exchange.Status;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * A command that waits for its answer: in the ring of its client, which decides when the answer may go out, or as a part of a {@link Merge}; and in
 * the ring of a {@link ShardLink}, which tells whose an answer is. Pooled: it goes back when it is in no ring any more. Only its loop touches it.
 */
final class Call {
    private static final int SMALL = 128;
    /** Up to here an answer that waits is copied; a larger one keeps the buffer it was read into. */
    private static final int COPIED = 16 << 10;

    final ProxyLoop home;

    CommandInfo info;
    /** Who gets the answer; null if nobody wants it any more. */
    @Nullable
    ProxyClient client;
    /** Of what it is a part; then {@link #client} is null. */
    @Nullable
    Merge merge;
    /** Which part. */
    int part;

    @Nullable
    ShardLink link;

    /** The parts that its answer is made of, as long as some are missing. */
    @Nullable
    Merge parts;

    /** The transaction that it belongs to, watches for or ends. */
    @Nullable
    ProxyTransaction transaction;
    /** What it is the answer to, if that comes in parts. */
    @Nullable
    LargeCommand large;
    /** What is to be done when it has been answered, if nobody else is told. */
    @Nullable
    Runnable whenDone;
    /** Whose connection its answer sets free, if it has been taken for this call alone. */
    @Nullable
    LinkSet lender;

    boolean inClient;
    boolean inLink;
    /** Whether it lies in the pool. */
    boolean pooled;
    /** Whether the answer is whole. */
    boolean done;
    /** Whether nothing is to be sent to the client (CLIENT REPLY). */
    boolean silent;
    /** Whether a part of the answer is with the client already. */
    boolean begun;

    long start;
    long sent;
    long end;
    /** When the first byte of the answer came; 0 if it was made here. */
    long first;

    int requestBytes;
    /** Bytes that its client counts for it. */
    int weight;
    /** Of its request to the link, as far as it was sent at once. */
    int sentBytes;

    long responseBytes;
    int shards;
    boolean byWeir;
    boolean waits;
    /** Whether it is a copy for a mirror. */
    boolean copy;

    Status status = Status.OK;

    @Nullable
    String error;

    /** Its first key, where that is shown, or counted. */
    @Nullable
    FirstKey key;

    long rows;
    int hit;

    /** Who may answer it. */
    ReadPolicy reads = ReadPolicy.PRIMARY;
    /** Of a Redis Cluster the slot of its keys; -1 if it has none, so that nobody can say where it is. */
    int slot = -1;
    /** Whether its slot is on its way to the node that it is sent to. */
    boolean asks;
    /** Whether it was sent as such. */
    boolean asked;
    /** Whether calls of its client that were redirected wait for it. */
    boolean awaited;
    /** Grows from call to call of a loop. */
    long order;
    /** How often a node has said that another one is to be asked. */
    int redirections;
    /** How often it was sent again as it had failed. */
    int retries;

    /** The request, as long as it has not been sent. */
    @Nullable
    ByteBuf request;

    private byte @Nullable [] small;
    private int smallLength;
    private @Nullable ByteBuf held;

    /** The request, as long as it may have to be sent again. */
    private @Nullable ByteBuf kept;

    private byte @Nullable [] smallRequest;
    private int smallRequestLength;

    Call(ProxyLoop home) {
        this.home = home;
        this.info = home.table.other();
    }

    void begin(CommandInfo command, long startNanos, int bytes) {
        pooled = false;
        info = command;
        start = startNanos;
        requestBytes = bytes;
        sent = startNanos;
        done = false;
        silent = false;
        begun = false;
        end = 0;
        first = 0;
        sentBytes = 0;
        responseBytes = 0;
        shards = 1;
        byWeir = false;
        waits = false;
        copy = false;
        status = Status.OK;
        error = null;
        key = null;
        rows = -1;
        hit = -1;
        reads = ReadPolicy.PRIMARY;
        slot = -1;
        asks = false;
        asked = false;
        awaited = false;
        redirections = 0;
        retries = 0;
    }

    /** Keeps the request, as it may have to be sent again. */
    void keep(ByteBuf buf, int from, int length) {
        if (length <= SMALL) {
            if (smallRequest == null) {
                smallRequest = new byte[SMALL];
            }
            buf.getBytes(from, smallRequest, 0, length);
            smallRequestLength = length;
            return;
        }
        boolean copied =
                length <= COPIED || length < buf.capacity() >> 1; // else it would keep much that is not its own
        kept = copied
                ? home.allocator().heapBuffer(length).writeBytes(buf, from, length)
                : buf.retainedSlice(from, length);
    }

    boolean isKept() {
        return kept != null || smallRequestLength > 0;
    }

    /** The request; lent. */
    ByteBuf kept() {
        if (kept == null && smallRequest != null && smallRequestLength > 0) {
            return Unpooled.wrappedBuffer(smallRequest, 0, smallRequestLength);
        }
        if (kept == null) {
            throw new IllegalStateException("the request was not kept");
        }
        return kept;
    }

    /** Its answer is whole: what came of it. */
    void outcome(RespValue value, long now) {
        Outcome outcome = home.outcome;
        outcome.clear();
        Answers.value(outcome, info, value, home.errors);
        end = now;
        status = outcome.status;
        error = outcome.error;
        rows = outcome.rows;
        hit = outcome.hit;
    }

    /** What came of the answer so far and waits. */
    int heldBytes() {
        ByteBuf buf = held;
        return smallLength + (buf == null ? 0 : buf.readableBytes());
    }

    /** Keeps bytes of the answer until it is their turn. */
    void hold(ByteBuf buf, int from, int length) {
        ByteBuf before = held;
        if (before == null && smallLength + length <= SMALL) {
            if (small == null) {
                small = new byte[SMALL];
            }
            buf.getBytes(from, small, smallLength, length);
            smallLength += length;
            return;
        }
        if (before == null && smallLength == 0 && length > COPIED) {
            held = buf.retainedSlice(from, length);
            return;
        }
        held = grown(before, length, buf).writeBytes(buf, from, length);
    }

    private ByteBuf grown(@Nullable ByteBuf before, int more, ByteBuf like) {
        if (before != null && before.writableBytes() >= more && before.refCnt() == 1 && before.unwrap() == null) {
            return before;
        }
        int have = heldBytes();
        ByteBuf larger = like.alloc().buffer(have + more + (have >> 1));
        writeHeld(larger);
        return larger;
    }

    /** Keeps an answer made here. */
    void hold(ByteBuf whole) {
        dropHeld();
        held = whole;
    }

    /** Copies what waits to the end of {@code out}, and forgets it. */
    void writeHeld(ByteBuf out) {
        if (smallLength > 0 && small != null) {
            out.writeBytes(small, 0, smallLength);
            smallLength = 0;
        }
        if (held != null) {
            out.writeBytes(held, held.readerIndex(), held.readableBytes());
            held.release();
            held = null;
        }
    }

    /** What waits, as a buffer that stays the call's. */
    ByteBuf lend(ByteBufAllocator allocator) {
        if (held == null) {
            ByteBuf copy = allocator.buffer(smallLength);
            writeHeld(copy);
            held = copy;
        }
        return held;
    }

    /** What waits, as a buffer of its own; the caller's. */
    @Nullable
    ByteBuf takeHeld() {
        ByteBuf taken = held;
        held = null;
        return taken;
    }

    /** It will not be sent again. */
    void dropKept() {
        smallRequestLength = 0;
        if (kept != null) {
            kept.release();
            kept = null;
        }
    }

    void dropHeld() {
        smallLength = 0;
        if (held != null) {
            held.release();
            held = null;
        }
    }

    /** Its client has its answer: what it alone has used is set free. */
    void release(ClientLane lane) {
        ProxyTransaction its = transaction;
        LinkSet lending = lender;
        LargeCommand whole = large;
        ShardLink used = link;
        if (whole != null) {
            whole.answered(byWeir);
        }
        if (its != null) {
            its.answered(this);
        }
        if (lending != null && used != null) {
            lane.leave();
            if (byWeir) {
                used.abort(); // its answer is still to come
            } else {
                lending.giveBack(used);
            }
        }
        free();
    }

    /** It has left one of its rings. */
    void free() {
        if (!inClient && !inLink && merge == null && !pooled) {
            home.free(this);
        }
    }

    /** Lets go of all, before it goes back to the pool. */
    void clear() {
        dropHeld();
        if (request != null) {
            request.release();
            request = null;
        }
        dropKept();
        client = null;
        merge = null;
        parts = null;
        transaction = null;
        lender = null;
        whenDone = null;
        large = null;
        link = null;
        error = null;
    }
}
