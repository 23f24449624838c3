package dev.weir.core.cluster;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A function that hashes keys. Pure; from any thread. */
@FunctionalInterface
public interface KeyHash {
    /** xxHash64 with seed 0: Envoy's for addresses and rings. */
    KeyHash XX_HASH = (key, from, length) -> XxHash64.hash(key, from, length, 0);

    /** MurmurHash2-64A with the seed of libstdc++: Envoy's for Redis keys. */
    KeyHash MURMUR_HASH_2 = (key, from, length) -> Murmur2.hash64(key, from, length, 0xc70f6907L);

    /** The hash of {@code length} bytes of {@code key} from {@code from} on; those of 32 bits are not negative. */
    long hash(byte[] key, int from, int length);

    /** The hash of the first {@code length} bytes of {@code key}. */
    default long hash(byte[] key, int length) {
        return hash(key, 0, length);
    }

    /** The function with a name that twemproxy takes after {@code hash:}, or null. */
    static @Nullable KeyHash twemproxy(String name) {
        return Names.TWEMPROXY.get(name);
    }

    /** The names of twemproxy's functions. */
    static Set<String> twemproxyNames() {
        return Names.TWEMPROXY.keySet();
    }

    /** Holds the names. */
    final class Names {
        private static final Map<String, KeyHash> TWEMPROXY = twemproxy();

        private Names() {}

        private static Map<String, KeyHash> twemproxy() {
            Map<String, KeyHash> all = new LinkedHashMap<>();
            all.put("one_at_a_time", TwemproxyHashes::oneAtATime);
            all.put("md5", TwemproxyHashes::md5);
            all.put("crc16", TwemproxyHashes::crc16);
            all.put("crc32", TwemproxyHashes::crc32);
            all.put("crc32a", TwemproxyHashes::crc32a);
            all.put("fnv1_64", TwemproxyHashes::fnv1x64);
            all.put("fnv1a_64", TwemproxyHashes::fnv1ax64);
            all.put("fnv1_32", TwemproxyHashes::fnv1x32);
            all.put("fnv1a_32", TwemproxyHashes::fnv1ax32);
            all.put("hsieh", TwemproxyHashes::hsieh);
            all.put("murmur", TwemproxyHashes::murmur);
            all.put("jenkins", TwemproxyHashes::jenkins);
            return all;
        }
    }
}
