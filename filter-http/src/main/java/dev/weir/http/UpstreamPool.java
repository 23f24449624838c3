package dev.weir.http;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.cluster.Limit;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ConnectTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one event loop to the endpoints of one cluster. A request gets a connection that is free, the one used last first, so that those that
 * are not needed end; else it waits for the first that becomes free or is made for it. On the loop only.
 */
final class UpstreamPool {
    /** A request that needs a connection. It is told one of the two, once, unless it is given up; maybe before {@link #acquire} returns. */
    interface Waiter {
        /**
         * There is one that takes a request now.
         *
         * @param address of the endpoint, as exchanges show it
         */
        void connected(UpstreamConnection connection, Endpoint endpoint, String address);

        /** There will be none. */
        void refused(Failure failure, @Nullable Endpoint endpoint);
    }

    private final HttpLoop home;
    private final Cluster cluster;
    private final UpstreamProtocol protocol;
    private final UpstreamLimits limits;
    private final IdentityHashMap<Endpoint, Host> hosts = new IdentityHashMap<>();
    private long version = -1;
    private boolean closed;

    UpstreamPool(HttpLoop home, Cluster cluster, UpstreamProtocol protocol, UpstreamLimits limits) {
        this.home = home;
        this.cluster = cluster;
        this.protocol = protocol;
        this.limits = limits;
    }

    boolean is(RouteCluster to) {
        return cluster == to.cluster() && protocol == to.protocol();
    }

    /** Looks for a connection. */
    void acquire(Waiter waiter, long hash, int attempt, Exclusions excluded) {
        Endpoint endpoint = cluster.pick(hash, attempt, excluded);
        if (endpoint == null && excluded.size() > 0) {
            endpoint = cluster.pick(hash, attempt, Exclusions.NONE); // all have been tried: perhaps it is better now
        }
        if (endpoint == null || closed) {
            waiter.refused(Failure.NO_ENDPOINT, null);
            return;
        }
        Host host = host(endpoint);
        if (host.serves(waiter)) {
            return;
        }
        if (!cluster.acquire(Limit.PENDING)) {
            waiter.refused(Failure.OVERFLOW, endpoint);
            return;
        }
        if (host.connectsFor(waiter)) {
            return;
        }
        // It has all the connections that it may have, and none of them is ours: perhaps another has room.
        Endpoint other = cluster.pickToConnect(hash, attempt, excluded);
        if (other != null && other != endpoint) {
            Host second = host(other);
            if (second.serves(waiter)) {
                cluster.release(Limit.PENDING);
                return;
            }
            if (second.connectsFor(waiter)) {
                return;
            }
        }
        cluster.release(Limit.PENDING);
        waiter.refused(Failure.OVERFLOW, endpoint);
    }

    /** It waits no more. */
    void giveUp(Waiter waiter) {
        for (Host host : hosts.values()) {
            if (host.waiting.remove(waiter)) {
                cluster.release(Limit.PENDING);
                return;
            }
        }
    }

    private Host host(Endpoint endpoint) {
        Host host = hosts.get(endpoint);
        if (host == null) {
            host = new Host(endpoint);
            hosts.put(endpoint, host);
        }
        return host;
    }

    /** Ends what has been idle for too long, and what leads to endpoints that are no more. */
    void sweep(long now) {
        long current = cluster.snapshot().version();
        boolean changed = current != version;
        version = current;
        List<Endpoint> endpoints = changed ? cluster.snapshot().endpoints() : List.of();
        Iterator<Host> all = hosts.values().iterator();
        while (all.hasNext()) {
            Host host = all.next();
            if (changed) {
                host.left = !endpoints.contains(host.endpoint);
            }
            host.sweep(now);
            if (host.left && host.isEmpty()) {
                all.remove();
            }
        }
    }

    void close() {
        closed = true;
        hosts.values().forEach(Host::close);
    }

    /** A connection, and since when nothing was sent on it. */
    private static final class Kept {
        final UpstreamConnection connection;
        long idleSince;
        boolean inFree;

        Kept(UpstreamConnection connection, long now) {
            this.connection = connection;
            this.idleSince = now;
        }
    }

    /** Those to one endpoint. */
    private final class Host implements UpstreamConnection.Owner {
        final Endpoint endpoint;
        private final String address;
        final ArrayDeque<Waiter> waiting = new ArrayDeque<>(2);
        private final IdentityHashMap<UpstreamConnection, Kept> all = new IdentityHashMap<>();
        /** HTTP/1.1: those without a request. HTTP/2: those with room, maybe. The last one was used last. */
        private final ArrayList<Kept> free = new ArrayList<>();

        private int connecting;
        boolean left;

        Host(Endpoint endpoint) {
            this.endpoint = endpoint;
            this.address = endpoint.address().toString();
        }

        boolean isEmpty() {
            return all.isEmpty() && waiting.isEmpty() && connecting == 0;
        }

        boolean serves(Waiter waiter) {
            UpstreamConnection connection = take();
            if (connection == null) {
                return false;
            }
            waiter.connected(connection, endpoint, address);
            keepIfFree(connection);
            return true;
        }

        private @Nullable UpstreamConnection take() {
            while (!free.isEmpty()) {
                Kept last = free.get(free.size() - 1);
                int room = last.connection.available();
                if (room <= 1) {
                    free.remove(free.size() - 1);
                    last.inFree = false;
                }
                if (room > 0) {
                    return last.connection;
                }
            }
            return null;
        }

        /** What was taken was not used after all. */
        private void keepIfFree(UpstreamConnection connection) {
            if (connection.available() > 0) {
                free(connection);
            }
        }

        /** Lets it wait, if there is something to wait for. */
        boolean connectsFor(Waiter waiter) {
            boolean enough = protocol != UpstreamProtocol.HTTP1
                    && connecting > 0
                    && waiting.size() < (long) connecting * limits.streams();
            if (!enough && !connect() && connecting == 0 && all.isEmpty()) {
                return false;
            }
            waiting.add(waiter);
            return true;
        }

        private boolean connect() {
            ChannelFuture connected;
            try {
                connected = endpoint.connect(home.loop, Beginning.INSTANCE);
            } catch (ChannelException noSocket) {
                // For lack of descriptors.
                home.failed("upstream", noSocket);
                return false;
            }
            if (connected == null) {
                return false;
            }
            connecting++;
            if (connected.isDone()) {
                home.loop.execute(() -> heard(connected)); // who it is for is not waiting yet
            } else {
                connected.addListener(done -> heard(connected));
            }
            return true;
        }

        private void heard(ChannelFuture connected) {
            connecting--;
            if (connected.isSuccess()) {
                begin(connected.channel());
            } else {
                failed(connected.cause());
            }
        }

        private void begin(Channel channel) {
            TlsHandler tls = channel.pipeline().get(TlsHandler.class);
            TlsSession session = tls == null ? null : tls.session();
            boolean h2 = protocol == UpstreamProtocol.HTTP2
                    || protocol == UpstreamProtocol.AUTO && session != null && "h2".equals(session.alpn());
            if (closed) {
                channel.close();
                return;
            }
            if (!channel.isActive()) {
                failed(new ClosedChannelException());
                return;
            }
            UpstreamConnection connection;
            if (h2) {
                Http2Upstream two = Http2Upstream.of(home, limits, this);
                connection = two;
                all.put(two, new Kept(two, home.clock.nanoTime()));
                channel.pipeline().addLast(two).remove(Beginning.INSTANCE);
            } else {
                Http1Upstream one = new Http1Upstream(home, limits, this);
                connection = one;
                all.put(one, new Kept(one, home.clock.nanoTime()));
                channel.pipeline().addLast(one).remove(Beginning.INSTANCE);
            }
            if (connection.available() > 0) {
                free(connection);
            }
            while (!h2 && waiting.size() > connecting && connect()) {
                // They hoped for one connection for all of them.
            }
        }

        private void failed(Throwable cause) {
            endpoint.done(Endpoint.Outcome.CONNECT_FAILED, -1);
            Failure failure = cause instanceof ConnectTimeoutException
                    ? Failure.CONNECT_TIMEOUT
                    : cause instanceof SSLException || cause.getCause() instanceof SSLException
                            ? Failure.TLS_FAILED
                            : Failure.CONNECT_FAILED;
            // Each waits for one of its own; in HTTP/2 all for the same.
            int told = protocol == UpstreamProtocol.HTTP1 || !all.isEmpty() ? 1 : waiting.size();
            for (int i = 0; i < told; i++) {
                refuse(failure);
            }
            connectIfNeeded();
        }

        private void refuse(Failure failure) {
            Waiter waiter = waiting.poll();
            if (waiter != null) {
                cluster.release(Limit.PENDING);
                waiter.refused(failure, endpoint);
            }
        }

        /** Nobody is to wait for nothing. */
        private void connectIfNeeded() {
            while (!waiting.isEmpty() && connecting == 0 && !connect() && all.isEmpty()) {
                refuse(Failure.OVERFLOW);
            }
        }

        @Override
        public void ready(UpstreamConnection connection) {
            if (connection.available() > 0) {
                free(connection);
            }
        }

        @Override
        public void free(UpstreamConnection connection) {
            Kept kept = all.get(connection);
            if (kept == null) {
                return;
            }
            while (!waiting.isEmpty() && connection.available() > 0) {
                Waiter waiter = waiting.poll();
                cluster.release(Limit.PENDING);
                waiter.connected(connection, endpoint, address);
            }
            if (connection.available() <= 0) {
                return;
            }
            if (left || closed) {
                all.remove(connection);
                connection.close();
                return;
            }
            kept.idleSince = 0;
            if (!kept.inFree) {
                kept.inFree = true;
                free.add(kept);
            }
        }

        @Override
        public void gone(UpstreamConnection connection, Failure why) {
            Kept kept = all.remove(connection);
            if (kept != null) {
                free.remove(kept);
            }
            connectIfNeeded();
        }

        void sweep(long now) {
            for (int i = free.size() - 1; i >= 0; i--) {
                Kept kept = free.get(i);
                if (kept.connection.active() > 0) {
                    kept.idleSince = 0;
                } else if (kept.idleSince == 0) {
                    kept.idleSince = now;
                } else if (left || limits.idleNanos() > 0 && now - kept.idleSince > limits.idleNanos()) {
                    free.remove(i);
                    all.remove(kept.connection);
                    kept.connection.close();
                }
            }
        }

        void close() {
            for (int i = waiting.size(); i > 0; i--) {
                refuse(Failure.SHUTDOWN);
            }
            List<UpstreamConnection> ending = new ArrayList<>(all.keySet());
            all.clear();
            free.clear();
            ending.forEach(UpstreamConnection::close);
        }
    }

    /** In the place of the protocol's handlers until that is known. */
    @ChannelHandler.Sharable
    private static final class Beginning extends ChannelInboundHandlerAdapter {
        static final Beginning INSTANCE = new Beginning();

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close(); // the connect fails by itself
        }
    }
}
