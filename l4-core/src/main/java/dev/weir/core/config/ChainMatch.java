package dev.weir.core.config;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Which connections a filter chain takes. Empty lists match everything; all that are given must match.
 *
 * @param sources client addresses
 * @param destinations addresses the client connected to
 * @param ports ports the client connected to
 */
public record ChainMatch(List<Cidr> sources, List<Cidr> destinations, List<Integer> ports) {
    static final ChainMatch ANY = new ChainMatch(List.of(), List.of(), List.of());

    static ChainMatch from(ConfigNode node) {
        List<Integer> ports = new ArrayList<>();
        for (ConfigNode port : node.list("destination_ports")) {
            ports.add(port.as(ChainMatch::port, 1));
        }
        ChainMatch match =
                new ChainMatch(Cidr.list(node, "source"), Cidr.list(node, "destination"), List.copyOf(ports));
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
        return sources.isEmpty() && destinations.isEmpty() && ports.isEmpty();
    }

    /** Whether a connection from {@code client} to {@code local} belongs to this chain. */
    public boolean matches(SocketAddress client, SocketAddress local) {
        return Cidr.anyOrEmpty(sources, client)
                && Cidr.anyOrEmpty(destinations, local)
                && (ports.isEmpty() || local instanceof InetSocketAddress inet && ports.contains(inet.getPort()));
    }
}
