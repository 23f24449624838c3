package dev.weir.core.exchange;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tables of hot keys of one proxy. */
public final class HotKeyTables implements HotKeys {
    private boolean enabled;

    @Override
    public Recorder recorder(String listener, int loop, int size, double sampling) {
        enabled = true;
        return new Recorder() {
            @Override
            public boolean sample() {
                return false;
            }

            @Override
            public int maxKeyBytes() {
                return 128;
            }

            @Override
            public void record(
                    @Nullable String namespace,
                    byte[] key,
                    int offset,
                    int length,
                    long bytesIn,
                    long bytesOut,
                    long nanos) {}
        };
    }

    @Override
    public List<Row> top(Rank rank, int limit) {
        return List.of();
    }

    @Override
    public boolean enabled() {
        return enabled;
    }
}
