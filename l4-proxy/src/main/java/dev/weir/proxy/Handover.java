package dev.weir.proxy;

import dev.weir.core.Proxy;
import dev.weir.core.net.Transport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How {@code weir run} gets the sockets of its predecessor, and gives them to its successor. */
final class Handover implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Handover.class);

    private final ConfigFile file;
    private final Terminal terminal;
    private final boolean wanted;

    private final SystemdNotify systemd;
    private @Nullable Takeover takeover;
    private @Nullable TakeoverServer successors;

    /** {@code wanted}: there is a predecessor. */
    Handover(ConfigFile file, Terminal terminal, SystemdNotify systemd, boolean wanted) {
        this.systemd = systemd;
        this.file = file;
        this.terminal = terminal;
        this.wanted = wanted;
    }

    /**
     * Asks the predecessor, which goes on as before, for its sockets.
     *
     * @throws IllegalStateException if it does not give them
     */
    Inherited inherit(ClassLoader loader) throws IOException, InterruptedException {
        if (!wanted) {
            return SystemdSockets.of(System.getenv(), ProcessHandle.current().pid());
        }
        Transport transport = Transport.of(file.config().process().transport());
        if (transport != Transport.EPOLL) {
            throw new IllegalStateException("--takeover: transport " + transport.label()
                    + " cannot use the sockets of another process (expected: epoll)");
        }
        Path path = path();
        if (path == null) {
            throw new IllegalStateException("--takeover: takeover.socket is \"off\" (expected: the path of a socket)");
        }
        Proxy.check(file.config(), loader);
        file.errors().throwIfAny(file.source());
        takeover = Takeover.begin(path);
        if (takeover == null) {
            terminal.say("no process to take over from at " + path);
            return SystemdSockets.of(System.getenv(), ProcessHandle.current().pid());
        }
        return takeover.inherited();
    }

    /**
     * The server accepts: the predecessor may go, and there may be a successor.
     *
     * @throws IllegalStateException if the predecessor goes on as before
     */
    void complete(Server server) throws InterruptedException {
        if (takeover != null) {
            try {
                takeover.inForce(server.accepting());
            } catch (IllegalStateException e) {
                // The sockets are somebody else's, who goes on with them; who was accepted here is still served.
                server.handOver(Set.copyOf(server.accepting()));
                server.drained().join();
                throw e;
            }
            takeover.close();
            terminal.say("took over from process " + takeover.predecessor());
        }
        systemd.ready(takeover != null, "serving");
        if (server.transport() == Transport.EPOLL) {
            open(server);
        }
    }

    private void open(Server server) {
        try {
            Path path = path();
            if (path != null && (takeover != null || TakeoverServer.free(path))) {
                successors = TakeoverServer.open(path, server);
            } else if (path != null) {
                LOG.warn("no process can take over from this one: another one listens at {}", path);
            }
        } catch (IOException e) {
            LOG.warn("no process can take over from this one: {}", e.getMessage());
        }
    }

    private @Nullable Path path() throws IOException {
        return TakeoverPath.of(file.config().process().takeoverSocket(), file.source(), System.getenv());
    }

    @Override
    public void close() {
        if (takeover != null) {
            takeover.close();
        }
        if (successors != null) {
            successors.close();
        }
    }
}
