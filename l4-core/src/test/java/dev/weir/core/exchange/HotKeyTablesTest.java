package dev.weir.core.exchange;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.weir.core.exchange.HotKeys.Rank;
import dev.weir.core.exchange.HotKeys.Recorder;
import dev.weir.core.exchange.HotKeys.Row;
import org.junit.jupiter.api.Test;

class HotKeyTablesTest {
    private final HotKeyTables tables = new HotKeyTables();

    private static void record(Recorder recorder, String key, long in, long out, long nanos) {
        byte[] bytes = key.getBytes(UTF_8);
        recorder.record("0", bytes, 0, bytes.length, in, out, nanos);
    }

    @Test
    void isOffUntilATableIsOpened() {
        assertThat(tables.enabled()).isFalse();
        assertThat(tables.top(Rank.CALLS, 10)).isEmpty();
        tables.recorder("orders", 0, 10, 1);

        assertThat(tables.enabled()).isTrue();
    }

    @Test
    void ranksByEachMeasureOverAllLoops() {
        Recorder first = tables.recorder("orders", 0, 10, 1);
        Recorder second = tables.recorder("orders", 1, 10, 1);
        record(first, "often", 1, 10, 1_000);
        record(second, "often", 1, 10, 1_000);
        record(first, "written", 500, 5, 1_000);
        record(second, "read", 5, 5_000, 1_000);
        record(second, "slow", 1, 1, 9_000_000);

        assertThat(tables.top(Rank.CALLS, 1)).containsExactly(new Row("orders", "0", "often", 2, 0));
        assertThat(tables.top(Rank.BYTES_IN, 1)).containsExactly(new Row("orders", "0", "written", 500, 0));
        assertThat(tables.top(Rank.BYTES_OUT, 1)).containsExactly(new Row("orders", "0", "read", 5_000, 0));
        assertThat(tables.top(Rank.TIME, 1)).containsExactly(new Row("orders", "0", "slow", 9_000, 0));
        assertThat(tables.top(Rank.CALLS, 10)).hasSize(4);
    }

    @Test
    void unknownBytesAndTimesCountNothing() {
        record(tables.recorder("orders", 0, 10, 1), "a", -1, -1, -1);

        assertThat(tables.top(Rank.CALLS, 10)).hasSize(1);
        assertThat(tables.top(Rank.TIME, 10)).isEmpty();
    }

    @Test
    void theErrorCoversWhatAnotherLoopMayHaveForgotten() {
        Recorder full = tables.recorder("orders", 0, 2, 1);
        Recorder other = tables.recorder("orders", 1, 2, 1);
        for (int i = 0; i < 10; i++) {
            record(full, "a", 0, 0, 0);
            record(full, "b", 0, 0, 0);
        }
        record(full, "c", 0, 0, 0);
        for (int i = 0; i < 100; i++) {
            record(other, "b", 0, 0, 0);
        }

        Row row = tables.top(Rank.CALLS, 1).get(0);

        assertThat(row.key()).isEqualTo("b");
        assertThat(row.value()).isGreaterThanOrEqualTo(110);
        assertThat(row.value() - row.error()).isLessThanOrEqualTo(110);
    }

    @Test
    void scalesWhatIsSampled() {
        Recorder recorder = tables.recorder("orders", 0, 10, 0.1);
        for (int i = 0; i < 100_000; i++) {
            if (recorder.sample()) {
                record(recorder, "a", 3, 0, 0);
            }
        }

        assertThat(tables.top(Rank.CALLS, 1).get(0).value()).isCloseTo(100_000L, withinPercentage(5));
        assertThat(tables.top(Rank.BYTES_IN, 1).get(0).value()).isCloseTo(300_000L, withinPercentage(5));
    }

    @Test
    void samplingOneTakesAll() {
        Recorder recorder = tables.recorder("orders", 0, 10, 1);
        for (int i = 0; i < 10_000; i++) {
            assertThat(recorder.sample()).isTrue();
        }
    }

    @Test
    void theSameSettingsGiveTheSameTable() {
        Recorder recorder = tables.recorder("orders", 0, 10, 1);

        assertThat(tables.recorder("orders", 0, 10, 1)).isSameAs(recorder);
        assertThat(tables.recorder("orders", 0, 20, 1)).isNotSameAs(recorder);
        assertThat(tables.recorder("carts", 0, 10, 1)).isNotSameAs(recorder);
    }

    @Test
    void longKeysAreCut() {
        Recorder recorder = tables.recorder("orders", 0, 10, 1);
        record(recorder, "k".repeat(5_000), 1, 1, 1);

        assertThat(tables.top(Rank.CALLS, 1).get(0).key()).hasSize(recorder.maxKeyBytes());
    }

    @Test
    void bytesThatAreNoTextAreEscaped() {
        assertThat(KeyText.of("user:ü€".getBytes(UTF_8))).isEqualTo("user:ü€");
        assertThat(KeyText.of(new byte[] {'a', (byte) 0xff, 0, '\\'})).isEqualTo("a\\xff\\x00\\x5c");
        assertThat(KeyText.of("a\nb".getBytes(UTF_8))).isEqualTo("a\\x0ab");
        assertThat(KeyText.of(new byte[0])).isEmpty();
    }
}
