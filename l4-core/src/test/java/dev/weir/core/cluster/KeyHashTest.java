package dev.weir.core.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyHashTest {
    private static final List<byte[]> KEYS = Stream.of(
                    "61", "666f6f", "666f6f626172", "757365723a31303030", "6b65793a313233343536373839303132", "fffe80")
            .map(HexFormat.of()::parseHex)
            .toList();

    /** Made with twemproxy's own code, 0.5.0; the last columns are "ключ" and nothing. */
    @ParameterizedTest
    @CsvSource({
        "one_at_a_time, ca2e9442 238678dd f952fde7 b563b74f 4ecb5c22 54cc64c2 fbca080a 0",
        "md5,           b975c10c db18bdac 22f65838 2e986207 5cd1962c daeea645 667b65c3 d98c1dd4",
        "crc16,         00007c87 0c3caf96 9effb025 e1644671 55d4bfe8 1e0d6e25 3c55683f 0",
        "crc32,         68b7 0c73 1ef6 1f74 2166 265e 0caf 0",
        "crc32a,        e8b7be43 8c736521 9ef61f95 9f7417e3 a166fcf2 265ea2ec 0caf961a 0",
        "fnv1_64,       8601b7be 6ba13533 a4dda9c2 d39e3d21 ea825106 93edf0fa 64997a19 84222325",
        "fnv1a_64,      8601ec8c fed9d577 f73967e8 ae7b4289 dd5ac00c 8f0e6190 a9ad7881 84222325",
        "fnv1_32,       050c5d7e 408f5e13 31f0b262 a6affca1 f4d396a6 914c917a 31b3eff9 811c9dc5",
        "fnv1a_32,      e40c292c a9f37ed7 bf9cf968 507c1d89 036ebb0c 626cb2b0 afd617e1 811c9dc5",
        "hsieh,         93642e87 76d4d427 07a5862c ddec1969 33c0c09f b2876529 fa8a713c 0",
        "murmur,        4b41757c c4e0338f abecff17 8e24aec7 464dd868 a3e1075d 9ac6d2af 0",
        "jenkins,       e0a38690 99f84f99 0fdd8b60 048c4d84 513997ff 201bd2b5 4b2c236f deadbefc",
    })
    void hashesAsTwemproxyDoes(String name, String expected) {
        KeyHash hash = KeyHash.twemproxy(name);
        List<byte[]> keys = Stream.concat(
                        KEYS.stream(), Stream.of("ключ".getBytes(StandardCharsets.UTF_8), new byte[0]))
                .toList();

        List<Long> hashes = keys.stream().map(key -> hash.hash(key, key.length)).toList();

        assertThat(hashes)
                .isEqualTo(Arrays.stream(expected.split(" "))
                        .map(hex -> Long.parseLong(hex, 16))
                        .toList());
    }

    @Test
    void hashesAsEnvoyDoes() {
        byte[] foo = "foo".getBytes(StandardCharsets.US_ASCII);

        assertThat(Long.toUnsignedString(KeyHash.XX_HASH.hash(foo, 3))).isEqualTo("3728699739546630719");
        assertThat(Long.toUnsignedString(KeyHash.MURMUR_HASH_2.hash(foo, 3))).isEqualTo("9631199822919835226");
        assertThat(Long.toUnsignedString(KeyHash.MURMUR_HASH_2.hash(foo, 0))).isEqualTo("6142509188972423790");
    }

    @Test
    void readsNoMoreThanTheKey() {
        for (String name : KeyHash.twemproxyNames()) {
            KeyHash hash = KeyHash.twemproxy(name);
            for (int length = 0; length < 40; length++) {
                byte[] key = new byte[length];
                Arrays.fill(key, (byte) (length * 37 + 1));
                byte[] longer = Arrays.copyOf(key, length + 9);
                Arrays.fill(longer, length, longer.length, (byte) 0x5a);

                assertThat(hash.hash(longer, length)).as(name).isEqualTo(hash.hash(key, length));
            }
        }
    }
}
