package dev.weir.core.exchange;

import static java.util.Comparator.comparingLong;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The tables of hot keys of one proxy. */
public final class HotKeyTables implements HotKeys {
    private static final int RANKS = Rank.values().length;

    private record Place(String listener, int loop) {}

    private record RowKey(String listener, @Nullable String namespace, ByteBuffer key) {}

    private final Map<Place, HotKeyRecorder> recorders = new ConcurrentHashMap<>();

    HotKeyTables() {}

    /** Removes the tables of all listeners but {@code listeners}. */
    public void retain(Set<String> listeners) {
        recorders.keySet().removeIf(place -> !listeners.contains(place.listener()));
    }

    /** The same listener, loop and settings give the same table again, so that a reload keeps it. */
    @Override
    public Recorder recorder(String listener, int loop, int size, double sampling) {
        return recorders.compute(
                new Place(listener, loop),
                (place, old) -> old != null && old.has(size, sampling) ? old : new HotKeyRecorder(size, sampling));
    }

    /**
     * {@inheritDoc}
     * A key that is missing on a loop whose table is full may have had up to that table's smallest count there: this
     * is added to both value and error.
     */
    @Override
    public List<Row> top(Rank rank, int limit) {
        // Value and error beyond the floors of all tables of the listener.
        Map<RowKey, double[]> sums = new HashMap<>();
        Map<String, Double> floors = new HashMap<>();
        recorders.forEach((place, recorder) -> {
            SpaceSaving sketch = recorder.sketch(rank);
            double scale = recorder.scale(rank);
            double floor = sketch.floor() * scale;
            floors.merge(place.listener(), floor, Double::sum);
            for (SpaceSaving.Entry e : sketch.entries()) {
                RowKey key = new RowKey(place.listener(), e.namespace(), ByteBuffer.wrap(e.key()));
                double[] sum = sums.computeIfAbsent(key, k -> new double[2]);
                sum[0] += e.count() * scale - floor;
                sum[1] += e.error() * scale - floor;
            }
        });
        List<Row> rows = new ArrayList<>();
        sums.forEach((key, sum) -> {
            double floor = floors.getOrDefault(key.listener(), 0.0);
            long value = Math.round(sum[0] + floor);
            long error = Math.max(0, Math.round(sum[1] + floor));
            rows.add(new Row(
                    key.listener(), key.namespace(), KeyText.of(key.key().array()), value, error));
        });
        rows.sort(comparingLong(Row::value).reversed().thenComparing(Row::key));
        return limit < rows.size() ? new ArrayList<>(rows.subList(0, limit)) : rows;
    }

    @Override
    public boolean enabled() {
        return !recorders.isEmpty();
    }

    /** The sketches of one listener on one loop. */
    private static final class HotKeyRecorder implements Recorder {
        private static final int MAX_KEY_BYTES = 256;
        private static final double TWO_TO_32 = 4_294_967_296.0;

        private final int size;
        private final double sampling;
        private final long threshold;
        private final SpaceSaving[] sketches = new SpaceSaving[RANKS];
        private int random = 0x2545f491;

        HotKeyRecorder(int size, double sampling) {
            this.size = size;
            this.sampling = sampling;
            this.threshold = (long) (sampling * TWO_TO_32);
            for (int i = 0; i < RANKS; i++) {
                sketches[i] = new SpaceSaving(size);
            }
        }

        boolean has(int otherSize, double otherSampling) {
            return size == otherSize && Double.compare(sampling, otherSampling) == 0;
        }

        SpaceSaving sketch(Rank rank) {
            return sketches[rank.ordinal()];
        }

        /** From what is counted to what is shown. */
        double scale(Rank rank) {
            return (rank == Rank.TIME ? 1e-3 : 1) / sampling;
        }

        @Override
        public boolean sample() {
            int r = random;
            r ^= r << 13;
            r ^= r >>> 17;
            r ^= r << 5;
            random = r;
            return Integer.toUnsignedLong(r) < threshold;
        }

        @Override
        public int maxKeyBytes() {
            return MAX_KEY_BYTES;
        }

        @Override
        public void record(
                @Nullable String namespace,
                byte[] key,
                int offset,
                int length,
                long bytesIn,
                long bytesOut,
                long nanos) {
            int kept = Math.min(length, MAX_KEY_BYTES);
            int hash = SpaceSaving.hash(namespace, key, offset, kept);
            sketch(Rank.CALLS).add(namespace, key, offset, kept, hash, 1);
            sketch(Rank.BYTES_IN).add(namespace, key, offset, kept, hash, Math.max(0, bytesIn));
            sketch(Rank.BYTES_OUT).add(namespace, key, offset, kept, hash, Math.max(0, bytesOut));
            sketch(Rank.TIME).add(namespace, key, offset, kept, hash, Math.max(0, nanos));
        }
    }
}
