package dev.weir.core.net;

import dev.weir.core.config.Address;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Hosts that have left while connections to them go on: if one comes back these are its own again. Across generations; from any thread. */
final class LeftHosts {
    private final Map<Address, Host.Kept> all = new ConcurrentHashMap<>();

    void add(Host host) {
        all.values().removeIf(kept -> kept.active.get() == 0);
        if (host.activeConnections() > 0) {
            all.put(host.address(), host.kept());
        }
    }

    /** What is known of an address that comes back, or of one that is new. */
    Host.Kept back(Address address) {
        Host.Kept kept = all.remove(address);
        return kept == null || kept.gone ? new Host.Kept() : kept;
    }
}
