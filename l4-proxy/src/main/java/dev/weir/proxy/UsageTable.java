package dev.weir.proxy;

import dev.weir.core.exchange.CommandStats.CommandRow;
import dev.weir.core.exchange.ExchangeSinks;
import dev.weir.core.exchange.ExchangeSinks.DigestUsage;
import dev.weir.core.exchange.TopTable;
import dev.weir.core.exchange.TopTable.TopRow;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Who or what uses most.
 *
 * @param by what rows are grouped by
 * @param rows in no particular order until sorted
 */
record UsageTable(String by, List<UsageRow> rows) {
    /** By what rows can be grouped, the default first. */
    static final List<String> DIMENSIONS = List.of("command", "namespace", "client", "user", "app", "digest");

    /** All rows of a dimension, of one listener or of all; shares are parts of what is shown. */
    static UsageTable of(ExchangeSinks sinks, String by, @Nullable String listener) {
        if (by.equals("command")) {
            List<CommandRow> rows = sinks.commands().rows().stream()
                    .filter(row -> listener == null || listener.equals(row.listener()))
                    .toList();
            long total = rows.stream().mapToLong(CommandRow::totalMicros).sum();
            return new UsageTable(
                    by, rows.stream().map(row -> UsageRow.of(row, total)).toList());
        }
        if (by.equals("digest")) {
            List<DigestUsage> rows = sinks.digestUsage().stream()
                    .filter(usage ->
                            listener == null || listener.equals(usage.row().listener()))
                    .toList();
            long total =
                    rows.stream().mapToLong(usage -> usage.row().totalNanos()).sum();
            return new UsageTable(
                    by,
                    rows.stream()
                            .map(usage -> UsageRow.of(usage, total / 1_000))
                            .toList());
        }
        TopTable.Dimension dimension = TopTable.Dimension.valueOf(by.toUpperCase(Locale.ROOT));
        List<TopRow> rows = sinks.top().rows(dimension).stream()
                .filter(row -> listener == null || listener.equals(row.listener()))
                .toList();
        long total = rows.stream().mapToLong(TopRow::totalMicros).sum();
        return new UsageTable(
                by, rows.stream().map(row -> UsageRow.of(row, total)).toList());
    }

    UsageTable sorted(String sort) {
        return new UsageTable(by, rows.stream().sorted(UsageRow.order(sort)).toList());
    }
}
