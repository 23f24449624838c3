package dev.weir.redis;

import dev.weir.core.cluster.Cluster;
import dev.weir.core.cluster.Endpoint;
import dev.weir.core.cluster.Exclusions;
import dev.weir.core.config.Address;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The shards of one cluster as one loop sees them: who has which keys, and who has copies of them. Made anew whenever the cluster's endpoints change;
 * of a Redis Cluster it also learns from redirections, until the next change. On its loop only.
 */
final class Shards {
    private static final Endpoint[] NONE = {};

    private final ProxyLoop home;
    private final Cluster cluster;
    private final boolean reached;
    private long version = -1;
    /** Those that have keys, in the order of the cluster. */
    private List<Endpoint> owners = List.of();
    /** Of a Redis Cluster the owner of each slot; null for other clusters. */
    private @Nullable Endpoint @Nullable [] slots;

    private final Map<Address, Endpoint> byAddress = new HashMap<>();
    private final Map<Address, Endpoint[]> replicas = new HashMap<>();
    private int turn;

    /** @param reached whether clients reach it, or only copies */
    Shards(ProxyLoop home, Cluster cluster, boolean reached) {
        this.home = home;
        this.cluster = cluster;
        this.reached = reached;
    }

    Cluster cluster() {
        return cluster;
    }

    /** Whether clients reach it, and not only copies of what they send. */
    boolean isReached() {
        return reached;
    }

    /**
     * Looks whether the cluster has changed; costs a read if it has not. Once for each command, before anything else is asked: what is asked for
     * one command holds for all of it, and {@link ProxyLoop#topology} tells of the change before.
     */
    void refresh() {
        long now = cluster.snapshot().version();
        if (now != version) {
            version = now;
            read(cluster.snapshot().endpoints());
        }
    }

    private void read(List<Endpoint> endpoints) {
        List<Endpoint> masters = new ArrayList<>();
        Map<String, List<Endpoint>> copies = new HashMap<>();
        @Nullable Endpoint[] table = null;
        byAddress.clear();
        Set<String> led = led(endpoints);
        for (Endpoint endpoint : endpoints) {
            Map<String, String> metadata = endpoint.metadata();
            byAddress.putIfAbsent(endpoint.address(), endpoint);
            if (isReplica(endpoint) && !led.add(metadata.getOrDefault(RedisClusterView.SHARD, ""))) {
                copies.computeIfAbsent(metadata.getOrDefault(RedisClusterView.SHARD, ""), key -> new ArrayList<>())
                        .add(endpoint);
                continue;
            }
            masters.add(endpoint);
            String its = metadata.get(RedisClusterView.SLOTS);
            if (its != null) {
                @Nullable Endpoint[] all = table == null ? new Endpoint[Slots.COUNT] : table;
                Slots.each(its, slot -> all[slot] = endpoint);
                table = all;
            }
        }
        if (masters.isEmpty()) {
            masters.addAll(endpoints); // replicas of one master, and that is not wanted
            copies.clear();
        }
        replicas.clear();
        for (Endpoint master : masters) {
            List<Endpoint> its = copies.get(master.metadata().getOrDefault(RedisClusterView.SHARD, "none"));
            if (its != null) {
                replicas.put(master.address(), its.toArray(NONE));
            }
        }
        owners = List.copyOf(masters);
        boolean moved = table != null && slots != null && !Arrays.equals(table, slots, Shards::byAddress);
        slots = table;
        if (moved) {
            told();
        }
    }

    /** Those of a mirror are of no concern to the order of clients' commands. */
    private void told() {
        if (reached) {
            home.slotsMoved();
        }
    }

    /** Shards that have a master. Of those that have none, where it is not wanted (Sentinel's {@code role: replicas}), the first replica stands for it. */
    private static Set<String> led(List<Endpoint> endpoints) {
        Set<String> led = new HashSet<>(Set.of(""));
        for (Endpoint endpoint : endpoints) {
            String shard = endpoint.metadata().get(RedisClusterView.SHARD);
            // A Redis Cluster has masters whose address nobody knows.
            if (shard != null && (!isReplica(endpoint) || endpoint.name() == null)) {
                led.add(shard);
            }
        }
        return led;
    }

    private static boolean isReplica(Endpoint endpoint) {
        return RedisClusterView.REPLICA.equals(endpoint.metadata().get(RedisClusterView.ROLE));
    }

    private static int byAddress(@Nullable Endpoint one, @Nullable Endpoint other) {
        return one == other || one != null && other != null && one.address().equals(other.address()) ? 0 : 1;
    }

    /** Whether it is a Redis Cluster, as far as is known. */
    boolean bySlots() {
        return slots != null;
    }

    /** The endpoints that have keys, always in the same order. */
    List<Endpoint> owners() {
        return owners;
    }

    /** The slot of a key, or -1 where there are none. */
    int slot(byte[] key, int length) {
        return slots == null ? -1 : Slots.of(key, length);
    }

    /** Who has a slot, or null. */
    @Nullable
    Endpoint owner(int slot) {
        @Nullable Endpoint[] table = slots;
        return table == null ? null : table[slot];
    }

    /** Who has the keys with a hash, where there are no slots; null if nobody has, or if that cannot be told. */
    @Nullable
    Endpoint owner(long hash) {
        if (cluster.usesHash() || home.settings.variant().anyShard() || replicas.isEmpty()) {
            return ambiguous() ? null : cluster.pick(hash, 0, Exclusions.NONE);
        }
        return owners.size() == 1 ? owners.get(0) : null;
    }

    /** Whether a key might be on any of several: endpoints that were discovered later than the configuration was read. */
    boolean ambiguous() {
        return slots == null && !cluster.usesHash() && !home.settings.variant().anyShard() && owners.size() > 1;
    }

    /** Anyone that has keys; the same for the same number, as long as nothing changes. Null if there is none. */
    @Nullable
    Endpoint any(int number) {
        if (slots == null && replicas.isEmpty()) {
            return cluster.pick(number, 0, Exclusions.NONE);
        }
        List<Endpoint> all = owners;
        return all.isEmpty() ? null : all.get(Math.floorMod(number, all.size()));
    }

    /** The endpoint at an address, or null. */
    @Nullable
    Endpoint at(Address address) {
        return byAddress.get(address);
    }

    /** The endpoint that a node has named, or null. */
    @Nullable
    Endpoint at(Redirection to) {
        Address address = to.address();
        return address == null ? null : at(address);
    }

    /** A node has said that a slot is this one's. */
    void moved(int slot, Endpoint to) {
        @Nullable Endpoint[] table = slots;
        if (table != null && byAddress(table[slot], to) != 0) {
            table[slot] = to;
            told();
        }
    }

    // ---- replicas

    /** Whose keys an endpoint has copies of; itself if it is an owner; null if that is not known. */
    @Nullable
    Endpoint ownerOf(Endpoint endpoint) {
        for (Endpoint owner : owners()) {
            if (owner.address().equals(endpoint.address())) {
                return owner;
            }
            for (Endpoint copy : replicas.getOrDefault(owner.address(), NONE)) {
                if (copy.address().equals(endpoint.address())) {
                    return owner;
                }
            }
        }
        return null;
    }

    /**
     * Who is asked by a command that only reads.
     *
     * @param owner who has the keys
     * @return null if nobody may be asked
     */
    @Nullable
    Endpoint reader(Endpoint owner, ReadPolicy policy, LinkSet links) {
        if (policy == ReadPolicy.PRIMARY) {
            return owner;
        }
        Endpoint[] copies = replicas.getOrDefault(owner.address(), NONE);
        turn++;
        switch (policy) {
            case REPLICA, PREFER_REPLICA:
                Endpoint copy = next(copies, links);
                if (copy != null || policy == ReadPolicy.PREFER_REPLICA) {
                    return copy == null ? owner : copy;
                }
                return copies.length == 0
                        ? null
                        : copies[Math.floorMod(turn, copies.length)]; // says what is wrong with it
            case ANY:
                if (Math.floorMod(turn, copies.length + 1) == 0) {
                    return owner;
                }
                Endpoint other = next(copies, links);
                return other == null ? owner : other;
            default:
                return fastest(owner, copies, links);
        }
    }

    /** The next one in turn that is not known to be down. */
    private @Nullable Endpoint next(Endpoint[] copies, LinkSet links) {
        for (int i = 0; i < copies.length; i++) {
            Endpoint copy = copies[Math.floorMod(turn + i, copies.length)];
            if (!links.to(cluster, copy).isDown()) {
                return copy;
            }
        }
        return null;
    }

    /** The one whose answers took the shortest time of late. Now and then another one, as its time is known only if it is asked. */
    private Endpoint fastest(Endpoint owner, Endpoint[] copies, LinkSet links) {
        if ((turn & 63) == 0) {
            int at = Math.floorMod(turn >> 6, copies.length + 1);
            Endpoint other = at == copies.length ? owner : copies[at];
            return links.to(cluster, other).isDown() ? owner : other;
        }
        Endpoint best = owner;
        ShardLink own = links.to(cluster, owner);
        long least = own.latency();
        for (Endpoint copy : copies) {
            ShardLink link = links.to(cluster, copy);
            if (link.latency() < least) {
                best = copy;
                least = link.latency();
            }
        }
        if (best == owner && own.isDown()) {
            Endpoint other = next(copies, links); // none is connected yet
            return other == null ? owner : other;
        }
        return best;
    }
}
