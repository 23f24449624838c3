package dev.weir.core.discovery;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import io.netty.handler.codec.dns.DnsRecordType;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What {@code dns} and {@code srv} have in common.
 *
 * @param servers whom to ask, in this order; empty: those of the system
 * @param families the types of addresses that are asked for
 * @param timeout of one question to one server
 * @param minRefresh the shortest time to the next question, and the first one after a failure
 * @param maxRefresh the longest one
 * @param refresh the time to the next question whatever the TTL is, or null
 */
record DnsSettings(
        List<InetSocketAddress> servers,
        List<DnsRecordType> families,
        Duration timeout,
        Duration minRefresh,
        Duration maxRefresh,
        @Nullable Duration refresh) {
    private static final int DNS_PORT = 53;
    /** A configuration with a wrong server is not used. */
    private static final InetSocketAddress PLACEHOLDER = new InetSocketAddress(DNS_PORT);

    private static final Duration LEAST = Duration.ofMillis(1);
    private static final Duration MOST = Duration.ofDays(1);
    /** A cluster without endpoints is not to wait longer for a server of names that has come back. */
    private static final Duration MAX_RETRY = Duration.ofSeconds(30);

    static DnsSettings read(ConfigNode node) {
        List<InetSocketAddress> servers = new ArrayList<>();
        for (ConfigNode server : node.list("servers")) {
            servers.add(server.as(DnsSettings::server, PLACEHOLDER));
        }
        List<DnsRecordType> families = switch (node.oneOf("families", "all", List.of("all", "ipv4", "ipv6"))) {
            case "ipv4" -> List.of(DnsRecordType.A);
            case "ipv6" -> List.of(DnsRecordType.AAAA);
            default -> List.of(DnsRecordType.A, DnsRecordType.AAAA);
        };
        Duration min = duration(node, "min_refresh", Duration.ofSeconds(1));
        Duration max = duration(node, "max_refresh", Duration.ofMinutes(5));
        if (max.compareTo(min) < 0) {
            node.error(
                    node.has("max_refresh") ? "max_refresh" : "min_refresh",
                    "max_refresh is shorter than min_refresh (expected: at least as long)");
        }
        Duration refresh = node.has("refresh") ? duration(node, "refresh", max) : null;
        return new DnsSettings(
                List.copyOf(servers), families, duration(node, "timeout", Duration.ofSeconds(5)), min, max, refresh);
    }

    private static InetSocketAddress server(String text) {
        boolean bare = text.chars().noneMatch(c -> c == ':') || text.endsWith("]");
        Address address = Address.parse(bare ? text + ":" + DNS_PORT : text);
        InetAddress ip = address.literal();
        if (ip == null || address.port() == 0) {
            throw new IllegalArgumentException("\"" + text + "\" (expected: IP address, or IP address:port)");
        }
        return new InetSocketAddress(ip, address.port());
    }

    private static Duration duration(ConfigNode node, String key, Duration absent) {
        Duration duration = node.duration(key, absent);
        if (duration.compareTo(LEAST) < 0 || duration.compareTo(MOST) > 0) {
            node.error(key, Units.format(duration) + " (expected: 1ms..24h)");
            return absent;
        }
        return duration;
    }

    /** Milliseconds to the next question after an answer that is good for so many seconds. */
    long refreshMillis(long ttlSeconds) {
        return refresh != null
                ? refresh.toMillis()
                : Math.max(minRefresh.toMillis(), Math.min(maxRefresh.toMillis(), ttlSeconds * 1_000));
    }

    /** Milliseconds to the next question after so many failures in a row: doubled each time, the second half of it by chance. */
    long retryMillis(int failures, RandomGenerator random) {
        long most = Math.min(MAX_RETRY.toMillis(), (refresh != null ? refresh : maxRefresh).toMillis());
        long delay = Math.min(most, minRefresh.toMillis() << Math.min(failures - 1, 16));
        return delay - random.nextLong(delay / 2 + 1);
    }
}
