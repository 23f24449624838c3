package dev.weir.core.net;

import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.ConnectionEvents;
import dev.weir.core.filter.Side;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Tells {@link ConnectionEvents} what happens to a session. On its loop. */
final class SessionEvents {
    private SessionEvents() {}

    /** It begins; a handshake with the client has been before. */
    static void opened(Session session) {
        ConnectionEvents events = session.home().events();
        ClientConnection connection = session.connection();
        if (events == ConnectionEvents.NONE) {
            return;
        }
        events.accepted(connection.id(), connection.listener(), connection.client());
        TlsSession tls = connection.get(ConnectionAttribute.TLS);
        if (tls != null) {
            events.secured(connection.id(), connection.listener(), Side.CLIENT, tls);
        }
    }

    /** It has an upstream. */
    static void upstream(Session session, @Nullable SocketAddress address, @Nullable Channel socket) {
        ConnectionEvents events = session.home().events();
        if (address == null || events == ConnectionEvents.NONE) {
            return;
        }
        ClientConnection connection = session.connection();
        events.connected(
                connection.id(),
                connection.listener(),
                String.valueOf(connection.cluster()),
                address,
                socket == null ? null : socket.localAddress());
        TlsHandler handler = socket == null ? null : socket.pipeline().get(TlsHandler.class);
        TlsSession tls = handler == null ? null : handler.session();
        if (tls != null) {
            events.secured(connection.id(), connection.listener(), Side.UPSTREAM, tls);
        }
    }

    /** TLS begins in mid-stream, which tells of itself. */
    static Future<?> startTls(
            Session session, Side side, @Nullable Channel target, TlsHandler handler, @Nullable ByteBuf first) {
        Future<?> handshake = TlsStart.begin(
                target,
                handler,
                first,
                () -> session.close(side.tlsFailed()),
                session.channel().eventLoop());
        ConnectionEvents events = session.home().events();
        if (events == ConnectionEvents.NONE) {
            return handshake;
        }
        ClientConnection connection = session.connection();
        return handshake.addListener(done -> {
            TlsSession tls = handler.session();
            if (done.isSuccess() && tls != null) {
                events.secured(connection.id(), connection.listener(), side, tls);
            } else if (side == Side.CLIENT && !done.isSuccess()) {
                events.handshakeFailed(connection.id(), connection.listener(), connection.client(), done.cause());
            } else if (!done.isSuccess()) {
                events.connectFailed(
                        connection.id(),
                        connection.listener(),
                        String.valueOf(connection.upstreamText()),
                        done.cause());
            }
        });
    }
}
