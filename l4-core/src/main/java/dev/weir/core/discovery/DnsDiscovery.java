package dev.weir.core.discovery;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/** {@code dns}: every address of a name is an endpoint. */
public final class DnsDiscovery implements Discovery {
    /** For ServiceLoader. */
    public DnsDiscovery() {}

    @Override
    public String type() {
        return "dns";
    }

    @Override
    public Source configure(ConfigNode node) {
        Address address = node.address("address");
        DnsSettings settings = DnsSettings.read(node);
        if (node.has("address")) {
            check(node, address);
        }
        return context -> {
            HostAddresses host = new HostAddresses(address.host(), settings.families());
            return Refresher.start(context, settings, lookup -> look(context, lookup, host, address.port()));
        };
    }

    private static void check(ConfigNode node, Address address) {
        if (address.isUnix() || address.literal() != null) {
            node.error("address", "\"" + address + "\" (expected: name:port; addresses stand in endpoints)");
        } else if (address.port() == 0) {
            node.error("address", "\"" + address + "\" (expected: a port of 1..65535)");
        } else if (!DnsLookup.askable(address.host())) {
            node.error("address", "\"" + address + "\" (expected: a name that DNS can have)");
        }
    }

    private static Future<Refresher.Outcome> look(Context context, DnsLookup lookup, HostAddresses host, int port) {
        Promise<Refresher.Outcome> result = context.loop().newPromise();
        host.look(lookup, context.loop(), addresses -> {
            List<Found> found = addresses.fresh()
                    ? addresses.all().stream()
                            .map(ip -> new Found(address(ip, port), null, 1, Map.of(TARGET, host.name())))
                            .toList()
                    : List.of();
            result.setSuccess(new Refresher.Outcome(found, addresses.ttl(), addresses.problem()));
        });
        return result;
    }

    static Address address(InetAddress ip, int port) {
        return new Address(NetUtil.toAddressString(ip), port);
    }
}
