package dev.weir.core.config;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A listener.
 *
 * @param name its name in metrics, exchanges and the admin pages
 * @param address where it listens
 * @param chains filter chains, the first one that matches a connection is used; at least one
 * @param bufferBytes high water mark for bytes on their way in each direction of a connection, 4 KiB…16 MiB
 * @param backlog length of the queue of connections not yet accepted, 1…65,535
 * @param noDelay TCP_NODELAY on client connections
 * @param keepAlive TCP keep-alive on client connections
 * @param reusePort an accept socket per event loop, where the system can
 * @param socketMode who may connect to the Unix socket, in octal digits as chmod has them; null for what the umask leaves
 * @param proxyProtocol what is expected of PROXY protocol headers
 * @param node where it stands in the configuration
 */
public record ListenerConfig(
        String name,
        Address address,
        List<ChainConfig> chains,
        int bufferBytes,
        int backlog,
        boolean noDelay,
        boolean keepAlive,
        boolean reusePort,
        @Nullable String socketMode,
        ProxyProtocolConfig proxyProtocol,
        ConfigNode node) {

    static final int DEFAULT_BUFFER = 64 << 10;

    static ListenerConfig from(ConfigNode node) {
        String name = node.string("name");
        Address address = node.address("address");
        List<ChainConfig> chains = new ArrayList<>();
        ConfigNode many = node.child("filter_chains");
        if (many != null) {
            if (node.has("filters")) {
                node.error("filters", "given beside filter_chains (expected: one of the two)");
            }
            if (node.has("tls")) {
                node.error("tls", "given beside filter_chains (expected: in the chains)");
            }
            many.elements().forEach(chain -> chains.add(ChainConfig.from(chain, true)));
            if (chains.isEmpty()) {
                many.error("empty (expected: at least one chain)");
            }
        } else {
            chains.add(ChainConfig.from(node, false));
        }
        ListenerConfig config = new ListenerConfig(
                name,
                address,
                List.copyOf(chains),
                (int) sizeIn(node, "buffer", DEFAULT_BUFFER, 4 << 10, 16 << 20),
                (int) node.integer("backlog", 4096, 1, 65_535),
                node.bool("tcp_nodelay", true),
                node.bool("keep_alive", true),
                node.bool("reuse_port", true),
                socketMode(node, address),
                ProxyProtocolConfig.from(node),
                node);
        node.rejectUnknown();
        return config;
    }

    private static @Nullable String socketMode(ConfigNode node, Address address) {
        String mode = node.string("socket_mode", null);
        if (mode == null) {
            return null;
        }
        if (!mode.matches("0?[0-7]{3}")) {
            node.error("socket_mode", "\"" + mode + "\" (expected: three octal digits, as in \"0660\")");
            return null;
        }
        if (!address.isUnix()) {
            node.error("socket_mode", "without a Unix socket (expected: address: unix:/path)");
        }
        return mode;
    }

    static long sizeIn(ConfigNode node, String key, long absent, long min, long max) {
        long size = node.size(key, absent);
        if (size < min || size > max) {
            node.error(key, Units.format(size) + " (expected: " + Units.format(min) + ".." + Units.format(max) + ")");
            return absent;
        }
        return size;
    }
}
