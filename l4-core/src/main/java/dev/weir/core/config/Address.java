package dev.weir.core.config;

import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * An address as users write it: {@code host:port}, {@code [v6]:port} or {@code unix:/path}.
 *
 * @param host name or IP address without brackets; the path of a Unix socket
 * @param port 0…65535 (0: any free port, for listeners), or -1 for a Unix socket
 */
public record Address(String host, int port) {
    private static final String UNIX = "unix:";
    private static final String EXPECTED = "(expected: host:port, [v6]:port or unix:/path)";

    /**
     * Reads an address.
     *
     * @throws IllegalArgumentException with the value and what is expected
     */
    public static Address parse(String text) {
        if (text.startsWith(UNIX)) {
            if (text.length() == UNIX.length()) {
                throw bad(text);
            }
            return new Address(text.substring(UNIX.length()), -1);
        }
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            throw bad(text);
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
            if (!NetUtil.isValidIpV6Address(host)) {
                throw bad(text);
            }
        } else if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" (expected: an IPv6 address in brackets, as in [::1]:6379)");
        }
        if (host.isBlank() || host.chars().anyMatch(c -> c <= ' ' || c == '/')) {
            throw bad(text);
        }
        String digits = text.substring(colon + 1);
        if (digits.isEmpty() || digits.length() > 5 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw bad(text);
        }
        int port = Integer.parseInt(digits);
        if (port > 65_535) {
            throw new IllegalArgumentException("\"" + text + "\" (expected: a port of 0..65535)");
        }
        return new Address(host, port);
    }

    private static IllegalArgumentException bad(String text) {
        return new IllegalArgumentException("\"" + text + "\" " + EXPECTED);
    }

    /** Whether it is a Unix socket. */
    public boolean isUnix() {
        return port < 0;
    }

    /** The literal IP address in it, or null if it has to be resolved (or is a Unix socket). */
    public @Nullable InetAddress literal() {
        byte[] bytes = isUnix() ? null : NetUtil.createByteArrayFromIpAddressString(host);
        try {
            return bytes == null ? null : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The socket address; unresolved if the host is a name. */
    public SocketAddress socketAddress() {
        if (isUnix()) {
            return new DomainSocketAddress(host);
        }
        InetAddress literal = literal();
        return literal != null ? new InetSocketAddress(literal, port) : InetSocketAddress.createUnresolved(host, port);
    }

    @Override
    public String toString() {
        if (isUnix()) {
            return UNIX + host;
        }
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }

    /** Writes a socket address the same way; {@code unix:} alone for an unnamed Unix socket. */
    public static String format(@Nullable SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            InetAddress ip = inet.getAddress();
            String host = ip == null ? inet.getHostString() : NetUtil.toAddressString(ip);
            return host.indexOf(':') >= 0 ? "[" + host + "]:" + inet.getPort() : host + ":" + inet.getPort();
        }
        if (address instanceof DomainSocketAddress unix) {
            return UNIX + unix.path();
        }
        return address == null ? "" : address.toString();
    }
}
