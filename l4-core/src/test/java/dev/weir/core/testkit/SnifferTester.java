package dev.weir.core.testkit;

import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.protocol.Sniffer;
import dev.weir.core.protocol.SnifferContext;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Drives one sniffer as the core does: shows it bytes, switches it off when it throws or asks for it, closes it. What
 * is not a {@link SniffException} is a bug of the sniffer and is passed on. Checks at each call that the buffer is
 * left as it was.
 */
public final class SnifferTester implements SnifferContext {
    private final RecordingExchanges exchanges = new RecordingExchanges();
    private final FakeConnection connection = new FakeConnection();
    private final Sniffer sniffer;
    private String outcome = "";
    private boolean madeByWeir;
    private boolean closed;

    /** Makes the sniffer of a new connection and opens it. */
    public SnifferTester(PerLoop.PerConnection<Sniffer> sniffers) {
        sniffer = sniffers.create(connection);
        sniffer.onOpen(this);
    }

    /** Shows bytes, which are not released. */
    public void feed(Direction direction, ByteBuf data, long nanos) {
        if (!running() || !data.isReadable()) {
            return; // as in the core: a sniffer is never shown nothing
        }
        int index = data.readerIndex();
        int count = data.refCnt();
        try {
            sniffer.onBytes(direction, data, nanos);
        } catch (SniffException e) {
            stop("gave_up:" + e.reason());
        }
        if (data.refCnt() != count || data.readerIndex() != index) {
            throw new AssertionError("the buffer was changed (expected: reader index " + index + ", reference count "
                    + count + "; is: " + data.readerIndex() + ", " + data.refCnt() + ")");
        }
        afterCall(nanos);
    }

    /** Shows bytes. */
    public void feed(Direction direction, byte[] data, long nanos) {
        feed(direction, Unpooled.wrappedBuffer(data), nanos);
    }

    /** Whether the bytes shown next are made by Weir. */
    public void madeByWeir(boolean made) {
        madeByWeir = made;
    }

    /** Closes the connection. */
    public void close(long nanos) {
        if (running()) {
            closed = true;
            sniffer.onClose(CloseReason.CLIENT_CLOSED, nanos);
        }
    }

    private void afterCall(long nanos) {
        if (!outcome.isEmpty() && !closed) {
            closed = true;
            sniffer.onClose(CloseReason.FILTER, nanos);
        }
    }

    private void stop(String what) {
        if (outcome.isEmpty()) {
            outcome = what;
        }
    }

    /** Whether it still gets bytes. */
    public boolean running() {
        return outcome.isEmpty() && !closed;
    }

    /** Empty, {@code gave_up:REASON}, {@code opaque:REASON} or {@code encrypted}. */
    public String outcome() {
        return outcome;
    }

    /** Whether it says that the connection stands at a boundary. */
    public boolean idle() {
        return sniffer.idle();
    }

    /** The sniffer. */
    public Sniffer sniffer() {
        return sniffer;
    }

    /** What it produced. */
    public RecordingExchanges recorded() {
        return exchanges;
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public Exchanges exchanges() {
        return exchanges;
    }

    @Override
    public boolean madeByWeir() {
        return madeByWeir;
    }

    @Override
    public void giveUp(String reason) {
        stop("gave_up:" + reason);
    }

    @Override
    public void opaque(String reason) {
        stop("opaque:" + reason);
    }

    @Override
    public void encrypted() {
        stop("encrypted");
    }
}
