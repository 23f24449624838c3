package dev.weir.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTextTest {
    private static UsageRow row(String key) {
        return new UsageRow(
                "l", key, 12_345, 67.89, 2, 1_500, 2_000_000, 10, 500, 0.251, 85, 1_234, 12_340, 3_100_000, -1, null);
    }

    @Test
    void alignsRowsBelowTheHead() {
        List<String> lines = TableText.lines(new UsageTable("command", List.of(row("GET"))), 10, false);

        assertThat(TableText.head("command"))
                .isEqualTo("COMMAND                        CALLS   CALLS/S  %TIME      P50      P90      P99    P99.9"
                        + "      MAX  ERRORS       IN      OUT");
        assertThat(lines)
                .containsExactly(
                        "GET                           12,345      67.9   25.1     85µs   1.23ms   12.3ms    3.10s"
                                + "        -       2   1.50KB   2.00MB");
    }

    @Test
    void namesTheListenerWhereThereAreSeveralAndCutsLongNames() {
        List<String> lines = TableText.lines(new UsageTable("app", List.of(row("a".repeat(50)))), 10, true);

        assertThat(lines.get(0)).startsWith("l aaaaaaaaaaaaaaaaaaaaa…  ");
    }

    @Test
    void keepsControlCharactersOfClientsFromTheTerminal() {
        assertThat(TableText.printable("a\u001b[2Jb\u0007\u202ec\n")).isEqualTo("a?[2Jb??c?");
    }

    @Test
    void showsAtMostAsManyRowsAsAskedFor() {
        assertThat(TableText.lines(new UsageTable("app", List.of(row("a"), row("b"))), 1, false))
                .hasSize(1);
        assertThat(TableText.lines(new UsageTable("app", List.of(row("a"))), -3, false))
                .isEmpty();
    }
}
