package dev.weir.tls.starttls;

import dev.weir.core.config.Address;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.Side;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds a connection as long as its {@link Talk} goes on, and carries out what that asks for.
 *
 * <pre>
 *   (waiting for a ClientHello) ─▶ talking ─startTls─▶ securing ─▶ talking under TLS ─▶ open
 *            └──────────────────── ClientHello ───────────┘              (or at once)
 * </pre>
 */
final class StarttlsFilter implements NetworkFilter, Wire {
    private static final Logger LOG = LoggerFactory.getLogger(StarttlsFilter.class);
    /** First byte of a TLS record with a handshake. No protocol here begins with it. */
    private static final int HANDSHAKE = 0x16;

    private enum State {
        WAITING,
        TALKING,
        SECURING,
        OPEN,
        OVER
    }

    private final StarttlsSettings settings;
    private final Talk talk;
    private final StarttlsSettings.Underway underway;
    private @Nullable FilterContext context;
    private State state = State.WAITING;
    private @Nullable Side listening;
    /** The client has said nothing yet. */
    private boolean mute = true;

    private boolean encrypted;
    /** Asked for while bytes are read that come before it. */
    private boolean startWanted;

    private boolean reading;
    private @Nullable ScheduledFuture<?> deadline;
    private @Nullable ScheduledFuture<?> patience;

    StarttlsFilter(StarttlsSettings settings, Talk talk, StarttlsSettings.Underway underway) {
        this.settings = settings;
        this.talk = talk;
        this.underway = underway;
    }

    // ---- what the core calls

    @Override
    public Opening onOpen(FilterContext opened) {
        context = opened;
        Connection connection = opened.connection();
        opened.holdDeadline("starttls", settings.timeout());
        deadline = connection.loop().schedule(this::late, settings.timeout().toNanos(), TimeUnit.NANOSECONDS);
        if (talk.patience() > 0) {
            patience = connection.loop().schedule(this::begin, talk.patience(), TimeUnit.MILLISECONDS);
        } else {
            begin();
        }
        return talk.choosesTarget() ? Opening.WAIT : Opening.PROCEED;
    }

    @Override
    public int onData(FilterContext lending, Direction direction, ByteBuf data) {
        if (state == State.OPEN) {
            return data.readableBytes();
        }
        Side from = direction == Direction.TO_UPSTREAM ? Side.CLIENT : Side.UPSTREAM;
        if (from == Side.CLIENT && mute && beginsTls(data)) {
            mute = false;
            stopWaiting();
            secure(true);
            return 0;
        }
        ByteBuf left = data.slice();
        while (state == State.TALKING && listening == from && left.isReadable()) {
            reading = true;
            int used = talk.read(this, from, left);
            reading = false;
            mute &= used == 0 || from != Side.CLIENT;
            lending.drop(used);
            left.skipBytes(used);
            if (startWanted) {
                startWanted = false;
                secure(false);
            } else if (used == 0) {
                break;
            }
        }
        return state == State.OPEN ? left.readableBytes() : 0;
    }

    @Override
    public void onEndOfStream(FilterContext closing, Direction direction) {
        Side ended = direction == Direction.TO_UPSTREAM ? Side.CLIENT : Side.UPSTREAM;
        // Who is not talked with may have said all it has to say already: that waits here, and its end behind it.
        boolean waits = ended != settings.side() && closing.held(direction) > 0;
        if (state != State.OPEN && state != State.OVER && !waits) {
            fail(ended, "the end of the stream");
        }
    }

    @Override
    public Boundary boundary() {
        return state == State.OPEN ? Boundary.UNKNOWN : Boundary.BUSY;
    }

    @Override
    public void onClose(CloseReason reason) {
        if (state != State.OPEN && state != State.OVER) {
            settings.metrics().failed();
        }
        state = State.OVER;
        stopWaiting();
        stop(deadline);
    }

    // ---- time

    private void begin() {
        patience = null;
        if (state == State.WAITING) {
            state = State.TALKING;
            talk.begin(this);
        }
    }

    private void late() {
        if (state != State.OPEN) {
            over("no end within " + settings.timeout(), CloseReason.HOLD_TIMEOUT);
        }
    }

    private void stopWaiting() {
        stop(patience);
        patience = null;
    }

    private static void stop(@Nullable ScheduledFuture<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    // ---- TLS

    private boolean beginsTls(ByteBuf data) {
        return (state == State.WAITING || state == State.TALKING)
                && settings.side() == Side.CLIENT
                && settings.tls() != null
                && data.getUnsignedByte(data.readerIndex()) == HANDSHAKE;
    }

    @Override
    public void startTls() {
        if (reading) {
            startWanted = true;
        } else {
            secure(false);
        }
    }

    /** {@code direct}: by the client, without having asked. */
    private void secure(boolean direct) {
        StarttlsSettings.Begin begin = settings.tls();
        if (begin == null || encrypted) {
            secured(direct);
            return;
        }
        if (!underway.begin(begin.mostHandshakes())) {
            over("too many handshakes", CloseReason.LIMIT);
            return;
        }
        state = State.SECURING;
        Connection connection = context().connection();
        TlsHandler tls = begin.handlers().apply(context());
        context().startTls(settings.side(), tls).addListener(done -> {
            underway.end();
            if (done.isSuccess() && state == State.SECURING) {
                TlsSession session = tls.session();
                if (settings.side() == Side.CLIENT && session != null) {
                    connection.set(ConnectionAttribute.TLS, session);
                }
                encrypted = true;
                secured(direct);
            }
        });
    }

    private void secured(boolean direct) {
        state = State.TALKING;
        if (direct) {
            talk.direct(this);
        } else {
            talk.secured(this);
        }
    }

    // ---- what the talk asks for

    @Override
    public void send(Side to, byte[] data) {
        Direction direction = to == Side.CLIENT ? Direction.TO_CLIENT : Direction.TO_UPSTREAM;
        ByteBuf out = context().connection().allocator().buffer(Math.max(1, data.length));
        context().inject(direction, out.writeBytes(data));
    }

    @Override
    public void listen(Side peer) {
        listening = peer;
        // At the opening there is nothing to lend yet, and resuming would end it.
        if (!talk.choosesTarget()) {
            context().resume(peer.sends());
        }
    }

    @Override
    public void target(Address target) {
        context().connection().set(ConnectionAttribute.TARGET, target);
    }

    @Override
    public void open() {
        if (state == State.OVER) {
            return;
        }
        state = State.OPEN;
        settings.metrics().opened();
        stop(deadline);
        context().resume(Direction.TO_CLIENT);
        context().resume(Direction.TO_UPSTREAM);
    }

    @Override
    public void fail(Side culprit, String why) {
        over(why, culprit == Side.CLIENT ? CloseReason.PROTOCOL_ERROR : CloseReason.UPSTREAM_TLS_FAILED);
    }

    private void over(String why, CloseReason reason) {
        if (state == State.OVER) {
            return;
        }
        state = State.OVER;
        settings.metrics().failed();
        Connection connection = context().connection();
        LOG.debug(
                "{} failed connection={} client={}: {}",
                settings.name(),
                connection.id(),
                connection.clientText(),
                why);
        context().close(reason);
    }

    @Override
    public void goodbye() {
        state = State.OVER;
        context().close(CloseReason.COMPLETE);
    }

    private FilterContext context() {
        if (context == null) {
            throw new IllegalStateException("not open yet");
        }
        return context;
    }
}
