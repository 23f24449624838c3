package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.net.Sniffers.Candidate;
import dev.weir.core.protocol.Detection;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The filter {@code auto_stats}: lets all bytes go on at once, keeps a copy of the first ones, and asks the protocols
 * about them until one says yes. Its sniffer is then shown what went by so far, in the order and with the times it had,
 * and goes on as if it had been there from the start.
 *
 * <pre>
 *   looking ──yes──▶ sniffing
 *      └──nobody can be it, or {@value #MOST} bytes of a direction say too little──▶ off
 * </pre>
 */
final class AutoStats implements NetworkFilter {
    /** Most bytes of a direction that are looked at, and kept. */
    static final int MOST = 1_024;
    /** Pieces of which the times are kept apart; further ones of the same side are taken for one. */
    private static final int PIECES_APART = 32;
    /** Most pieces. */
    private static final int MOST_PIECES = 64;

    private static final int FIRST_SIZE = 64;

    /** What went by at once, or the end of a stream if nothing. */
    private record Piece(Direction direction, int length, long nanos, boolean byWeir) {}

    private final Sniffers.Detector detector;
    private final Connection connection;

    private boolean looking = true;
    private @Nullable SniffingFilter sniffing;
    private boolean @Nullable [] ruledOut;
    private @Nullable List<Piece> pieces;
    private ByteBuf fromClient = Unpooled.EMPTY_BUFFER;
    private ByteBuf fromUpstream = Unpooled.EMPTY_BUFFER;

    AutoStats(Sniffers.Detector detector, Connection connection) {
        this.detector = detector;
        this.connection = connection;
    }

    @Override
    public Opening onOpen(FilterContext context) {
        looking = detector.enabled.getAsBoolean();
        return Opening.PROCEED;
    }

    @Override
    public int onData(FilterContext context, Direction direction, ByteBuf data) {
        int length = data.readableBytes();
        if (sniffing != null) {
            sniffing.onData(context, direction, data);
        } else if (looking) {
            look(context, direction, data);
        }
        return length;
    }

    @Override
    public void onEndOfStream(FilterContext context, Direction direction) {
        if (sniffing != null) {
            sniffing.onEndOfStream(context, direction);
        } else if (looking) {
            pieces().add(new Piece(direction, 0, context.burstNanos(), false));
        }
    }

    @Override
    public Boundary boundary() {
        return sniffing == null ? Boundary.UNKNOWN : sniffing.boundary();
    }

    @Override
    public void onClose(CloseReason reason) {
        forget();
        if (sniffing != null) {
            sniffing.onClose(reason);
        }
    }

    // ---- looking

    private void look(FilterContext context, Direction direction, ByteBuf data) {
        if (!detector.enabled.getAsBoolean()) {
            off("switched_off", "operator");
            return;
        }
        ByteBuf seen = seen(direction);
        int before = seen.readableBytes();
        int taken = Math.min(MOST - before, data.readableBytes());
        ByteBuf first = data.slice(data.readerIndex(), taken);
        if (before > 0) {
            first = seen.writeBytes(first);
        }
        int found = ask(direction, first);
        if (found >= 0) {
            seen.writerIndex(before);
            start(context, found, direction, data);
        } else if (before + taken == MOST || nobodyLeft() || !keep(context, direction, taken)) {
            off("gave_up", "undetected");
        } else if (before == 0) {
            keepFirst(direction, first);
        }
    }

    /** The place of the protocol that says yes, or -1. */
    private int ask(Direction direction, ByteBuf first) {
        List<Candidate> candidates = detector.candidates;
        boolean[] out = ruledOut;
        if (out == null) {
            out = new boolean[candidates.size()];
            ruledOut = out;
        }
        for (int i = 0; i < out.length; i++) {
            if (!out[i]) {
                Detection answer = Detection.NO;
                try {
                    answer = candidates.get(i).protocol().detect(direction, first.duplicate());
                } catch (Throwable t) {
                    candidates.get(i).stops().stopped("gave_up", "internal_error", t);
                }
                if (answer == Detection.YES) {
                    return i;
                }
                out[i] = answer == Detection.NO;
            }
        }
        return -1;
    }

    private boolean nobodyLeft() {
        if (ruledOut != null) {
            for (boolean out : ruledOut) {
                if (!out) {
                    return false;
                }
            }
        }
        return true;
    }

    private void start(FilterContext context, int found, Direction direction, ByteBuf data) {
        SniffingFilter sniffer;
        try {
            sniffer = detector.sniffing(found, connection);
        } catch (Throwable t) {
            looking = false;
            forget();
            detector.candidates.get(found).stops().stopped("gave_up", "internal_error", t);
            return;
        }
        sniffing = sniffer;
        looking = false;
        sniffer.onOpen(context);
        for (Piece piece : pieces()) {
            if (piece.length == 0) {
                sniffer.replayEnd(piece.direction, piece.nanos);
            } else {
                sniffer.replay(
                        piece.direction, seen(piece.direction).readSlice(piece.length), piece.nanos, piece.byWeir);
            }
        }
        forget();
        sniffer.onData(context, direction, data);
    }

    private void off(String outcome, String reason) {
        looking = false;
        forget();
        detector.stops.stopped(outcome, reason, null);
    }

    // ---- what went by

    private ByteBuf seen(Direction direction) {
        return direction == Direction.TO_UPSTREAM ? fromClient : fromUpstream;
    }

    private void keepFirst(Direction direction, ByteBuf first) {
        ByteBuf copy = Unpooled.buffer(FIRST_SIZE, MOST).writeBytes(first, first.readerIndex(), first.readableBytes());
        if (direction == Direction.TO_UPSTREAM) {
            fromClient = copy;
        } else {
            fromUpstream = copy;
        }
    }

    /** Notes a piece. False if the two sides talk in more turns than any protocol needs to be known. */
    private boolean keep(FilterContext context, Direction direction, int length) {
        Piece piece = new Piece(direction, length, context.burstNanos(), context.madeByWeir());
        List<Piece> all = pieces();
        Piece last = all.isEmpty() ? null : all.get(all.size() - 1);
        if (last != null
                && last.length > 0
                && last.direction == direction
                && (last.nanos == piece.nanos && last.byWeir == piece.byWeir || all.size() >= PIECES_APART)) {
            all.set(all.size() - 1, new Piece(direction, last.length + length, last.nanos, last.byWeir));
            return true;
        }
        return all.size() < MOST_PIECES && all.add(piece);
    }

    private List<Piece> pieces() {
        if (pieces == null) {
            pieces = new ArrayList<>(2);
        }
        return pieces;
    }

    /** All of it is on the heap: there is nothing to release. */
    private void forget() {
        pieces = null;
        ruledOut = null;
        fromClient = Unpooled.EMPTY_BUFFER;
        fromUpstream = Unpooled.EMPTY_BUFFER;
    }
}
