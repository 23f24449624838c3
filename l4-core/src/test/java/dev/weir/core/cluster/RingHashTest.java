package dev.weir.core.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RingHashTest {
    private static List<TestEndpoint> ports(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(port -> TestEndpoint.of("127.0.0.1:" + port, 1))
                .toList();
    }

    // Vectors of Envoy's ring_hash_lb_test.cc (basic test) and of the xxHash specification.

    @Test
    void hashesAsTheSpecificationSays() {
        assertThat(Long.toUnsignedString(XxHash64.hash("foo"))).isEqualTo("3728699739546630719");
        assertThat(Long.toUnsignedString(XxHash64.hash(""))).isEqualTo("17241709254077376921");
        assertThat(XxHash64.hash("Nobody inspects the spammish repetition")).isEqualTo(0xFBCEA83C8A378BF1L);
    }

    @Test
    void laysOutTheRingAsEnvoyDoes() {
        RingHash.Ring ring = new RingHash.Ring(ports(90, 95), 12, 12, KeyHash.XX_HASH);

        assertThat(ring.size()).isEqualTo(12);
        assertThat(Long.toUnsignedString(ring.hashAt(0))).isEqualTo("833437586790550860");
        assertThat(ring.ownerAt(0)).isEqualTo(4);
        assertThat(Long.toUnsignedString(ring.hashAt(11))).isEqualTo("16117243373044804889");
        assertThat(ring.ownerAt(11)).isEqualTo(0);
    }

    @Test
    void picksTheFirstNodeAtOrAfterTheHash() {
        RingHash.Ring ring = new RingHash.Ring(ports(90, 95), 12, 12, KeyHash.XX_HASH);

        assertThat(ring.pick(0, 0)).isEqualTo(4);
        assertThat(ring.pick(ring.hashAt(11), 0)).isEqualTo(0);
        assertThat(ring.pick(ring.hashAt(11) + 1, 0)).isEqualTo(4);
        assertThat(ring.pick(ring.hashAt(11), 1)).isEqualTo(4);
    }

    @Test
    void laysOutTheRingOfMurmurAsEnvoyDoes() {
        RingHash.Ring ring = new RingHash.Ring(ports(80, 85), 12, 12, KeyHash.MURMUR_HASH_2);

        assertThat(Long.toUnsignedString(ring.hashAt(0))).isEqualTo("1358027074129602068");
        assertThat(ring.ownerAt(0)).isEqualTo(5);
        assertThat(Long.toUnsignedString(ring.hashAt(11))).isEqualTo("17613279263364193813");
        assertThat(ring.ownerAt(11)).isEqualTo(0);
    }

    @Test
    void hashesNamesWhereThereAreNames() {
        List<TestEndpoint> named = IntStream.rangeClosed(90, 95)
                .mapToObj(port -> TestEndpoint.of("127.0.0.1:" + port, 1).named(String.valueOf(port)))
                .toList();

        RingHash.Ring ring = new RingHash.Ring(named, 12, 12, KeyHash.XX_HASH);

        assertThat(Long.toUnsignedString(ring.hashAt(0))).isEqualTo("1975508444536362413");
        assertThat(ring.ownerAt(0)).isEqualTo(5);
    }

    @Test
    void hasTheSizesOfEnvoy() {
        assertThat(new RingHash.Ring(ports(1, 3), 1024, 8 << 20, KeyHash.XX_HASH).size())
                .isEqualTo(1026);
        assertThat(new RingHash.Ring(ports(1, 10), 1024, 8 << 20, KeyHash.XX_HASH).size())
                .isEqualTo(1030);
        assertThat(new RingHash.Ring(ports(1, 1000), 1024, 8 << 20, KeyHash.XX_HASH).size())
                .isEqualTo(2000);
    }

    @Test
    void sharesByWeight() {
        List<TestEndpoint> hosts = List.of(TestEndpoint.of("a:1", 1), TestEndpoint.of("b:1", 3));
        RingHash.Ring ring = new RingHash.Ring(hosts, 1024, 8 << 20, KeyHash.XX_HASH);
        int second = 0;
        for (int i = 0; i < ring.size(); i++) {
            second += ring.ownerAt(i);
        }

        assertThat(second).isEqualTo(ring.size() * 3 / 4);
    }

    @Test
    void reportsAMinimumAboveTheMaximum() {
        ConfigErrors errors = new ConfigErrors();
        ConfigNode cluster =
                ConfigNode.of(Map.of("ring_hash", Map.of("minimum_ring_size", 100, "maximum_ring_size", 10)), errors);

        new RingHash().configure(cluster);

        assertThat(errors.problems())
                .extracting(Object::toString)
                .containsExactly("ring_hash.minimum_ring_size: 100 (expected: at most maximum_ring_size, 10)");
    }

    @Test
    void walksRoundSmoothlyByWeight() {
        assertThat(RoundRobin.schedule(new int[] {5, 1, 1})).containsExactly(0, 0, 1, 0, 2, 0, 0);
        assertThat(RoundRobin.schedule(new int[] {2, 2, 2})).containsExactly(0, 1, 2);
        assertThat(Arrays.stream(RoundRobin.schedule(new int[] {1_000_000, 1})).sum())
                .isEqualTo(1);
    }
}
