package dev.weir.core.net;

import dev.weir.core.cluster.Endpoint;
import dev.weir.core.exchange.Exchanges;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.NetworkFilter.Boundary;
import dev.weir.core.filter.TerminalContext;
import dev.weir.core.filter.WireClock;
import io.netty.channel.Channel;
import java.net.SocketAddress;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A terminal's view of its session. */
final class SessionTerminal implements TerminalContext {
    private final Session session;

    SessionTerminal(Session session) {
        this.session = session;
    }

    @Override
    public Connection connection() {
        return session.connection();
    }

    @Override
    public Exchanges exchanges() {
        return session.home().exchanges();
    }

    @Override
    public WireClock clock() {
        return session.home().clock();
    }

    @Override
    public void upstream(String cluster, @Nullable SocketAddress address, @Nullable Channel channel) {
        session.upstream(cluster, address, channel);
        SessionEvents.upstream(session, address, channel);
    }

    @Override
    public void judge(Endpoint endpoint) {
        session.connection().judge(endpoint);
    }

    @Override
    public void connectFailed(Endpoint endpoint, Throwable cause) {
        ClientConnection connection = session.connection();
        session.home()
                .events()
                .connectFailed(
                        connection.id(),
                        connection.listener(),
                        endpoint.address().toString(),
                        cause);
    }

    @Override
    public boolean followed() {
        return session.boundary() != Boundary.UNKNOWN;
    }

    @Override
    public long burstNanos() {
        return session.burstNanos();
    }

    @Override
    public @Nullable CloseReason closeReason() {
        return session.closeReason();
    }

    @Override
    public boolean busy() {
        return session.boundary() == Boundary.BUSY;
    }

    @Override
    public void boundary(BooleanSupplier idle) {
        session.connection().terminalIdle(idle);
    }

    @Override
    public void onDrain(Runnable told) {
        if (session.drain != null) {
            told.run();
        } else {
            session.connection().onDrain(told);
        }
    }

    @Override
    public void pauseReading() {
        session.gate().hold(ReadGate.TERMINAL);
    }

    @Override
    public void resumeReading() {
        session.gate().release(ReadGate.TERMINAL);
    }

    @Override
    public void countUpstream(long read, long written) {
        session.home().bytesFromUpstreams.add(read);
        session.home().bytesToUpstreams.add(written);
    }

    @Override
    public void reset(CloseReason reason) {
        session.reset(reason);
    }
}
