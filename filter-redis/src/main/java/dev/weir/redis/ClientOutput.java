package dev.weir.redis;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** What goes to one client: its answers in their order, and messages between them. */
final class ClientOutput {
    private final ChannelHandlerContext client;
    private final Pieces pieces;
    /** Messages that came in the middle of an answer. */
    private @Nullable ArrayDeque<ByteBuf> pushes;
    /** Bytes of answers that wait for their turn. */
    private long held;

    ClientOutput(ProxyLoop home, ChannelHandlerContext client, Runnable flushed) {
        this.client = client;
        this.pieces = new Pieces(home, flushed);
        pieces.open(client.channel(), client);
    }

    /** Bytes of answers that it has not taken. */
    long waiting() {
        ChannelOutboundBuffer written = client.channel().unsafe().outboundBuffer();
        return held + (written == null ? 0 : written.totalPendingWriteBytes());
    }

    /** Bytes of answers that wait for their turn. */
    long held() {
        return held;
    }

    /** All of it goes to the socket, as far as that takes it. */
    void flushNow() {
        pieces.flushNow();
    }

    /** So many more bytes wait in calls. */
    void held(long more) {
        held += more;
    }

    /** What a call has kept goes out. */
    void writeHeld(Call call) {
        int length = call.heldBytes();
        if (length == 0) {
            return;
        }
        held -= length;
        ByteBuf whole = length > Pieces.COPIED ? call.takeHeld() : null;
        if (whole != null) {
            pieces.addWhole(whole);
        } else {
            call.writeHeld(pieces.room(length));
        }
    }

    /** Bytes of an answer go out. */
    void append(ByteBuf buf, int from, int length) {
        pieces.add(buf, from, length);
    }

    /**
     * A message of a subscription goes out.
     *
     * @param inside whether a part of an answer is out: then it goes behind it
     */
    void push(ByteBuf frame, boolean resp3, boolean inside) {
        if (!inside) {
            writePush(frame, resp3);
            return;
        }
        if (pushes == null) {
            pushes = new ArrayDeque<>();
        }
        pushes.add(frame.copy());
        held += frame.readableBytes();
    }

    /** Its first byte depends on the client, the others are the same for all. */
    private void writePush(ByteBuf frame, boolean resp3) {
        pieces.room(1).writeByte(resp3 ? '>' : '*');
        pieces.add(frame, frame.readerIndex() + 1, frame.readableBytes() - 1);
    }

    /** An answer is out: so are the messages behind it. */
    void writePushes(boolean resp3) {
        ArrayDeque<ByteBuf> waiting = pushes;
        while (waiting != null && !waiting.isEmpty()) {
            ByteBuf push = waiting.remove();
            held -= push.readableBytes();
            writePush(push, resp3);
            push.release();
        }
    }

    /** All of it is handed to the channel. */
    void handOver() {
        pieces.handOver();
    }

    /** The client has left. */
    void close() {
        pieces.close();
        if (pushes != null) {
            pushes.forEach(ByteBuf::release);
            pushes = null;
        }
    }
}
