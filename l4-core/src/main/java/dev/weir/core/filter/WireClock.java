package dev.weir.core.filter;

/**
 * The only source of time for filters, sniffers and sinks, so that tests and {@code replay} can set it.
 * Reading a clock costs 25–40 ns: the core reads it once per read burst and hands the value on.
 */
public interface WireClock {
    /** Nanoseconds of an arbitrary origin that never go backwards. */
    long nanoTime();

    /** Microseconds since 1970-01-01 UTC at the moment {@code nanoTime} of this clock. */
    long epochMicros(long nanoTime);

    /** The clock of the system. */
    static WireClock system() {
        return SystemWireClock.INSTANCE;
    }
}
