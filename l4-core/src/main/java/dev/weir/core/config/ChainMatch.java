package dev.weir.core.config;

import dev.weir.core.tls.ClientHello;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which connections a filter chain takes. Empty lists match everything; all that are given must match.
 *
 * @param sources client addresses
 * @param destinations addresses the client connected to
 * @param ports ports the client connected to
 * @param serverNames names that the client asks for by TLS
 * @param protocols application protocols of which it must offer one
 * @param tls whether it must begin with TLS, or must not; null if that makes no difference
 */
public record ChainMatch(
        List<Cidr> sources,
        List<Cidr> destinations,
        List<Integer> ports,
        ServerNames serverNames,
        List<String> protocols,
        @Nullable Boolean tls) {
    static final ChainMatch ANY =
            new ChainMatch(List.of(), List.of(), List.of(), new ServerNames(List.of()), List.of(), null);

    static ChainMatch from(ConfigNode node) {
        List<Integer> ports = new ArrayList<>();
        for (ConfigNode port : node.list("destination_ports")) {
            ports.add(port.as(ChainMatch::port, 1));
        }
        ChainMatch match = new ChainMatch(
                Cidr.list(node, "source"),
                Cidr.list(node, "destination"),
                List.copyOf(ports),
                ServerNames.from(node, "sni"),
                node.list("alpn").stream().map(ConfigNode::text).toList(),
                node.has("tls") ? node.bool("tls", true) : null);
        if (Boolean.FALSE.equals(match.tls) && !(match.serverNames.isEmpty() && match.protocols.isEmpty())) {
            node.error("tls", "false beside sni or alpn (expected: true, or none of them)");
        }
        node.rejectUnknown();
        return match;
    }

    private static int port(String text) {
        try {
            int port = Integer.parseInt(text);
            if (port > 0 && port <= 65_535) {
                return port;
            }
        } catch (NumberFormatException e) {
            // falls through to the message
        }
        throw new IllegalArgumentException("\"" + text + "\" (expected: a port of 1..65535)");
    }

    /** Whether every connection belongs to this chain. */
    public boolean matchesAll() {
        return sources.isEmpty() && destinations.isEmpty() && ports.isEmpty() && !needsHello();
    }

    /** Whether it depends on what the client says first. */
    public boolean needsHello() {
        return !serverNames.isEmpty() || !protocols.isEmpty() || tls != null;
    }

    /** Whether a client that begins like this belongs to this chain, as far as that counts. */
    public boolean matches(ClientHello hello) {
        return (tls == null || tls == hello.tls())
                && (serverNames.isEmpty() || serverNames.matches(hello.serverName()))
                && (protocols.isEmpty() || hello.protocols().stream().anyMatch(protocols::contains));
    }

    /** Whether a connection from {@code client} to {@code local} belongs to this chain, as far as addresses count. */
    public boolean matches(SocketAddress client, SocketAddress local) {
        return Cidr.anyOrEmpty(sources, client)
                && Cidr.anyOrEmpty(destinations, local)
                && (ports.isEmpty() || local instanceof InetSocketAddress inet && ports.contains(inet.getPort()));
    }
}
