package dev.weir.core.ratelimit;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How fast tokens come: so many in a period.
 *
 * @param tokens 1…{@value #MAX_TOKENS}
 * @param periodNanos the period in nanoseconds: a second, minute, hour or day
 */
public record Rate(long tokens, long periodNanos) {
    static final long MAX_TOKENS = 100_000_000;
    private static final long SECOND = 1_000_000_000L;
    private static final Pattern TEXT = Pattern.compile("(\\d{1,12})\\s*/\\s*([smhd])");

    /**
     * Reads {@code 100/s}.
     *
     * @throws IllegalArgumentException with the value and what is expected
     */
    static Rate parse(String text) {
        Matcher m = TEXT.matcher(text.trim());
        if (m.matches()) {
            long tokens = Long.parseLong(m.group(1));
            long seconds = switch (m.group(2)) {
                case "s" -> 1;
                case "m" -> 60;
                case "h" -> 3_600;
                default -> 86_400;
            };
            if (tokens >= 1 && tokens <= MAX_TOKENS) {
                return new Rate(tokens, seconds * SECOND);
            }
        }
        throw new IllegalArgumentException(
                "\"" + text + "\" (expected: a rate such as 100/s, 30/m, 5000/h, 1/d; at most " + MAX_TOKENS + ")");
    }
}
