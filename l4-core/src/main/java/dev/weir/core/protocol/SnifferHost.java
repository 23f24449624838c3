package dev.weir.core.protocol;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Direction;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Runs one sniffer: the one place where sniffers fail open, on the wire and in {@code replay}. Whatever the sniffer
 * throws stays here; it is switched off for its connection, once, and stays off, as it has missed bytes. One instance
 * per connection, on the connection's thread.
 */
public abstract class SnifferHost implements SnifferContext {
    private @Nullable Sniffer sniffer;
    private boolean opened;
    /** Set by the sniffer during a call; carried out after it. */
    private @Nullable String stopOutcome;

    private String stopReason = "";

    /** Takes a sniffer that was not opened yet. */
    protected SnifferHost(Sniffer sniffer) {
        this.sniffer = sniffer;
    }

    /**
     * The sniffer stops; called at most once, and once more if it fails while the connection closes.
     *
     * @param outcome gave_up, opaque, encrypted, switched_off
     * @param reason a constant in snake_case
     * @param cause what it threw unexpectedly, else null
     */
    protected abstract void stopped(String outcome, String reason, @Nullable Throwable cause);

    /** The time, as shown to a sniffer that is closed. */
    protected abstract long nanoTime();

    /** Whether the sniffer still wants bytes. */
    protected final boolean running() {
        return sniffer != null;
    }

    /** Opens the sniffer: the first call. */
    protected final void open() {
        Sniffer s = sniffer;
        if (s != null) {
            opened = true;
            try {
                s.onOpen(this);
            } catch (Throwable t) {
                threw(t);
            }
            stopIfAsked();
        }
    }

    /** Leaves the sniffer alone from here on, without a word: it was not opened, or has said itself that it stops. */
    protected final void drop() {
        sniffer = null;
    }

    /** Shows bytes. */
    protected final void show(Direction direction, ByteBuf data, long nanos) {
        Sniffer s = sniffer;
        if (s != null) {
            try {
                s.onBytes(direction, data, nanos);
            } catch (Throwable t) {
                threw(t);
            }
            if (stopOutcome != null) {
                stopIfAsked();
            }
        }
    }

    /** Tells of the end of a stream. */
    protected final void end(Direction direction, long nanos) {
        Sniffer s = sniffer;
        if (s != null) {
            try {
                s.onEndOfStream(direction, nanos);
            } catch (Throwable t) {
                threw(t);
            }
            stopIfAsked();
        }
    }

    /** Tells of missing bytes. */
    protected final void gap(Direction direction) {
        Sniffer s = sniffer;
        if (s != null) {
            try {
                s.onGap(direction);
            } catch (Throwable t) {
                threw(t);
            }
            stopIfAsked();
        }
    }

    /** Whether the sniffer stands at a boundary; null if nobody can tell. */
    protected final @Nullable Boolean idle() {
        Sniffer s = sniffer;
        if (s == null) {
            return null;
        }
        try {
            return s.idle();
        } catch (Throwable t) {
            threw(t);
            return null;
        }
    }

    /** Closes the sniffer: the last call. */
    protected final void close(CloseReason reason) {
        Sniffer closing = sniffer;
        sniffer = null;
        if (closing != null && opened) {
            try {
                closing.onClose(reason, nanoTime());
            } catch (Throwable t) {
                stopped("gave_up", "internal_error", t);
            }
        }
    }

    private void threw(Throwable t) {
        if (t instanceof SniffException expected) {
            stop("gave_up", expected.reason(), null);
        } else {
            stop("gave_up", "internal_error", t);
        }
    }

    private void stopIfAsked() {
        if (stopOutcome != null) {
            stop(stopOutcome, stopReason, null);
        }
    }

    /** Switches the sniffer off. */
    protected final void stop(String outcome, String reason, @Nullable Throwable cause) {
        Sniffer stopping = sniffer;
        sniffer = null;
        stopOutcome = null;
        if (stopping == null || !opened) {
            return;
        }
        stopped(outcome, reason, cause);
        try {
            // What is open will never be seen to end.
            stopping.onClose(CloseReason.FILTER, nanoTime());
        } catch (Throwable again) {
            // Counted already; a broken sniffer may be broken here too.
        }
    }

    @Override
    public final void giveUp(String reason) {
        ask("gave_up", reason);
    }

    @Override
    public final void opaque(String reason) {
        ask("opaque", reason);
    }

    @Override
    public final void encrypted() {
        ask("encrypted", "tls");
    }

    private void ask(String outcome, String reason) {
        if (stopOutcome == null) {
            stopOutcome = outcome;
            stopReason = reason;
        }
    }
}
