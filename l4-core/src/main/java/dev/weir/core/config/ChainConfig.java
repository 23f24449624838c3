package dev.weir.core.config;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A filter chain: which connections it takes, its filters in order, the last of them the terminal.
 *
 * @param match which connections it takes
 * @param tls how TLS of its clients is ended, or null
 * @param filters at least one
 */
public record ChainConfig(ChainMatch match, @Nullable ConfigNode tls, List<FilterConfig> filters) {

    /**
     * One filter or terminal.
     *
     * @param type as registered by its factory
     * @param node its whole configuration, with {@code type}, which the factory reads
     */
    public record FilterConfig(String type, ConfigNode node) {}

    /** {@code own}: the node is a chain of {@code filter_chains}, else the listener itself. */
    static ChainConfig from(ConfigNode node, boolean own) {
        ChainMatch match = own ? ChainMatch.from(node.section("match")) : ChainMatch.ANY;
        ConfigNode tls = node.child("tls");
        if (tls != null && !tls.isMap()) {
            node.section("tls"); // says what is expected
            tls = null;
        }
        List<FilterConfig> filters = new ArrayList<>();
        ConfigNode list = node.required("filters");
        for (ConfigNode filter : list.isMap() ? List.<ConfigNode>of() : list.elements()) {
            filters.add(new FilterConfig(filter.string("type"), filter));
        }
        if (filters.isEmpty()) {
            list.error("empty (expected: a list of filters that ends with a terminal such as tcp_proxy)");
        }
        if (own) {
            node.rejectUnknown();
        }
        return new ChainConfig(match, tls, List.copyOf(filters));
    }
}
