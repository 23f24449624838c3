package dev.weir.core.net;

import dev.weir.core.config.Address;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.Side;
import dev.weir.core.filter.WireClock;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A filter at its place in a chain: its two flows, and its view of the connection. What the filter asks for
 * during a callback is noted and carried out by the chain afterwards, so callbacks never nest.
 */
final class FilterLink implements FilterContext {
    /** What a filter asked for during a callback. */
    sealed interface Action {
        /** The first bytes of what was lent go on. */
        record Pass(int bytes) implements Action {}

        /** The first bytes of what was lent are thrown away. */
        record Drop(int bytes) implements Action {}

        /** Bytes of the filter's own. */
        record Inject(Direction direction, ByteBuf data) implements Action {}

        /** Lend again. */
        record Resume(Direction direction) implements Action {}

        /** The connection ends. */
        record Close(CloseReason reason) implements Action {}

        /** TLS begins; what is left of the lent bytes is ciphertext if they are that peer's. */
        record Tls(Side side, TlsHandler handler, Promise<Object> promise) implements Action {
            void complete(Future<?> handshake) {
                if (handshake.isSuccess()) {
                    promise.trySuccess(side);
                } else {
                    promise.tryFailure(handshake.cause());
                }
            }
        }

        /** The connection closed before it was carried out. */
        default void discard() {
            if (this instanceof Inject inject) {
                inject.data().release();
            } else if (this instanceof Tls tls) {
                tls.handler().discard();
                tls.promise().tryFailure(Flow.CLOSED);
            }
        }
    }

    final int index;
    final NetworkFilter filter;
    /** The type users wrote, for metrics and logs. */
    final String type;

    final Flow up = new Flow();
    final Flow down = new Flow();

    /** The filter has been opened. */
    boolean open;
    /** The filter answered WAIT. */
    boolean waiting;

    private String holdReason = "incomplete";
    private long holdNanos = FilterChain.DEFAULT_HOLD_NANOS;
    /** Bytes of each direction that may be held without counting. */
    private int room;

    private final FilterChain chain;
    private boolean inCallback;
    private @Nullable ArrayDeque<Action> actions;
    /** The direction lent during onData, and how many bytes of it are not passed or dropped yet. */
    private @Nullable Direction lentDirection;

    private int lentBytes;

    FilterLink(FilterChain chain, int index, String type, NetworkFilter filter) {
        this.chain = chain;
        this.index = index;
        this.type = type;
        this.filter = filter;
    }

    Flow flow(Direction direction) {
        return direction == Direction.TO_UPSTREAM ? up : down;
    }

    NetworkFilter.Boundary boundary() {
        return up.size() > 0 || down.size() > 0 ? NetworkFilter.Boundary.BUSY : filter.boundary();
    }

    /** Bytes in hand that count toward the water marks. */
    int counted(Flow flow) {
        return Math.max(0, flow.size() - room);
    }

    String holdReason() {
        return holdReason;
    }

    long holdNanos() {
        return holdNanos;
    }

    /** Nanoseconds until the older of this filter's holds expires; {@link Long#MAX_VALUE} if it holds nothing. */
    long holdLeft(long now) {
        long left = Long.MAX_VALUE;
        if (up.held != null || waiting) {
            left = up.heldSince + holdNanos - now;
        }
        if (down.held != null) {
            left = Math.min(left, down.heldSince + holdNanos - now);
        }
        return left;
    }

    void enter(@Nullable Direction lent, int bytes) {
        inCallback = true;
        lentDirection = lent;
        lentBytes = bytes;
    }

    void leave() {
        inCallback = false;
        lentDirection = null;
    }

    /** Bytes lent that were neither passed nor dropped by a call. */
    int lentBytes() {
        return lentBytes;
    }

    boolean hasActions() {
        return actions != null;
    }

    /** What was noted, now the caller's: while it is carried out this filter may be called again. */
    @Nullable
    ArrayDeque<Action> takeActions() {
        ArrayDeque<Action> taken = actions;
        actions = null;
        return taken;
    }

    private void note(Action action) {
        if (actions == null) {
            actions = new ArrayDeque<>(4);
        }
        actions.add(action);
    }

    private void take(int bytes, String verb) {
        if (lentDirection == null) {
            throw new IllegalStateException(verb + " outside of onData (expected: only for bytes that are lent)");
        }
        if (bytes < 0 || bytes > lentBytes) {
            throw new IllegalArgumentException(
                    verb + "(" + bytes + ") (expected: 0.." + lentBytes + " bytes, as lent)");
        }
        lentBytes -= bytes;
    }

    @Override
    public void pass(int bytes) {
        take(bytes, "pass");
        if (bytes > 0) {
            note(new Action.Pass(bytes));
        }
    }

    @Override
    public void drop(int bytes) {
        take(bytes, "drop");
        if (bytes > 0) {
            note(new Action.Drop(bytes));
        }
    }

    @Override
    public void inject(Direction direction, ByteBuf data) {
        if (chain.closed() || !data.isReadable()) {
            data.release();
        } else if (inCallback) {
            note(new Action.Inject(direction, data));
        } else {
            chain.inject(this, direction, data);
        }
    }

    @Override
    public void resume(Direction direction) {
        if (chain.closed()) {
            return;
        }
        if (inCallback) {
            note(new Action.Resume(direction));
        } else {
            chain.resume(this, direction);
        }
    }

    @Override
    public boolean madeByWeir() {
        return lentDirection != null && flow(lentDirection).madeByWeir;
    }

    @Override
    public void holdDeadline(String reason, Duration deadline) {
        holdReason = reason;
        holdNanos = deadline.toNanos();
    }

    @Override
    public void holdUpTo(int bytes) {
        room = bytes;
    }

    @Override
    public boolean clientWritable() {
        return chain.session().channel().isWritable();
    }

    @Override
    public int held(Direction direction) {
        return flow(direction).size();
    }

    @Override
    public Future<?> startTls(Side side, TlsHandler handler) {
        if (!inCallback) {
            return chain.startTls(this, side, handler, null);
        }
        if (lentDirection == side.sends()) {
            lentBytes = 0;
        }
        Promise<Object> promise = chain.connection().loop().newPromise();
        note(new Action.Tls(side, handler, promise));
        return promise;
    }

    @Override
    public TlsHandler tlsHandler(TlsServer tls) {
        return tls.handler(chain.session().channel(), null);
    }

    @Override
    public TlsHandler tlsHandler(TlsClient tls, @Nullable Address behind) {
        return TlsStart.handler(chain.session().upstreamChannel(), tls, behind);
    }

    @Override
    public Connection connection() {
        return chain.connection();
    }

    @Override
    public Exchanges exchanges() {
        return chain.session().home().exchanges();
    }

    @Override
    public WireClock clock() {
        return chain.session().home().clock();
    }

    @Override
    public long burstNanos() {
        return chain.session().burstNanos();
    }

    @Override
    public void close(CloseReason reason) {
        if (inCallback && !chain.closed()) {
            note(new Action.Close(reason)); // behind what the filter injected before
        } else {
            chain.connection().close(reason);
        }
    }

    /** Releases all that is in hand. */
    void discard() {
        up.discard();
        down.discard();
        if (actions != null) {
            actions.forEach(Action::discard);
            actions = null;
        }
    }
}
