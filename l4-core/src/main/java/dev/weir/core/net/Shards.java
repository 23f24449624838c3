package dev.weir.core.net;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Over whom hash policies hash. */
final class Shards {
    private Shards() {}

    /**
     * Of the hosts those whose keys are their own. Of a shard that goes by its name one host, also where none is healthy: with one shard
     * fewer its keys, and many others, would be looked for where they are not. That is its master, else a replica that is {@code used}, else
     * any.
     */
    static List<Host> owners(List<Host> all, List<Host> used) {
        if (all.stream().allMatch(host -> host.ownsKeys() && host.shard() == null)) {
            return used;
        }
        boolean copies = all.stream().anyMatch(Host::ownsKeys);
        Map<Object, Host> owners = new LinkedHashMap<>();
        for (Host host : all) {
            String shard = host.shard();
            if (shard != null) {
                owners.merge(shard, host, (one, other) -> better(other, one, used) ? other : one);
            } else if (used.contains(host) && (host.ownsKeys() || !copies)) {
                owners.put(host, host);
            }
        }
        return List.copyOf(owners.values());
    }

    private static boolean better(Host host, Host than, List<Host> used) {
        return host.ownsKeys() != than.ownsKeys() ? host.ownsKeys() : used.contains(host) && !used.contains(than);
    }
}
