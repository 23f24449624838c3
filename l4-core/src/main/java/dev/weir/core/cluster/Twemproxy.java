package dev.weir.core.cluster;

import dev.weir.core.config.Address;
import dev.weir.core.config.ConfigNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What the policies of twemproxy have in common: names of servers, their order, the hash of keys. */
final class Twemproxy {
    /** libmemcached leaves this port out. */
    private static final int MEMCACHED = 11211;

    private Twemproxy() {}

    /** The keys {@code hash} and {@code hash_tag} of the cluster. */
    static KeyHash hash(ConfigNode cluster) {
        String name = cluster.oneOf("hash", "murmur", KeyHash.twemproxyNames());
        KeyHash hash = KeyHash.twemproxy(name);
        KeyHash whole = hash == null ? KeyHash.XX_HASH : hash;
        String tag = cluster.string("hash_tag", null);
        // An empty key is not hashed at all.
        KeyHash some = (key, from, length) -> length == 0 ? 0 : whole.hash(key, from, length);
        if (tag == null) {
            return some;
        }
        if (tag.length() != 2 || tag.chars().anyMatch(c -> c >= 0x80)) {
            cluster.error("hash_tag", "\"" + tag + "\" (expected: two ASCII characters, such as {})");
            return some;
        }
        return tagged(some, (byte) tag.charAt(0), (byte) tag.charAt(1));
    }

    /** Hashes what stands between the first {@code open} and the first {@code close} behind it; where that is nothing, the whole key. */
    private static KeyHash tagged(KeyHash hash, byte open, byte close) {
        return (key, from, length) -> {
            int end = from + length;
            int start = indexOf(key, open, from, end) + 1;
            int stop = start == 0 ? -1 : indexOf(key, close, start, end);
            return stop > start ? hash.hash(key, start, stop - start) : hash.hash(key, from, length);
        };
    }

    private static int indexOf(byte[] key, byte wanted, int from, int end) {
        for (int i = from; i < end; i++) {
            if (key[i] == wanted) {
                return i;
            }
        }
        return -1;
    }

    /** The name of a server on the ring: as its file has it, without the weight. The path of a Unix socket takes the colon behind it along. */
    static byte[] ringName(Endpoint endpoint) {
        String name = endpoint.name();
        if (name == null) {
            Address address = endpoint.address();
            name = address.isUnix()
                    ? address.host() + ":"
                    : address.port() == MEMCACHED ? address.host() : address.host() + ":" + address.port();
        }
        return name.getBytes(StandardCharsets.UTF_8);
    }

    /** The endpoints' indices in the order of their names: shorter ones first. */
    static int[] order(List<? extends Endpoint> endpoints) {
        byte[][] names = endpoints.stream().map(Twemproxy::ringName).toArray(byte[][]::new);
        return IntStream.range(0, names.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingInt(i -> names[i].length)
                        .thenComparing((i, j) -> Arrays.compareUnsigned(names[i], names[j])))
                .mapToInt(i -> i)
                .toArray();
    }
}
