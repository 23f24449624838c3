package dev.weir.proxy;

import dev.weir.core.config.Address;
import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionEvents;
import dev.weir.core.filter.Side;
import dev.weir.core.tls.TlsSession;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** Tells of connections as stunnel does. What is known of services comes from the configuration in force. */
final class StunnelEvents implements ConnectionEvents {
    private final StunnelLog log;
    private final ConcurrentMap<Long, Active> active = new ConcurrentHashMap<>();
    private volatile Map<String, String> process = Map.of();

    private record Active(String service, SocketAddress client) {}

    StunnelEvents(StunnelLog log) {
        this.log = log;
    }

    /** From here on these are the services. */
    void use(Map<String, String> of) {
        process = of;
    }

    private String service(String listener) {
        return process.getOrDefault("service:" + listener, listener);
    }

    private boolean client(String listener) {
        return "yes".equals(process.get("client:" + listener));
    }

    private void say(int level, long id, String listener, String text) {
        String own = process.get("debug:" + listener);
        log.log(level, own == null ? -1 : Integer.parseInt(own), name(id), text);
    }

    /** How connections are called: {@code logId}. */
    private String name(long id) {
        return switch (process.getOrDefault("logId", "sequential").toLowerCase(java.util.Locale.ROOT)) {
            case "unique" -> ProcessHandle.current().pid() + "-" + Long.toString(id, 36);
            case "process" -> String.valueOf(ProcessHandle.current().pid());
            case "thread" -> String.valueOf(Thread.currentThread().getId());
            default -> String.valueOf(id - 1);
        };
    }

    @Override
    public void accepted(long id, String listener, SocketAddress client) {
        String service = service(listener);
        active.put(id, new Active(service, client));
        say(StunnelLog.DEBUG, id, listener, "Service [" + service + "] started");
        say(
                StunnelLog.NOTICE,
                id,
                listener,
                "Service [" + service + "] accepted connection from " + Address.format(client));
    }

    @Override
    public void secured(long id, String listener, Side side, TlsSession session) {
        for (int depth = session.resumed() ? -1 : session.peer().size() - 1;
                depth >= 0 && session.verified();
                depth--) {
            X509Certificate certificate = session.peer().get(depth);
            String subject = StunnelWords.name(certificate.getSubjectX500Principal());
            int level = depth == 0 ? StunnelLog.NOTICE : StunnelLog.INFO;
            say(level, id, listener, "Certificate accepted at depth=" + depth + ": " + subject);
        }
        if (session.peer().isEmpty() && side == Side.CLIENT) {
            say(StunnelLog.INFO, id, listener, "No peer certificate received");
        }
        if (side == Side.CLIENT && session.serverName() != null) {
            say(StunnelLog.INFO, id, listener, "SNI: requested servername: " + session.serverName());
        }
        String how = session.resumed() ? "previous session reused" : "new session negotiated";
        say(StunnelLog.INFO, id, listener, (side == Side.CLIENT ? "TLS accepted: " : "TLS connected: ") + how);
        say(StunnelLog.INFO, id, listener, session.version() + " ciphersuite: " + session.cipher());
    }

    @Override
    public void handshakeFailed(long id, String listener, SocketAddress client, Throwable cause) {
        if (!active.containsKey(id)) {
            say(
                    StunnelLog.NOTICE,
                    id,
                    listener,
                    "Service [" + service(listener) + "] accepted connection from " + Address.format(client));
        }
        say(StunnelLog.ERROR, id, listener, "SSL_accept: " + StunnelWords.of(cause));
    }

    @Override
    public void connected(
            long id, String listener, String cluster, SocketAddress upstream, @Nullable SocketAddress from) {
        String to = Address.format(upstream);
        if (process.containsKey("redirect:" + cluster)) {
            say(StunnelLog.NOTICE, id, listener, "Redirecting connection");
        }
        say(StunnelLog.NOTICE, id, listener, "s_connect: connected " + to);
        String own = from == null ? "" : " from " + Address.format(from);
        say(StunnelLog.NOTICE, id, listener, "Service [" + service(listener) + "] connected remote server" + own);
    }

    @Override
    public void connectFailed(long id, String listener, String upstream, Throwable cause) {
        if (StunnelWords.isTls(cause)) {
            say(StunnelLog.ERROR, id, listener, "SSL_connect: " + StunnelWords.of(cause));
        } else if (cause instanceof ConnectException
                && String.valueOf(cause.getMessage()).contains("refused")) {
            say(StunnelLog.ERROR, id, listener, "s_connect: connect " + upstream + ": Connection refused (111)");
        } else {
            say(StunnelLog.ERROR, id, listener, "s_connect: connect " + upstream + ": " + StunnelWords.of(cause));
        }
    }

    @Override
    public void closed(long id, String listener, CloseReason reason, long fromClient, long toClient) {
        boolean client = client(listener);
        long tls = client ? fromClient : toClient;
        long socket = client ? toClient : fromClient;
        switch (reason) {
            case CONNECT_FAILED, CONNECT_TIMEOUT, NO_ENDPOINT -> {
                tls = 0; // It was read, but nobody was there to have it.
                socket = 0;
                say(StunnelLog.ERROR, id, listener, "No more addresses to connect");
            }
            case IDLE_TIMEOUT ->
                say(StunnelLog.INFO, id, listener, "transfer: s_poll_wait: TIMEOUTidle exceeded: closing");
            default -> {}
        }
        boolean whole = switch (reason) {
            case CLIENT_CLOSED, UPSTREAM_CLOSED, COMPLETE, DRAINED -> true;
            default -> false;
        };
        say(
                StunnelLog.NOTICE,
                id,
                listener,
                "Connection " + (whole ? "closed" : "reset") + ": " + tls + " byte(s) sent to TLS, " + socket
                        + " byte(s) sent to socket");
        Active gone = active.remove(id);
        if (gone != null) {
            say(StunnelLog.DEBUG, id, listener, "Service [" + gone.service + "] finished (" + active.size() + " left)");
        }
    }

    /** Writes all that are open into the log. From any thread. */
    void list() {
        log.log(StunnelLog.EMERGENCY, "Active connections:");
        active.forEach((id, one) -> log.log(
                StunnelLog.EMERGENCY,
                "Active connection " + id + ": Service [" + one.service + "], from " + Address.format(one.client)));
        log.log(StunnelLog.EMERGENCY, "Listed " + active.size() + " active connection(s)");
    }
}
