package dev.weir.core.config;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * What a listener expects of PROXY protocol headers.
 *
 * @param mode whether there may or has to be one
 * @param trusted who may send one; empty for everybody
 * @param timeout longest wait for a whole one, 10 ms…1 min
 */
public record ProxyProtocolConfig(Mode mode, List<Cidr> trusted, Duration timeout) {
    /** Whether a listener's connections begin with a header. */
    public enum Mode {
        /** They do not; such bytes are passed on as any others. */
        OFF,
        /** Some do, which is found out. */
        OPTIONAL,
        /** All do. */
        REQUIRED
    }

    static ProxyProtocolConfig from(ConfigNode node) {
        Mode mode = Mode.valueOf(node.oneOf("proxy_protocol", "off", List.of("off", "optional", "required"))
                .toUpperCase(java.util.Locale.ROOT));
        Duration timeout = node.duration("proxy_protocol_timeout", Duration.ofSeconds(3));
        if (timeout.toMillis() < 10 || timeout.toSeconds() > 60) {
            node.error("proxy_protocol_timeout", Units.format(timeout) + " (expected: 10ms..1m)");
        }
        List<Cidr> trusted = Cidr.list(node, "proxy_protocol_trusted");
        for (String key : List.of("proxy_protocol_trusted", "proxy_protocol_timeout")) {
            if (mode == Mode.OFF && node.has(key)) {
                node.error(key, "without proxy_protocol (expected: proxy_protocol: optional or required beside it)");
            }
        }
        if (node.has("proxy_protocol_trusted") && trusted.isEmpty()) {
            node.error("proxy_protocol_trusted", "empty (expected: ranges of addresses, or no such key to trust all)");
        }
        return new ProxyProtocolConfig(mode, trusted, timeout);
    }

    /** Whether {@code peer} may send a header. */
    public boolean trusts(SocketAddress peer) {
        return Cidr.anyOrEmpty(trusted, peer);
    }
}
