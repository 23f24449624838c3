package dev.weir.core.cluster;

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

    /** The key {@code hash} of the cluster. */
    static KeyHash hash(ConfigNode cluster) {
        String name = cluster.oneOf("hash", "murmur", KeyHash.twemproxyNames());
        KeyHash hash = KeyHash.twemproxy(name);
        return hash == null ? KeyHash.XX_HASH : hash;
    }

    /** The name of a server on the ring. */
    static byte[] ringName(Endpoint endpoint) {
        String name = endpoint.name();
        if (name == null) {
            String address = endpoint.address().toString();
            int colon = address.lastIndexOf(':');
            boolean unix = address.startsWith("unix:");
            name = unix
                    ? address.substring("unix:".length())
                    : endpoint.address().port() == MEMCACHED ? address.substring(0, colon) : address;
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
