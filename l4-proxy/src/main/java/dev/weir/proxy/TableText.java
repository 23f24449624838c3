package dev.weir.proxy;

import java.util.List;
import java.util.Locale;

/** The usage table as text for a terminal. */
final class TableText {
    private static final String FORMAT = "%-24s %11s %9s %6s %8s %8s %8s %8s %8s %7s %8s %8s";

    private TableText() {}

    static String head(String by) {
        return String.format(
                Locale.ROOT,
                FORMAT,
                by.toUpperCase(Locale.ROOT),
                "CALLS",
                "CALLS/S",
                "%TIME",
                "P50",
                "P90",
                "P99",
                "P99.9",
                "MAX",
                "ERRORS",
                "IN",
                "OUT");
    }

    /** A line per row, at most {@code most}; {@code listeners}: more than one, so rows name theirs. */
    static List<String> lines(UsageTable table, int most, boolean listeners) {
        return table.rows().stream()
                .limit(Math.max(0, most))
                .map(row -> line(row, listeners))
                .toList();
    }

    private static String line(UsageRow row, boolean listeners) {
        String key = printable(row.key().isEmpty() ? "-" : row.key());
        String name = listeners ? printable(row.listener()) + " " + key : key;
        return String.format(
                Locale.ROOT,
                FORMAT,
                name.length() > 24 ? name.substring(0, 23) + "…" : name,
                Terminal.grouped(row.calls()),
                rate(row.perSecond()),
                String.format(Locale.ROOT, "%.1f", row.share() * 100),
                micros(row.p50()),
                micros(row.p90()),
                micros(row.p99()),
                micros(row.p999()),
                micros(row.max()),
                row.errors() == 0 ? "-" : Terminal.grouped(row.errors()),
                bytes(row.requestBytes()),
                bytes(row.responseBytes()));
    }

    /** What peers sent may hold control characters, and those may do anything to a terminal. */
    static String printable(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints()
                .forEach(c -> clean.appendCodePoint(
                        Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c));
        return clean.toString();
    }

    static String rate(double perSecond) {
        return perSecond >= 100 || perSecond == 0
                ? Terminal.grouped(Math.round(perSecond))
                : String.format(Locale.ROOT, "%.1f", perSecond);
    }

    /** A time with three digits: {@code 85µs}, {@code 1.25ms}, {@code 3.1s}. */
    static String micros(long us) {
        if (us < 0) {
            return "-";
        }
        if (us < 1_000) {
            return us + "µs";
        }
        if (us < 1_000_000) {
            return three(us / 1_000.0) + "ms";
        }
        return three(us / 1_000_000.0) + "s";
    }

    static String bytes(long bytes) {
        String[] units = {"B", "KB", "MB", "GB", "TB", "PB"};
        double value = Math.max(0, bytes);
        int unit = 0;
        while (value >= 1_000 && unit < units.length - 1) {
            value /= 1_000;
            unit++;
        }
        return (unit == 0 ? Long.toString(bytes) : three(value)) + units[unit];
    }

    private static String three(double value) {
        int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
