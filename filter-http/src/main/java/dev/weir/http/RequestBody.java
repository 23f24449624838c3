package dev.weir.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request on its way. Where nobody can be sent to yet it waits, bounded by what the client may send ahead; where it may have to be sent again, it is kept, up
 * to a limit.
 */
final class RequestBody {
    /** What a piece costs beside its bytes. */
    private static final int PIECE = 256;

    private static final int SMALL = 256;
    private static final int GATHERED = 1_024;

    private final ClientStream stream;
    /** Whether there is none at all. */
    private boolean none;

    private @Nullable ArrayDeque<ByteBuf> held;
    /** The last of those, if it is one of ours. */
    private @Nullable ByteBuf gathering;

    private @Nullable List<ByteBuf> kept;
    private int keepable;
    private @Nullable HttpHeaders trailers;
    private boolean received;
    private long sent;
    /** Bytes that were sent, but have not gone on. */
    private int unpaid;

    RequestBody(ClientStream stream, boolean none) {
        this.stream = stream;
        this.none = none;
        this.received = none;
    }

    boolean isNone() {
        return none;
    }

    boolean isReceived() {
        return received;
    }

    /**
     * From now on bytes pass as they are, until the client ends its side.
     *
     * @param http2 whether the end of the client's side is that of its stream, and may have come already
     */
    void reopen(boolean http2) {
        none = false;
        received &= http2;
    }

    /** From now on what is sent is kept, as long as it is no more than so many bytes. */
    void keep(int bytes) {
        if (!none && bytes > 0) {
            kept = new ArrayList<>(2);
            keepable = bytes;
        }
    }

    /** No further try will be made. */
    void forget() {
        List<ByteBuf> all = kept;
        kept = null;
        if (all != null) {
            all.forEach(ByteBuf::release);
        }
    }

    /** Whether everything that was sent can be sent again. */
    boolean isRepeatable() {
        return sent == 0 || kept != null;
    }

    /**
     * More of it; takes it over.
     *
     * @param by who is sent to, or null
     */
    void add(ByteBuf data, boolean end, @Nullable Attempt by) {
        received |= end;
        if (by == null) {
            if (held == null) {
                held = new ArrayDeque<>(4);
            }
            hold(held, data);
        } else {
            pass(by, data, end);
        }
    }

    /** Small pieces wait as one: each by itself would cost many times its size, and keep all that was read with it. */
    private void hold(ArrayDeque<ByteBuf> waiting, ByteBuf data) {
        int bytes = data.readableBytes();
        if (bytes >= SMALL) {
            waiting.add(data);
            gathering = null;
            return;
        }
        ByteBuf last = gathering;
        if (last == null || last.writableBytes() < bytes) {
            last = data.alloc().buffer(GATHERED, GATHERED);
            gathering = last;
            waiting.add(last);
        }
        last.writeBytes(data);
        data.release();
    }

    void end(HttpHeaders ending, @Nullable Attempt by) {
        received = true;
        trailers = ending;
        if (by != null) {
            by.sendTrailers(ending);
        }
    }

    /** A try has begun: everything there is of the body is sent. */
    void sendTo(Attempt by) {
        if (none && held == null) {
            return;
        }
        ArrayDeque<ByteBuf> waiting = held;
        held = null;
        gathering = null;
        boolean more = waiting != null && !waiting.isEmpty();
        boolean last = received && trailers == null;
        boolean ended = false;
        List<ByteBuf> again = kept;
        if (again != null) {
            for (int i = 0; i < again.size(); i++) {
                boolean end = last && !more && i == again.size() - 1;
                by.sendData(again.get(i).retainedDuplicate(), end);
                ended |= end;
            }
        }
        while (waiting != null && !waiting.isEmpty()) {
            ByteBuf data = waiting.poll();
            boolean end = last && waiting.isEmpty();
            pass(by, data, end);
            ended |= end;
        }
        if (trailers != null) {
            by.sendTrailers(trailers);
        } else if (last && !ended) {
            by.sendData(Unpooled.EMPTY_BUFFER, true);
        }
        if (by.isWritable()) {
            goesOn(); // also what the try before did not take
        }
    }

    private void pass(Attempt by, ByteBuf data, boolean end) {
        int bytes = data.readableBytes();
        sent += bytes;
        List<ByteBuf> all = kept;
        if (all != null && bytes > 0) {
            if (sent + (long) PIECE * all.size() > keepable + PIECE) {
                forget();
            } else {
                all.add(data.retainedDuplicate());
            }
        }
        by.sendData(data, end);
        if (by.isWritable()) {
            pay(bytes);
        } else {
            unpaid += bytes;
        }
    }

    /** Whether the client waits for who is sent to. */
    boolean isHeldBack() {
        return unpaid > 0;
    }

    /** Who is sent to takes bytes again. */
    void goesOn() {
        int bytes = unpaid;
        unpaid = 0;
        pay(bytes);
    }

    private void pay(int bytes) {
        if (bytes > 0) {
            stream.consumed(bytes);
        }
    }

    /** The exchange is over: what there is of the body is of no use, nor what is still to come. */
    void discard() {
        forget();
        ArrayDeque<ByteBuf> waiting = held;
        held = null;
        gathering = null;
        if (waiting != null) {
            for (ByteBuf data : waiting) {
                unpaid += data.readableBytes();
                data.release();
            }
        }
        goesOn();
    }

    /** Bytes for an exchange that is over. */
    void drop(ByteBuf data) {
        int bytes = data.readableBytes();
        data.release();
        pay(bytes);
    }
}
