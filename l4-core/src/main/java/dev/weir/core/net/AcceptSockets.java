package dev.weir.core.net;

import dev.weir.core.ListenSocket;
import dev.weir.core.config.Address;
import dev.weir.core.config.ListenerConfig;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The accept sockets of a listener: bound here, inherited from another process, or taken over from a listener that leaves. They
 * listen as soon as there are any, but accept only from {@link #open} on, so that what fails on the way to there costs nobody a
 * connection. Used under the lock of {@link Engine}; {@link #open} and {@link #pause} from any thread.
 */
final class AcceptSockets {
    private static final Logger LOG = LoggerFactory.getLogger(AcceptSockets.class);

    /** What takes the connections. */
    interface Acceptors {
        /** Of a socket whose connections stay on the loop of this number. */
        ChannelHandler onLoop(int loop);

        /** Of a socket whose connections go to all loops in turn. */
        ChannelHandler inTurn();
    }

    /** A socket, the number of its loop, whether its connections stay there, and the handler that takes them. */
    private record Accepting(Channel channel, int loop, boolean stays, ChannelHandler handler) {}

    private final ListenerConfig config;
    private final Transport transport;
    private final List<EventLoop> loops;
    private final Acceptors acceptors;
    private final List<Accepting> sockets = new CopyOnWriteArrayList<>();
    /** Another process has made them. */
    private boolean inherited;

    /** Somebody else, such as systemd, goes on to own them. */
    private boolean lent;

    private Address bound;

    AcceptSockets(ListenerConfig config, Transport transport, List<EventLoop> loops, Acceptors acceptors) {
        this.config = config;
        this.transport = transport;
        this.loops = List.copyOf(loops);
        this.acceptors = acceptors;
        this.bound = config.address();
    }

    Address bound() {
        return bound;
    }

    boolean lent() {
        return lent;
    }

    // ---- to listen

    /**
     * Listens on {@code wanted}, with the sockets given where there are some.
     *
     * @throws IllegalStateException if that is not to be had; then nothing is left of it
     */
    void bind(Address wanted, List<ListenSocket> given) {
        try {
            if (given.isEmpty()) {
                bindAll(wanted);
            } else {
                adoptAll(given);
            }
        } catch (RuntimeException e) {
            abandon();
            throw e;
        }
    }

    private boolean shared(Address address) {
        return config.reusePort() && transport.canReusePort(address) && loops.size() > 1;
    }

    private void bindAll(Address wanted) {
        boolean shared = shared(wanted);
        if (wanted.isUnix()) {
            UnixPaths.makeRoom(config.name(), wanted);
        }
        bound = wanted;
        for (int i = 0; i < (shared ? loops.size() : 1); i++) {
            Channel channel = fresh(bound, i, shared);
            if (i == 0 && !wanted.isUnix()) {
                // With port 0 the first socket chooses, and the others follow.
                bound = Address.parse(Address.format(channel.localAddress()));
            }
        }
        setMode();
    }

    /**
     * With fewer sockets than loops more are bound, or, where that cannot be, connections go to the loops in turn; with more, loops
     * have several: none may be closed, as connections may wait in it.
     */
    private void adoptAll(List<ListenSocket> given) {
        if (transport != Transport.EPOLL) {
            throw new IllegalStateException("listener " + config.name() + " cannot use a socket of another process with"
                    + " transport " + transport.label() + " (expected: epoll)");
        }
        bound = given.get(0).bound();
        inherited = true;
        lent = given.get(0).configured() == null;
        boolean more = given.size() < loops.size()
                && shared(bound)
                && given.stream().allMatch(socket -> Descriptors.sharesPort(socket.descriptor()));
        boolean stays = more || given.size() >= loops.size();
        for (int i = 0; i < given.size(); i++) {
            adopt(given.get(i).descriptor(), i % loops.size(), stays);
        }
        for (int i = given.size(); more && i < loops.size(); i++) {
            fresh(bound, i, true);
        }
    }

    /** Only then may others connect, if they may at all: until here it was what the umask leaves. */
    private void setMode() {
        String mode = config.socketMode();
        if (mode == null || lent || !bound.isUnix()) {
            return;
        }
        try {
            UnixPaths.setMode(bound, mode);
        } catch (IOException e) {
            throw cannotListen(e);
        }
    }

    private void adopt(int descriptor, int loop, boolean stays) {
        try {
            Channel channel = Descriptors.adopt(descriptor, bound.isUnix());
            if (!lent) {
                Descriptors.of(channel).listen(config.backlog());
            }
            add(channel, loop, stays);
        } catch (IOException e) {
            throw cannotListen(e);
        }
    }

    private Channel fresh(Address address, int loop, boolean stays) {
        if (address.isUnix() && transport == Transport.EPOLL) {
            return add(unix(address), loop, stays);
        }
        Channel channel = add(transport.server(address), loop, stays);
        var options = channel.config();
        options.setOption(ChannelOption.SO_BACKLOG, config.backlog());
        if (!address.isUnix()) {
            options.setOption(ChannelOption.SO_REUSEADDR, true);
        }
        if (stays) {
            options.setOption(UnixChannelOption.SO_REUSEPORT, true);
        }
        await(channel.bind(resolved(address)));
        return channel;
    }

    private Channel unix(Address address) {
        try {
            return Descriptors.listen(address.host(), config.backlog());
        } catch (IOException e) {
            throw cannotListen(e);
        }
    }

    private SocketAddress resolved(Address address) {
        SocketAddress socketAddress = transport.socketAddress(address);
        return socketAddress instanceof InetSocketAddress inet && inet.isUnresolved()
                ? new InetSocketAddress(inet.getHostString(), inet.getPort()) // off the event loops
                : socketAddress;
    }

    private Channel add(Channel channel, int loop, boolean stays) {
        channel.config().setAutoRead(false);
        ChannelHandler handler = stays ? acceptors.onLoop(loop) : acceptors.inTurn();
        sockets.add(new Accepting(channel, loop, stays, handler));
        channel.pipeline().addLast(handler);
        await(loops.get(loop).register(channel));
        return channel;
    }

    private void await(Future<?> future) {
        future.awaitUninterruptibly();
        Throwable cause = future.cause();
        if (cause != null) {
            throw cannotListen(cause);
        }
    }

    private IllegalStateException cannotListen(Throwable cause) {
        String message = cause instanceof java.nio.channels.UnresolvedAddressException
                ? "unknown host"
                : String.valueOf(cause.getMessage());
        int errno = message.indexOf("failed: ");
        String reason = errno < 0 ? message : message.substring(errno + "failed: ".length());
        return new IllegalStateException(
                "listener " + config.name() + " cannot listen on " + bound + ": " + reason, cause);
    }

    // ---- to accept

    /** Accepts, or goes on to. */
    void open() {
        sockets.forEach(socket -> socket.channel.config().setAutoRead(true));
    }

    /** Leaves connections where they wait to be accepted. */
    void pause() {
        sockets.forEach(socket -> socket.channel.config().setAutoRead(false));
    }

    // ---- to pass on

    /** Whether a listener with the settings {@code other} may have these sockets instead of binding its own. */
    boolean suit(ListenerConfig other) {
        boolean same = config.backlog() == other.backlog() || transport == Transport.EPOLL;
        return lent || same && (config.reusePort() == other.reusePort() || bound.isUnix());
    }

    /** Takes over the sockets of a listener that leaves. */
    void take(AcceptSockets leaving) {
        bound = leaving.bound;
        inherited = leaving.inherited;
        lent = leaving.lent;
        for (Accepting old : leaving.sockets) {
            ChannelHandler handler = old.stays ? acceptors.onLoop(old.loop) : acceptors.inTurn();
            // On the loop: a handler that is put in from elsewhere is passed over until its turn comes, and who is
            // accepted meanwhile is lost.
            old.channel
                    .eventLoop()
                    .submit(() -> old.channel.pipeline().replace(old.handler, null, handler))
                    .syncUninterruptibly();
            sockets.add(new Accepting(old.channel, old.loop, old.stays, handler));
            if (!lent && transport == Transport.EPOLL && config.backlog() != leaving.config.backlog()) {
                try {
                    Descriptors.of(old.channel).listen(config.backlog());
                } catch (IOException e) {
                    LOG.warn("backlog of listener {} stays as it was: {}", config.name(), e.getMessage());
                }
            }
        }
        leaving.sockets.clear();
        setMode();
    }

    /** For another process; the descriptors stay ours. Empty unless the transport is epoll. */
    List<ListenSocket> list() {
        List<ListenSocket> all = new ArrayList<>();
        if (transport == Transport.EPOLL) {
            Address configured = lent ? null : config.address();
            sockets.forEach(one -> all.add(new ListenSocket(
                    config.name(),
                    configured,
                    bound,
                    Descriptors.of(one.channel).intValue())));
        }
        return all;
    }

    // ---- to leave

    /** Nothing listens here any more. Who waits to be accepted still is. */
    void close() {
        close(true);
    }

    /** Another process has the sockets, and goes on. */
    void leave() {
        close(false);
    }

    private void close(boolean last) {
        if (sockets.isEmpty()) {
            return; // The file of a Unix socket is somebody else's.
        }
        boolean unlink = last && !lent && bound.isUnix();
        for (Accepting one : sockets) {
            if (last && !lent && transport == Transport.EPOLL) {
                one.channel.eventLoop().submit(() -> lastCall(one.channel)).awaitUninterruptibly();
            }
            one.channel.close().awaitUninterruptibly();
        }
        sockets.clear();
        if (unlink) {
            UnixPaths.remove(bound);
        }
    }

    /** What has failed to listen: nobody was accepted. Sockets of another process are still that one's. */
    void abandon() {
        boolean unlink = bound.isUnix()
                && !inherited
                && sockets.stream().anyMatch(one -> transport == Transport.EPOLL || one.channel.isActive());
        sockets.forEach(one -> one.channel.close().awaitUninterruptibly());
        sockets.clear();
        if (unlink) {
            UnixPaths.remove(bound);
        }
    }

    /** Accepts those who wait: closing the socket would reset them. */
    private void lastCall(Channel channel) {
        byte[] from = new byte[26];
        try {
            for (int i = 0; i < config.backlog(); i++) {
                int descriptor = Descriptors.of(channel).accept(from);
                if (descriptor < 0) {
                    return;
                }
                Channel child =
                        bound.isUnix() ? new EpollDomainSocketChannel(descriptor) : new EpollSocketChannel(descriptor);
                channel.pipeline().fireChannelRead(child);
            }
        } catch (IOException e) {
            LOG.debug("cannot accept the last connections of {}", config.name(), e);
        }
    }
}
