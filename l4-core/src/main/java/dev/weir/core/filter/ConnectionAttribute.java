package dev.weir.core.filter;

import dev.weir.core.config.Address;
import dev.weir.core.tls.TlsSession;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A typed key for what filters tell each other about a connection. Keys are constants: make one per
 * meaning in a {@code static final} field, never one per connection. Reading one is an array access.
 *
 * @param <T> the type of the value
 */
public final class ConnectionAttribute<T> {
    /** The name the protocol authenticated: MySQL user, Redis ACL user, … */
    public static final ConnectionAttribute<String> USER = new ConnectionAttribute<>("user", String.class);
    /** The current database: Redis db index, MySQL schema, … */
    public static final ConnectionAttribute<String> NAMESPACE = new ConnectionAttribute<>("namespace", String.class);
    /** What the client calls itself: CLIENT SETINFO, program name, application name, … */
    public static final ConnectionAttribute<String> APP = new ConnectionAttribute<>("app", String.class);
    /** The cluster that a filter chose for this connection; terminals prefer it to their configured one. */
    public static final ConnectionAttribute<String> CLUSTER = new ConnectionAttribute<>("cluster", String.class);
    /** The server name of a TLS ClientHello, or the one that a PROXY protocol header tells. */
    public static final ConnectionAttribute<String> SNI = new ConnectionAttribute<>("sni", String.class);
    /** What the handshake with the client found out, where Weir itself ended its TLS. */
    public static final ConnectionAttribute<TlsSession> TLS = new ConnectionAttribute<>("tls", TlsSession.class);
    /** What a PROXY protocol header said; the core sets it before the filters see the connection. */
    public static final ConnectionAttribute<ProxyHeader> PROXY_HEADER =
            new ConnectionAttribute<>("proxy_header", ProxyHeader.class);
    /**
     * Where the client asked to be connected to, by a protocol that lets it (SOCKS, CONNECT). Terminals go there only where their configuration
     * allows it, and close the connection where it does not.
     */
    public static final ConnectionAttribute<Address> TARGET = new ConnectionAttribute<>("target", Address.class);
    /** What hash balancers hash; without it they hash the client's address. */
    public static final ConnectionAttribute<Long> HASH = new ConnectionAttribute<>("hash", Long.class);

    private final String name;
    private final Class<T> type;
    private final int index;

    /** Makes a key; {@code name} appears in logs only and need not be unique. */
    public ConnectionAttribute(String name, Class<T> type) {
        this.name = name;
        this.type = type;
        this.index = nextIndex();
    }

    private static int nextIndex() {
        return Indexes.NEXT.getAndIncrement();
    }

    /** The place of this key's value in a connection's table. */
    public int index() {
        return index;
    }

    /** The type of the value. */
    public Class<T> type() {
        return type;
    }

    @Override
    public String toString() {
        return name;
    }

    /** Holds the counter apart, so that it exists before the constants above are made. */
    private static final class Indexes {
        static final AtomicInteger NEXT = new AtomicInteger();
    }
}
