package dev.weir.core.exchange;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpaceSavingTest {
    private static void add(SpaceSaving sketch, String namespace, String key, long weight) {
        byte[] bytes = ("..." + key).getBytes(UTF_8);
        int hash = SpaceSaving.hash(namespace, bytes, 3, bytes.length - 3);
        sketch.add(namespace, bytes, 3, bytes.length - 3, hash, weight);
    }

    private static Map<String, SpaceSaving.Entry> byKey(SpaceSaving sketch) {
        Map<String, SpaceSaving.Entry> entries = new HashMap<>();
        sketch.entries().forEach(e -> entries.put(new String(e.key(), UTF_8), e));
        return entries;
    }

    @Test
    void isExactWhileThereIsRoom() {
        SpaceSaving sketch = new SpaceSaving(10);
        for (int i = 0; i < 10; i++) {
            for (int n = 0; n <= i; n++) {
                add(sketch, "0", "key" + i, 2);
            }
        }

        assertThat(sketch.entries())
                .hasSize(10)
                .allSatisfy(e -> assertThat(e.error()).isZero());
        assertThat(byKey(sketch).get("key9").count()).isEqualTo(20);
        assertThat(byKey(sketch).get("key0").count()).isEqualTo(2);
    }

    @Test
    void namespacesAreApart() {
        SpaceSaving sketch = new SpaceSaving(10);
        add(sketch, "0", "a", 1);
        add(sketch, "1", "a", 2);
        add(sketch, null, "a", 3);

        assertThat(sketch.entries()).extracting(SpaceSaving.Entry::count).containsExactlyInAnyOrder(1L, 2L, 3L);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 16, 100, 1_000})
    void keepsItsPromisesOnZipfData(int capacity) {
        Random random = new Random(capacity);
        SpaceSaving sketch = new SpaceSaving(capacity);
        Map<String, Long> exact = new HashMap<>();
        long total = 0;
        for (int i = 0; i < 200_000; i++) {
            // Pareto's tail makes ranks of Zipf's law.
            String key = "key" + (long) Math.min(50_000, Math.pow(1 - random.nextDouble(), -1 / 0.9));
            long weight = 1L + random.nextInt(5);
            total += weight;
            exact.merge(key, weight, Long::sum);
            add(sketch, "0", key, weight);
        }

        long bound = total / capacity;
        Map<String, SpaceSaving.Entry> kept = byKey(sketch);
        assertThat(kept).hasSize(Math.min(capacity, exact.size()));
        assertThat(kept.values().stream().mapToLong(SpaceSaving.Entry::count).sum())
                .isEqualTo(total);
        kept.forEach((key, e) -> {
            assertThat(e.count()).isGreaterThanOrEqualTo(exact.get(key));
            assertThat(e.count() - e.error()).isLessThanOrEqualTo(exact.get(key));
            assertThat(e.error()).isLessThanOrEqualTo(bound);
        });
        exact.forEach((key, count) -> {
            if (count > bound) {
                assertThat(kept).containsKey(key);
            } else if (!kept.containsKey(key)) {
                assertThat(count).isLessThanOrEqualTo(sketch.floor());
            }
        });
    }

    @Test
    void keysOfAnyLengthReplaceEachOther() {
        SpaceSaving sketch = new SpaceSaving(3);
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            add(sketch, null, "x".repeat(random.nextInt(200)), 1);
        }

        assertThat(sketch.entries()).hasSize(3);
        assertThat(sketch.entries().stream().mapToLong(SpaceSaving.Entry::count).sum())
                .isEqualTo(10_000);
    }

    @Test
    void readersNeverSeeHalfAKey() throws Exception {
        SpaceSaving sketch = new SpaceSaving(4);
        AtomicBoolean stop = new AtomicBoolean();
        Thread loop = new Thread(() -> {
            Random random = new Random(2);
            while (!stop.get()) {
                int i = random.nextInt(26);
                add(
                        sketch,
                        "n" + (char) ('a' + i),
                        String.valueOf((char) ('a' + i)).repeat(1 + i),
                        1);
            }
        });
        loop.start();
        for (int i = 0; i < 100_000; i++) {
            for (SpaceSaving.Entry e : sketch.entries()) {
                String key = new String(e.key(), UTF_8);
                assertThat(key.isEmpty() || key.equals(key.substring(0, 1).repeat(key.charAt(0) - 'a' + 1)))
                        .isTrue();
                assertThat(e.namespace()).isEqualTo("n" + key.charAt(0));
            }
        }
        stop.set(true);
        loop.join();
    }
}
