package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.NetworkFilter.Boundary;
import dev.weir.core.filter.NetworkFilter.Opening;
import dev.weir.core.filter.Side;
import dev.weir.core.tls.TlsHandler;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs a connection's filters over both of its flows, in order, and owns every byte that is in between. One
 * rule keeps the order: a filter's flow is <em>busy</em> from the call of the filter until its output has been
 * taken by the next one; whatever reaches a busy flow queues there.
 *
 * <p>The usual case, a filter that lets everything go on, costs one call and hands on the same buffer.
 * On the connection's event loop only.
 */
final class FilterChain {
    static final long DEFAULT_HOLD_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final ChainEnds ends;
    private final ByteBufAllocator allocator;
    private final FilterLink[] links;
    private final HoldTimer holdTimer = new HoldTimer(this::checkHolds);

    /** Number of filters that were opened. */
    private int opened;

    private boolean terminalStarted;
    private boolean closed;

    FilterChain(ChainEnds ends, ByteBufAllocator allocator, String[] types, NetworkFilter[] filters) {
        this.ends = ends;
        this.allocator = allocator;
        this.links = new FilterLink[filters.length];
        for (int i = 0; i < filters.length; i++) {
            links[i] = new FilterLink(this, i, types[i], filters[i]);
        }
    }

    Connection connection() {
        return ends.connection();
    }

    ChainEnds session() {
        return ends;
    }

    boolean closed() {
        return closed;
    }

    // ---- life

    /** Opens the filters in order, and starts the terminal when all proceed. */
    void open() {
        while (!closed && opened < links.length) {
            FilterLink link = links[opened++];
            link.open = true;
            Opening opening = Opening.PROCEED;
            link.enter(null, 0);
            try {
                opening = link.filter.onOpen(link);
            } catch (Throwable t) {
                fail(link, t);
            } finally {
                link.leave();
            }
            if (closed) {
                return;
            }
            link.waiting = opening == Opening.WAIT;
            if (link.waiting) {
                link.up.heldSince = ends.home().clock().nanoTime();
                watch(link);
            }
            act(link, null, null);
            pump(link, Direction.TO_UPSTREAM);
            if (link.waiting) {
                return;
            }
        }
        if (!closed && !terminalStarted) {
            terminalStarted = true;
            ends.startTerminal();
        }
    }

    /** No filter is run any more, nothing goes on; {@link #close} follows. */
    void stop() {
        closed = true;
    }

    /** Tells all filters of the end and releases what they hold. */
    void close(CloseReason reason) {
        closed = true;
        holdTimer.stop();
        for (FilterLink link : links) {
            if (link.open) {
                link.open = false;
                try {
                    link.filter.onClose(reason);
                } catch (Throwable t) {
                    ends.home().internalError(link.type, t);
                }
            }
            link.discard();
        }
    }

    Boundary boundary() {
        Boundary boundary = Boundary.UNKNOWN;
        for (FilterLink link : links) {
            Boundary one = link.boundary();
            if (one == Boundary.BUSY) {
                return one;
            }
            if (one == Boundary.IDLE) {
                boundary = one;
            }
        }
        return boundary;
    }

    // ---- bytes

    /** Bytes from the client. Takes ownership. */
    void fromClient(ByteBuf data) {
        if (closed) {
            data.release();
            return;
        }
        feed(0, Direction.TO_UPSTREAM, data, null, false);
    }

    /** Bytes from the terminal. Takes ownership. */
    void fromTerminal(ByteBuf data, ChannelPromise promise) {
        if (closed) {
            data.release();
            promise.tryFailure(Flow.CLOSED);
            return;
        }
        feed(links.length - 1, Direction.TO_CLIENT, data, promise, false);
    }

    /** The end of the client's stream. */
    void endFromClient() {
        end(0, Direction.TO_UPSTREAM);
    }

    /** The end of the terminal's stream. */
    void endFromTerminal() {
        end(links.length - 1, Direction.TO_CLIENT);
    }

    /** A read burst of one direction is over. */
    void readComplete(Direction direction) {
        for (FilterLink link : links) {
            if (link.open && !closed) {
                link.enter(null, 0);
                try {
                    link.filter.onReadComplete(link, direction);
                } catch (Throwable t) {
                    fail(link, t);
                } finally {
                    link.leave();
                }
                act(link, null, null);
            }
        }
    }

    private static int step(Direction direction) {
        return direction == Direction.TO_UPSTREAM ? 1 : -1;
    }

    private void feed(int i, Direction direction, ByteBuf data, @Nullable ChannelPromise promise, boolean madeByWeir) {
        if (!data.isReadable()) {
            data.release();
            Flow.done(promise);
            return;
        }
        if (i < 0) {
            ends.toClient(data, promise);
            return;
        }
        if (i == links.length) {
            ends.toTerminal(data);
            return;
        }
        FilterLink link = links[i];
        Flow flow = link.flow(direction);
        if (flow.busy || !link.open || flow.held != null || promise != null && !promise.isVoid()) {
            flow.madeByWeir |= madeByWeir;
            flow.arrive(allocator, data, promise);
            pump(link, direction);
            return;
        }
        flow.busy = true;
        flow.madeByWeir = madeByWeir;
        int start = data.readerIndex();
        int length = data.readableBytes();
        int on = lend(link, direction, data);
        if (on == length && !link.hasActions() && !closed) {
            data.setIndex(start, start + length);
            feed(i + step(direction), direction, data, promise, madeByWeir);
            flushOut(link, flow, direction);
        } else {
            flow.entered(length);
            settle(link, flow, direction, data, start, length, on);
        }
        flow.busy = false;
        if (flow.arrived != null || flow.again || flow.ending || flow.held != null) {
            pump(link, direction);
        }
    }

    /** Asks the filter. Answers how many bytes go on, -1 if it failed. */
    private int lend(FilterLink link, Direction direction, ByteBuf data) {
        int length = data.readableBytes();
        link.enter(direction, length);
        try {
            int on = link.filter.onData(link, direction, data);
            if (on < 0 || on > link.lentBytes()) {
                throw new IllegalStateException(
                        "onData answered " + on + " (expected: 0.." + link.lentBytes() + ", the bytes lent)");
            }
            return on;
        } catch (Throwable t) {
            fail(link, t);
            return -1;
        } finally {
            link.leave();
        }
    }

    /** Carries out what the filter asked for and answered, and keeps the rest. Takes ownership of data. */
    private void settle(FilterLink link, Flow flow, Direction direction, ByteBuf data, int start, int length, int on) {
        if (closed || on < 0) {
            act(link, null, null);
            data.release();
            return;
        }
        data.setIndex(start, start + length);
        act(link, direction, data);
        flushOut(link, flow, direction); // what was injected meanwhile goes ahead of what is lent
        if (!closed && on > 0) {
            moveOn(link, flow, direction, data, on);
        }
        if (closed || !data.isReadable()) {
            data.release();
        } else {
            flow.keep(allocator, data);
            if (data.readableBytes() < length || flow.heldSince == 0) {
                flow.heldSince = ends.home().clock().nanoTime();
            }
            watch(link);
        }
        heldChanged();
    }

    private void moveOn(FilterLink link, Flow flow, Direction direction, ByteBuf data, int bytes) {
        ChannelPromise promise = flow.consumed(bytes, ends.channel());
        feed(link.index + step(direction), direction, data.readRetainedSlice(bytes), promise, flow.madeByWeir);
        flushOut(link, flow, direction);
    }

    /** Lends what is in hand, as long as there is something new to lend. */
    private void pump(FilterLink link, Direction direction) {
        Flow flow = link.flow(direction);
        if (flow.busy) {
            return;
        }
        while (!closed && link.open && (flow.arrived != null || flow.again && flow.held != null)) {
            flow.again = false;
            ByteBuf data = flow.take(allocator);
            if (data == null) {
                break;
            }
            flow.busy = true;
            int start = data.readerIndex();
            int length = data.readableBytes();
            int on = lend(link, direction, data);
            settle(link, flow, direction, data, start, length, on);
            flow.busy = false;
        }
        flow.again = false;
        if (flow.size() == 0) {
            flow.heldSince = link.waiting && flow == link.up ? flow.heldSince : 0;
            flow.madeByWeir = false;
        }
        if (flow.ending && !flow.busy && !closed && link.open) {
            passEnd(link, flow, direction);
        }
        heldChanged();
    }

    private void flushOut(FilterLink link, Flow flow, Direction direction) {
        for (ByteBuf out = flow.nextOut(); out != null; out = flow.nextOut()) {
            feed(link.index + step(direction), direction, out, null, true);
        }
    }

    // ---- what filters ask for

    /** Carries out noted actions; {@code data} is what is lent in {@code direction}, or null. */
    private void act(FilterLink link, @Nullable Direction direction, @Nullable ByteBuf data) {
        ArrayDeque<FilterLink.Action> actions = link.takeActions();
        if (actions == null) {
            return;
        }
        for (FilterLink.Action action : actions) {
            if (closed) {
                action.discard();
            } else if (action instanceof FilterLink.Action.Inject inject) {
                if (inject.direction() == direction) {
                    // Our own output, in the order of the actions; the flow is busy on our behalf.
                    feed(link.index + step(direction), direction, inject.data(), null, true);
                    flushOut(link, link.flow(direction), direction);
                } else {
                    inject(link, inject.direction(), inject.data());
                }
            } else if (action instanceof FilterLink.Action.Resume resume) {
                resume(link, resume.direction());
            } else if (action instanceof FilterLink.Action.Close close) {
                ends.close(close.reason());
            } else if (action instanceof FilterLink.Action.Tls tls) {
                boolean lent = data != null && direction == tls.side().sends();
                ByteBuf rest = lent && data != null ? data.readRetainedSlice(data.readableBytes()) : null;
                try {
                    startTls(link, tls.side(), tls.handler(), rest).addListener(done -> tls.complete(done));
                } catch (RuntimeException e) {
                    tls.promise().tryFailure(e);
                    fail(link, e);
                }
            } else if (data != null && direction != null) {
                Flow flow = link.flow(direction);
                if (action instanceof FilterLink.Action.Pass pass) {
                    moveOn(link, flow, direction, data, pass.bytes());
                } else if (action instanceof FilterLink.Action.Drop drop) {
                    data.skipBytes(drop.bytes());
                    Flow.done(flow.consumed(drop.bytes(), ends.channel()));
                }
            }
        }
    }

    /** Output of a filter outside of its onData for this direction. Takes ownership. */
    void inject(FilterLink link, Direction direction, ByteBuf data) {
        Flow flow = link.flow(direction);
        if (flow.busy) {
            flow.putOut(data);
            return;
        }
        flow.busy = true;
        feed(link.index + step(direction), direction, data, null, true);
        flushOut(link, flow, direction);
        flow.busy = false;
        if (flow.arrived != null || flow.again || flow.ending) {
            pump(link, direction);
        }
    }

    /** The client takes bytes again: filters that held requests because of it are asked again. */
    void clientWritable() {
        for (FilterLink link : links) {
            if (!closed && link.up.held != null) {
                resume(link, Direction.TO_UPSTREAM);
            }
        }
    }

    void resume(FilterLink link, Direction direction) {
        Flow flow = link.flow(direction);
        flow.again = true;
        if (link.waiting && direction == Direction.TO_UPSTREAM) {
            link.waiting = false;
            open();
            if (closed) {
                return;
            }
        }
        pump(link, direction);
    }

    /** Collects the ciphertext at hand, oldest first, and starts TLS. {@code lent} is the oldest, owned, or null. */
    Future<?> startTls(FilterLink link, Side side, TlsHandler handler, @Nullable ByteBuf lent) {
        Direction from = side.sends();
        Flow joined = new Flow();
        if (lent != null) {
            joined.arrive(allocator, lent, null);
        }
        for (int i = link.index; i >= 0 && i < links.length; i -= step(from)) {
            if (i != link.index && links[i].flow(from.opposite()).size() > 0) {
                joined.discard();
                handler.discard();
                throw new IllegalStateException("the filter " + links[i].type + " holds bytes toward the " + side
                        + " (expected: none when TLS starts)");
            }
            ByteBuf held = links[i].flow(from).take(allocator);
            if (held != null) {
                joined.arrive(allocator, held, null);
            }
        }
        heldChanged();
        return ends.startTls(side, handler, joined.take(allocator));
    }

    private void fail(FilterLink link, Throwable cause) {
        ends.home().internalError(link.type, cause);
        ends.close(CloseReason.INTERNAL_ERROR);
    }

    // ---- the ends of the streams

    private void end(int i, Direction direction) {
        if (closed) {
            return;
        }
        if (i < 0) {
            ends.endToClient();
            return;
        }
        if (i == links.length) {
            ends.endToTerminal();
            return;
        }
        FilterLink link = links[i];
        link.flow(direction).ending = true;
        pump(link, direction);
    }

    private void passEnd(FilterLink link, Flow flow, Direction direction) {
        if (!flow.endTold) {
            flow.endTold = true;
            link.enter(null, 0);
            try {
                link.filter.onEndOfStream(link, direction);
            } catch (Throwable t) {
                fail(link, t);
            } finally {
                link.leave();
            }
            act(link, null, null);
        }
        if (!closed && flow.size() == 0 && !flow.ended) {
            flow.ended = true;
            end(link.index + step(direction), direction);
        }
    }

    // ---- holds

    private void heldChanged() {
        int up = 0;
        int down = 0;
        for (FilterLink link : links) {
            up += link.counted(link.up);
            down += link.counted(link.down);
        }
        ends.heldChanged(up, down);
    }

    private void watch(FilterLink link) {
        holdTimer.atLatest(connection().loop(), ends.home().clock().nanoTime(), link.holdNanos());
    }

    /** Closes the connection if a hold is too old, else looks again later as long as there is one. */
    private void checkHolds() {
        if (closed) {
            return;
        }
        long now = ends.home().clock().nanoTime();
        long next = Long.MAX_VALUE;
        for (FilterLink link : links) {
            long left = link.holdLeft(now);
            if (left <= 0) {
                ends.home().holdExpired(link.type, link.holdReason());
                ends.close(CloseReason.HOLD_TIMEOUT);
                return;
            }
            next = Math.min(next, left);
        }
        if (next != Long.MAX_VALUE) {
            holdTimer.atLatest(connection().loop(), now, next);
        }
    }
}
