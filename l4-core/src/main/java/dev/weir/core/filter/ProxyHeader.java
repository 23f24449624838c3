package dev.weir.core.filter;

import java.net.SocketAddress;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the PROXY protocol header of a connection said ({@link ConnectionAttribute#PROXY_HEADER}). There is none where the header
 * was of a connection that the sender made for itself. Immutable.
 */
public final class ProxyHeader {
    /** The server name that the client asked for. */
    public static final int AUTHORITY = 0x02;
    /** A number or name of the connection, of the sender's making. */
    public static final int UNIQUE_ID = 0x05;
    /** How the client's TLS went: a byte of flags, four of the result of the verification, then further values. */
    public static final int SSL = 0x20;
    /** The version of the client's TLS. */
    public static final int SSL_VERSION = 0x21;
    /** The common name in the client's certificate. */
    public static final int SSL_CN = 0x22;

    private final int version;
    private final SocketAddress peer;
    private final @Nullable SocketAddress source;
    private final @Nullable SocketAddress destination;
    private final Map<Integer, byte[]> values;

    /** Made by the core; {@code values} by their type. */
    public ProxyHeader(
            int version,
            SocketAddress peer,
            @Nullable SocketAddress source,
            @Nullable SocketAddress destination,
            Map<Integer, byte[]> values) {
        this.version = version;
        this.peer = peer;
        this.source = source;
        this.destination = destination;
        this.values = new TreeMap<>(values);
    }

    /** 1 or 2. */
    public int version() {
        return version;
    }

    /** Who sent the header: the address of the socket. */
    public SocketAddress peer() {
        return peer;
    }

    /** The client's address, or null if the header did not say. */
    public @Nullable SocketAddress source() {
        return source;
    }

    /** The address the client connected to, or null if the header did not say. */
    public @Nullable SocketAddress destination() {
        return destination;
    }

    /**
     * A copy of the value of a type (the first one, where there are several), or null. The types within {@link #SSL} are found by
     * their own numbers as well.
     */
    public byte @Nullable [] value(int type) {
        byte[] value = values.get(type);
        return value == null ? null : value.clone();
    }
}
