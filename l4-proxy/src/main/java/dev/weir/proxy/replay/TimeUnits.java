package dev.weir.proxy.replay;

/**
 * The unit of an interface's time stamps.
 *
 * @param unit {@code if_tsresol}: a negative power of 10, or of 2 if the highest of its eight bits is set
 * @param offset seconds to be added
 */
record TimeUnits(int unit, long offset) {
    static final int MICROS = 6;

    private static final long SECOND = 1_000_000_000L;
    private static final long LAST_SECOND = Long.MAX_VALUE / SECOND - 1;
    private static final int MAX_DIGITS = 18;
    private static final int FRACTION_BITS = 30;

    /** Nanoseconds since 1970; what is out of range becomes the begin or the end of it. */
    long nanos(long stamp) {
        int power = unit & 0x7f;
        boolean binary = unit > 0x7f;
        long seconds;
        long fraction;
        if (binary) {
            seconds = power > 63 ? 0 : stamp >>> power;
            fraction = binary(stamp, power);
        } else if (power > MAX_DIGITS) {
            seconds = 0;
            fraction = 0;
        } else {
            long parts = ten(power);
            seconds = Long.divideUnsigned(stamp, parts);
            long rest = Long.remainderUnsigned(stamp, parts);
            fraction = power <= 9 ? rest * ten(9 - power) : rest / ten(power - 9);
        }
        long all = Math.max(0, Math.min(LAST_SECOND, seconds < 0 ? LAST_SECOND : saturated(seconds)));
        return all * SECOND + fraction;
    }

    private long saturated(long seconds) {
        return offset > LAST_SECOND ? LAST_SECOND : offset < -LAST_SECOND ? 0 : Math.min(seconds, LAST_SECOND) + offset;
    }

    private static long binary(long stamp, int power) {
        if (power == 0 || power > 93) {
            return 0;
        }
        long rest = power > 63 ? stamp : stamp & (1L << power) - 1;
        if (power <= FRACTION_BITS) {
            return rest * SECOND >>> power;
        }
        long fraction = power - FRACTION_BITS > 63 ? 0 : rest >>> power - FRACTION_BITS;
        return fraction * SECOND >>> FRACTION_BITS;
    }

    private static long ten(int power) {
        long value = 1;
        for (int i = 0; i < power; i++) {
            value *= 10;
        }
        return value;
    }
}
