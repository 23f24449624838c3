package dev.weir.core.net;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.ConnectionEvents;
import dev.weir.core.filter.WireClock;
import io.netty.channel.local.LocalAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one listener has on one event loop: its open sessions and its counters. Written on that loop only. */
final class ListenerLoop {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerLoop.class);
    private static final SocketAddress UNNAMED = new LocalAddress("unnamed");
    /** Upstream addresses whose text is kept; beyond it texts are made anew. */
    private static final int MAX_TEXTS = 1_024;

    private static final Operation CONNECTION = Operations.builder().add("CONNECTION", false);

    final LoopCounter active = new LoopCounter();
    final LoopCounter total = new LoopCounter();
    final LoopCounter bytesFromClients = new LoopCounter();
    final LoopCounter bytesToClients = new LoopCounter();
    final LoopCounter bytesFromUpstreams = new LoopCounter();
    final LoopCounter bytesToUpstreams = new LoopCounter();

    private final String listener;
    private final Loop loop;
    private final AtomicLong ids;
    private final CoreMetrics metrics;
    private final AtomicInteger open;
    private final LoopCounter[] closed = new LoopCounter[CloseReason.values().length];
    private final Map<SocketAddress, String> texts = new HashMap<>();

    /** Whether plain connections produce exchanges. */
    private final boolean connectionExchanges;

    /** Connections whose hello has not come yet. */
    final Handshakes hellos = new Handshakes();

    /** TLS handshakes under way. */
    final Handshakes handshakes = new Handshakes();

    /** Connections that have no session yet; they count as active. */
    private final Set<Waiting> waiting = new HashSet<>();

    private @Nullable Session first;
    private boolean draining;

    /** A connection that has no session yet. */
    interface Waiting {
        /** Closes it; nothing if it has ended or gone on. */
        void end(CloseReason reason);
    }

    /** A count with a limit. */
    static final class Handshakes {
        private int open;

        boolean begin(int most) {
            if (open >= most) {
                return false;
            }
            open++;
            return true;
        }

        void end() {
            open--;
        }
    }

    ListenerLoop(String listener, Loop loop, AtomicLong ids, CoreMetrics metrics, boolean connectionExchanges) {
        this(listener, loop, ids, metrics, new AtomicInteger(), connectionExchanges);
    }

    /** {@code open} counts the connections of the whole process. */
    ListenerLoop(
            String listener,
            Loop loop,
            AtomicLong ids,
            CoreMetrics metrics,
            AtomicInteger open,
            boolean connectionExchanges) {
        this.open = open;
        this.listener = listener;
        this.loop = loop;
        this.ids = ids;
        this.metrics = metrics;
        this.connectionExchanges = connectionExchanges;
        for (int i = 0; i < closed.length; i++) {
            closed[i] = new LoopCounter();
        }
    }

    String listener() {
        return listener;
    }

    Loop loop() {
        return loop;
    }

    Exchanges exchanges() {
        return loop.exchanges();
    }

    WireClock clock() {
        return loop.clock();
    }

    /** Who hears of connections. */
    ConnectionEvents events() {
        return loop.events();
    }

    long nextId() {
        return ids.incrementAndGet();
    }

    SocketAddress unnamed() {
        return UNNAMED;
    }

    /** The text of an upstream address, the same instance each time. */
    String textOf(SocketAddress address) {
        String text = texts.get(address);
        if (text == null) {
            text = dev.weir.core.config.Address.format(address);
            if (texts.size() < MAX_TEXTS) {
                texts.put(address, text);
            }
        }
        return text;
    }

    void opened(Session session) {
        open.incrementAndGet();
        active.add(1);
        total.add(1);
        session.next = first;
        if (first != null) {
            first.previous = session;
        }
        first = session;
        SessionEvents.opened(session);
        if (draining) {
            session.drain();
        }
    }

    void closed(Session session, CloseReason reason) {
        open.decrementAndGet();
        active.add(-1);
        closed[reason.ordinal()].add(1);
        events().closed(session.connection().id(), listener, reason, session.bytesFromClient, session.bytesToClient);
        if (session.previous != null) {
            session.previous.next = session.next;
        } else {
            first = session.next;
        }
        if (session.next != null) {
            session.next.previous = session.previous;
        }
        session.previous = null;
        session.next = null;
    }

    /** A connection begins with a header or a handshake, or may. */
    void waiting(Waiting handshake) {
        open.incrementAndGet();
        active.add(1);
        waiting.add(handshake);
    }

    /** It has become a session, or was refused one. */
    void passed(Waiting handshake) {
        open.decrementAndGet();
        active.add(-1);
        waiting.remove(handshake);
    }

    /** It has ended before. */
    void ended(Waiting handshake, CloseReason reason) {
        passed(handshake);
        total.add(1);
        closed[reason.ordinal()].add(1);
    }

    void proxyError(ProxyError error, @Nullable SocketAddress peer) {
        metrics.proxyError(listener, error).increment();
        LOG.debug("PROXY protocol failed listener={} peer={} reason={}", listener, peer, error.label());
    }

    /** One exchange for a whole connection, where {@code access_log.connections} asks for it. */
    void connectionExchange(Connection connection, CloseReason reason, long fromClient, long toClient) {
        if (!connectionExchanges) {
            return;
        }
        Exchange exchange = exchanges().open().of(connection, "tcp", CONNECTION);
        exchange.startNanos = connection.openedNanos();
        exchange.durationNanos = clock().nanoTime() - connection.openedNanos();
        exchange.longWait = true;
        exchange.requestBytes = fromClient;
        exchange.responseBytes = toClient;
        if (reason != CloseReason.CLIENT_CLOSED
                && reason != CloseReason.UPSTREAM_CLOSED
                && reason != CloseReason.COMPLETE
                && reason != CloseReason.DRAINED) {
            exchange.status = Exchange.Status.ERROR;
            exchange.error = reason.label();
        }
        exchange.attribute("close_reason", reason.label());
        exchange.attribute("closed_by", reason.culprit().name().toLowerCase(Locale.ROOT));
        exchanges().emit(exchange);
    }

    long closedBy(CloseReason reason) {
        return closed[reason.ordinal()].get();
    }

    /** Closes each session at its next boundary, also those to come. On the loop. False if it does so already. */
    boolean drain() {
        if (draining) {
            return false;
        }
        draining = true;
        for (Session s = first; s != null; s = s.next) {
            if (s.drain == null) {
                s.drain();
            }
        }
        return true;
    }

    /** Shows all sessions. On the loop. */
    void sessions(Consumer<Session> viewer) {
        for (Session s = first; s != null; s = s.next) {
            viewer.accept(s);
        }
    }

    /** The listener is there again: sessions from now on stay. On the loop. */
    void stay() {
        draining = false;
    }

    /** Closes now what is still there of a drain. On the loop. */
    void closeDraining(CloseReason reason) {
        List.copyOf(waiting).forEach(handshake -> handshake.end(reason));
        for (Session s = first; s != null; ) {
            Session next = s.next;
            if (s.drain != null) {
                s.close(reason);
            }
            s = next;
        }
    }

    /** Closes all sessions now. On the loop. */
    void closeAll(CloseReason reason) {
        List.copyOf(waiting).forEach(handshake -> handshake.end(reason));
        for (Session s = first; s != null; ) {
            Session next = s.next;
            s.close(reason);
            s = next;
        }
    }

    void holdExpired(String filter, String reason) {
        metrics.holdTimeouts(listener, filter, reason).increment();
    }

    void internalError(String where, Throwable cause) {
        metrics.filterFailed(listener, where, cause);
    }
}
