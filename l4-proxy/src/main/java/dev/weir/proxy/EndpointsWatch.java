package dev.weir.proxy;

import dev.weir.core.cluster.Discovery;
import dev.weir.proxy.WatchedFile.Look;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Looks after a file of endpoints and tells what it says. Its state belongs to the thread for what blocks, where all looks happen. */
final class EndpointsWatch implements Discovery.Search {
    private static final long MAX_RETRY = TimeUnit.SECONDS.toNanos(30);
    /** Between the two looks that have to see the same, where somebody waits for them. */
    private static final long SOON = TimeUnit.MILLISECONDS.toNanos(50);

    private final String path;
    private final long refresh;
    private final boolean authoritative;
    private final Discovery.Context context;
    private final WatchedFile file;
    private int looks;
    private int failures;
    private long retryAt;
    private volatile @Nullable Future<?> next;
    private volatile boolean closed;

    /** {@code authoritative}: whether what the file does not name is not to be used, whatever its check says. */
    EndpointsWatch(String path, Duration refresh, boolean authoritative, Discovery.Context context) {
        this.path = path;
        this.refresh = refresh.toNanos();
        this.authoritative = authoritative;
        this.context = context;
        this.file = new WatchedFile(path);
    }

    void start() {
        context.background(() -> look(looks));
    }

    private void look(int number) {
        if (closed || number != looks) {
            return; // it was called for sooner
        }
        try {
            Look look = file.look();
            boolean news = looks == 0 || look == Look.CHANGED || look == Look.GONE && failures == 0;
            // What made it fail need not show in the file: a permission, a mount.
            boolean retry = look != Look.MOVING && failures > 0 && System.nanoTime() - retryAt >= 0;
            if (news || retry) {
                read();
            }
        } finally {
            lookIn(refresh);
        }
    }

    private void lookIn(long nanos) {
        int number = ++looks;
        try {
            next = context.loop().schedule(() -> context.background(() -> look(number)), nanos, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            // The proxy ends.
        }
    }

    private void read() {
        file.reading();
        EndpointsFile found = EndpointsFile.read(path);
        if (found.problem() != null) {
            long delay = Math.min(MAX_RETRY, refresh << Math.min(failures, 20));
            failures++;
            retryAt = System.nanoTime() + Math.max(refresh, delay);
            context.failed(found.problem());
            return;
        }
        failures = 0;
        if (authoritative) {
            context.foundOnly(found.endpoints());
        } else {
            context.found(found.endpoints());
        }
    }

    @Override
    public void again() {
        context.background(() -> {
            if (!closed && looks > 0) {
                cancel();
                file.look();
                lookIn(Math.min(refresh, SOON));
            }
        });
    }

    @Override
    public void close() {
        closed = true;
        cancel();
    }

    private void cancel() {
        Future<?> waiting = next;
        if (waiting != null) {
            waiting.cancel(false);
        }
    }
}
