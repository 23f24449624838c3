package dev.weir.tls.stunnel;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code hosts}: all addresses of names as the system knows them, by its files, too, and in its order. Those of {@code connect} come from here. */
public final class HostsDiscovery implements Discovery {
    private static final Duration LEAST = Duration.ofMillis(100);
    private static final Duration MOST = Duration.ofDays(1);
    /** A configuration with a wrong address is not used. */
    private static final Address PLACEHOLDER = new Address("localhost", 1);

    /** For ServiceLoader. */
    public HostsDiscovery() {}

    @Override
    public String type() {
        return "hosts";
    }

    @Override
    public Source configure(ConfigNode node) {
        List<Address> targets = new ArrayList<>();
        for (ConfigNode target : node.required("endpoints").elements()) {
            targets.add(target.as(Address::parse, PLACEHOLDER));
        }
        if (targets.isEmpty()) {
            node.error("endpoints", "is empty (expected: addresses, as host:port)");
        }
        Duration refresh = node.duration("refresh", Duration.ofSeconds(10));
        if (refresh.compareTo(LEAST) < 0 || refresh.compareTo(MOST) > 0) {
            node.error("refresh", Units.format(refresh) + " (expected: 100ms..24h)");
        }
        return context -> {
            HostsSearch search = new HostsSearch(List.copyOf(targets), refresh, context);
            search.start();
            return search;
        };
    }
}
