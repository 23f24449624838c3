package dev.weir.core.exchange;

/**
 * Consumes exchanges, on the event loop that made them; one instance per loop, so plain fields are safe. It
 * is on the path of the data: no blocking, no allocation per call in the steady state. What it throws is
 * counted and logged once, and does not reach the producer.
 */
@FunctionalInterface
public interface ExchangeSink {
    /** Lends {@code exchange} for the call; to keep it, copy it ({@link Exchange#copyFrom}). */
    void onExchange(Exchange exchange);

    /** Its name in metrics and logs; one of few, the same for all loops. */
    default String name() {
        return "extra";
    }

    /** Makes the sink of each loop. */
    @FunctionalInterface
    interface Factory {
        /**
         * Called once per event loop, on the thread that builds the proxy, before the first connection. {@code loop}
         * counts from 0. The proxy does not close what it returns.
         */
        ExchangeSink forLoop(int loop);
    }
}
