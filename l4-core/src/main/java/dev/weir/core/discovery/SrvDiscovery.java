package dev.weir.core.discovery;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.ConfigNode;

/** {@code srv}: the addresses of the targets of a name's SRV records (RFC 2782), those of the first priority. */
public final class SrvDiscovery implements Discovery {
    /** For ServiceLoader. */
    public SrvDiscovery() {}

    @Override
    public String type() {
        return "srv";
    }

    @Override
    public Source configure(ConfigNode node) {
        String name = node.string("name");
        if (!name.isEmpty() && !DnsLookup.askable(name)) {
            node.error("name", "\"" + name + "\" (expected: a name as _redis._tcp.example.com)");
        }
        DnsSettings settings = DnsSettings.read(node);
        return context -> {
            SrvTargets targets = new SrvTargets(name, settings, context.loop());
            return Refresher.start(context, settings, targets::look);
        };
    }
}
