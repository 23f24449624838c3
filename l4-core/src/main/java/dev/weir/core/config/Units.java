package dev.weir.core.config;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations ({@code 250ms}, {@code 1h}) and sizes ({@code 16KiB}), read and written. */
public final class Units {
    private static final Pattern NUMBER_UNIT = Pattern.compile("(\\d{1,15})\\s*([a-zA-Zµ]*)");

    private Units() {}

    /**
     * Reads a duration: a whole number and {@code us}, {@code ms}, {@code s}, {@code m}, {@code h} or {@code d}.
     *
     * @throws IllegalArgumentException with the value and what is expected
     */
    public static Duration duration(String text) {
        Matcher m = NUMBER_UNIT.matcher(text.trim());
        if (m.matches()) {
            long n = Long.parseLong(m.group(1));
            try {
                switch (m.group(2)) {
                    case "us", "µs":
                        return Duration.ofNanos(Math.multiplyExact(n, 1_000));
                    case "ms":
                        return Duration.ofMillis(n);
                    case "s":
                        return Duration.ofSeconds(n);
                    case "m":
                        return Duration.ofMinutes(n);
                    case "h":
                        return Duration.ofHours(n);
                    case "d":
                        return Duration.ofDays(n);
                    case "":
                        if (n == 0) {
                            return Duration.ZERO;
                        }
                        break;
                    default:
                        break;
                }
            } catch (ArithmeticException tooLong) {
                // falls through to the message
            }
        }
        throw new IllegalArgumentException("\"" + text + "\" (expected: a duration such as 250ms, 5s, 1m, 1h)");
    }

    /**
     * Reads a size in bytes: a whole number and nothing, {@code B}, {@code KiB}, {@code MiB}, {@code GiB},
     * {@code KB}, {@code MB} or {@code GB}.
     *
     * @throws IllegalArgumentException with the value and what is expected
     */
    public static long size(String text) {
        Matcher m = NUMBER_UNIT.matcher(text.trim());
        if (m.matches()) {
            long n = Long.parseLong(m.group(1));
            long unit = switch (m.group(2).toLowerCase(Locale.ROOT)) {
                case "", "b" -> 1;
                case "kib" -> 1L << 10;
                case "mib" -> 1L << 20;
                case "gib" -> 1L << 30;
                case "kb" -> 1_000;
                case "mb" -> 1_000_000;
                case "gb" -> 1_000_000_000;
                default -> 0;
            };
            if (unit > 0 && n <= Long.MAX_VALUE / unit) {
                return n * unit;
            }
        }
        throw new IllegalArgumentException("\"" + text + "\" (expected: a size such as 512, 16KiB, 256MiB)");
    }

    /** Writes a duration with its largest whole unit. */
    public static String format(Duration d) {
        long us = d.toNanos() / 1_000;
        if (us == 0) {
            return "0s";
        }
        if (us % 1_000 != 0) {
            return us + "us";
        }
        if (us % 1_000_000 != 0) {
            return us / 1_000 + "ms";
        }
        long s = us / 1_000_000;
        if (s % 86_400 == 0) {
            return s / 86_400 + "d";
        }
        if (s % 3_600 == 0) {
            return s / 3_600 + "h";
        }
        return s % 60 == 0 ? s / 60 + "m" : s + "s";
    }

    /** Writes a size with its largest whole unit. */
    public static String format(long bytes) {
        if (bytes > 0 && bytes % (1L << 30) == 0) {
            return (bytes >> 30) + "GiB";
        }
        if (bytes > 0 && bytes % (1L << 20) == 0) {
            return (bytes >> 20) + "MiB";
        }
        return bytes > 0 && bytes % (1L << 10) == 0 ? (bytes >> 10) + "KiB" : Long.toString(bytes);
    }
}
