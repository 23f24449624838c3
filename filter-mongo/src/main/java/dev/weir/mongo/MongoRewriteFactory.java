package dev.weir.mongo;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.FilterFactory;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.PerLoop;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The filter {@code mongo_rewrite}: in what the servers of a replica set say of its members, puts the addresses at which
 * clients reach these through Weir, so that drivers stay.
 */
public final class MongoRewriteFactory implements FilterFactory {
    private static final String HIDE = "hide";
    private static final String PASS = "pass";

    /** For ServiceLoader. */
    public MongoRewriteFactory() {}

    @Override
    public String type() {
        return "mongo_rewrite";
    }

    @Override
    public PerLoop<NetworkFilter> configure(ConfigNode config, FilterEnvironment environment) {
        Map<String, String> addresses = addresses(config);
        boolean hides =
                config.oneOf("unknown_members", HIDE, List.of(HIDE, PASS)).equals(HIDE);
        Members members = new Members(addresses, hides);
        RewriteCounters counters = new RewriteCounters(environment);
        return loop -> {
            Inflating inflating = new Inflating(loop.inflaters());
            return connection -> new MongoRewrite(members, counters, inflating);
        };
    }

    private static Map<String, String> addresses(ConfigNode config) {
        ConfigNode section = config.required("members");
        if (!section.isMap() || section.entries().isEmpty()) {
            section.error("no member given (expected: a map of members, name: address)");
        }
        Map<String, String> addresses = new HashMap<>();
        Set<String> taken = new HashSet<>();
        section.entries().forEach((name, node) -> {
            checkName(name, node);
            String address = node.as(MongoRewriteFactory::reachable, "");
            if (addresses.putIfAbsent(Members.key(name), address) != null) {
                node.error("\"" + name + "\" is there twice (expected: each member once; case does not matter)");
            }
            if (!address.isEmpty() && !taken.add(address)) {
                node.error("\"" + address + "\" is another member's (expected: an address of its own for each)");
            }
        });
        return Map.copyOf(addresses);
    }

    private static void checkName(String name, ConfigNode node) {
        try {
            reachable(Members.key(name));
        } catch (IllegalArgumentException e) {
            node.error("member " + e.getMessage());
        }
    }

    private static String reachable(String text) {
        Address address = Address.parse(text);
        if (address.isUnix() || address.port() == 0) {
            throw new IllegalArgumentException("\"" + text + "\" (expected: host:port or [v6]:port)");
        }
        return address.toString();
    }
}
