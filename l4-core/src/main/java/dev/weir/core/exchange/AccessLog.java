package dev.weir.core.exchange;

import dev.weir.core.filter.WireClock;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes each exchange as a line of JSON. The loops copy into bounded rings, one thread writes; what does not
 * fit is counted and dropped. Give it to {@link ExchangeSinks} as an extra sink, and close it after the loops ended.
 */
public final class AccessLog implements ExchangeSink.Factory, AutoCloseable {
    /** Places in the ring of each loop. */
    static final int RING_SIZE = 8_192;

    private static final Logger LOG = LoggerFactory.getLogger(AccessLog.class);
    private static final int BATCH_BYTES = 64 << 10;
    private static final long SHORT_NANOS = 5_000_000;
    private static final long LONG_NANOS = 40_000_000;
    private static final long CLOSE_MILLIS = 5_000;

    private final @Nullable Path path;
    private OutputStream out;
    private final int ringSize;
    private final ExchangeLines lines;
    private final List<LoopSink> loops = new CopyOnWriteArrayList<>();
    private final Thread writer;
    private final AccessLogMetrics metrics;
    private final long[] written = new long[1];
    private final long[] lost = new long[1];
    private final long[] errors = new long[1];
    private volatile @Nullable IOException lastError;
    private volatile boolean reopen;
    private volatile boolean stopping;

    private AccessLog(@Nullable Path path, OutputStream out, int ringSize, WireClock clock, MeterRegistry meters) {
        this.path = path;
        this.out = out;
        this.ringSize = ringSize;
        this.lines = new ExchangeLines(clock);
        this.metrics = new AccessLogMetrics(meters, this);
        this.writer = new Thread(this::run, "weir-access-log");
        this.writer.setDaemon(true);
    }

    private AccessLog started() {
        writer.start();
        return this;
    }

    /** Appends to a file, which is made if need be. */
    public static AccessLog toFile(Path path, WireClock clock, MeterRegistry meters) throws IOException {
        return new AccessLog(path, append(path), RING_SIZE, clock, meters).started();
    }

    /**
     * Writes to a stream, which is flushed but not closed at the end. For standard output take a stream that
     * throws: {@code System.out} hides errors.
     */
    public static AccessLog toStream(OutputStream out, WireClock clock, MeterRegistry meters) {
        return toStream(out, RING_SIZE, clock, meters);
    }

    static AccessLog toStream(OutputStream out, int ringSize, WireClock clock, MeterRegistry meters) {
        return new AccessLog(null, out, ringSize, clock, meters).started();
    }

    private static OutputStream append(Path path) throws IOException {
        return new FileOutputStream(path.toFile(), true);
    }

    @Override
    public ExchangeSink forLoop(int loop) {
        LoopSink sink = new LoopSink(new ExchangeRing(ringSize), writer);
        loops.add(sink);
        return sink;
    }

    /** The way from one loop to the writer. */
    private static final class LoopSink implements ExchangeSink {
        private final ExchangeRing ring;
        private final Thread writer;
        private final int half;
        private final long[] dropped = new long[1];

        LoopSink(ExchangeRing ring, Thread writer) {
            this.ring = ring;
            this.writer = writer;
            this.half = ring.size() / 2;
        }

        @Override
        public void onExchange(Exchange exchange) {
            int waiting = ring.offer(exchange);
            if (waiting == 0) {
                Cells.addOpaque(dropped, 0, 1);
            } else if (waiting == half) {
                // The writer looks every few milliseconds anyway; waking it for each line is a system call.
                LockSupport.unpark(writer);
            }
        }

        @Override
        public String name() {
            return "access_log";
        }
    }

    private void run() {
        long pause = SHORT_NANOS;
        boolean last;
        do {
            last = stopping;
            if (reopen) {
                reopen = false;
                openAgain();
            }
            pause = writeAll() ? SHORT_NANOS : Math.min(2 * pause, LONG_NANOS);
            if (!last) {
                LockSupport.parkNanos(this, pause);
            }
        } while (!last);
        end();
    }

    /** Writes what waits; false if nothing did. */
    private boolean writeAll() {
        boolean any = false;
        for (LoopSink loop : loops) {
            Exchange e = loop.ring.peek();
            while (e != null) {
                any = true;
                add(e);
                e.clear();
                loop.ring.remove();
                if (lines.size() >= BATCH_BYTES) {
                    flush();
                }
                e = loop.ring.peek();
            }
        }
        flush();
        return any;
    }

    private void add(Exchange e) {
        try {
            lines.add(e);
        } catch (IOException | RuntimeException wrong) {
            Cells.addOpaque(lost, 0, 1);
            failed(wrong instanceof IOException io ? io : new IOException(wrong));
        }
    }

    private void flush() {
        int count = lines.count();
        if (count == 0) {
            return;
        }
        try {
            lines.writeTo(out);
            out.flush();
            Cells.addOpaque(written, 0, count);
        } catch (IOException e) {
            Cells.addOpaque(lost, 0, count);
            failed(e);
        }
        lines.clear();
    }

    private void failed(IOException e) {
        lastError = e;
        Cells.addOpaque(errors, 0, 1);
        if (Cells.get(errors, 0) == 1) {
            LOG.error(
                    "Access log cannot be written; further errors are counted in weir_access_log_errors_total."
                            + " path={} error={}",
                    path == null ? "stream" : path,
                    e.getMessage());
        }
    }

    private void openAgain() {
        if (path == null) {
            return;
        }
        try {
            OutputStream opened = append(path);
            OutputStream old = out;
            out = opened;
            old.close();
        } catch (IOException e) {
            failed(e);
        }
    }

    private void end() {
        try {
            out.flush();
            if (path != null) {
                out.close();
            }
        } catch (IOException e) {
            failed(e);
        }
    }

    /** Opens the file anew under its path, before the next line (log rotation). No effect for a stream. */
    public void reopen() {
        reopen = true;
        LockSupport.unpark(writer);
    }

    /** The last error of writing, or null: a closed pipe shows here. */
    public @Nullable IOException lastError() {
        return lastError;
    }

    /** Lines written. */
    long written() {
        return Cells.get(written, 0);
    }

    /** Exchanges that were not written: the ring was full, or writing failed. */
    public long dropped() {
        return loops.stream().mapToLong(loop -> Cells.get(loop.dropped, 0)).sum() + Cells.get(lost, 0);
    }

    /** Failed attempts to write. */
    long errors() {
        return Cells.get(errors, 0);
    }

    /** Writes what waits, then ends; waits for that for at most five seconds. */
    @Override
    public void close() {
        stopping = true;
        LockSupport.unpark(writer);
        try {
            writer.join(CLOSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        metrics.close();
    }
}
