package dev.weir.core.net;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread on which hosts come, go and change. One per proxy, made when the first cluster needs it. */
final class ClusterThread implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterThread.class);

    private static final long PATIENCE_SECONDS = 2;

    private @Nullable ScheduledThreadPoolExecutor executor;
    private boolean closed;

    private synchronized @Nullable ScheduledThreadPoolExecutor executor() {
        if (executor == null && !closed) {
            ScheduledThreadPoolExecutor made = new ScheduledThreadPoolExecutor(1, task -> {
                Thread thread = new Thread(task, "weir-clusters");
                thread.setDaemon(true);
                return thread;
            });
            made.setRemoveOnCancelPolicy(true);
            made.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
            executor = made;
        }
        return executor;
    }

    /** Soon; never if the proxy is closed. */
    void execute(Runnable task) {
        schedule(task, 0);
    }

    /** After so many milliseconds; null if the proxy is closed. */
    @Nullable
    ScheduledFuture<?> schedule(Runnable task, long millis) {
        ScheduledThreadPoolExecutor on = executor();
        try {
            return on == null ? null : on.schedule(() -> run(task), millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            return null;
        }
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.error("a task of the clusters failed", e);
        }
    }

    @Override
    public void close() {
        ScheduledThreadPoolExecutor ending;
        synchronized (this) {
            closed = true;
            ending = executor;
        }
        if (ending != null) {
            // What was asked for before (clusters that stop) is done first.
            ending.execute(ending::shutdownNow);
            try {
                if (!ending.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    ending.shutdownNow();
                }
            } catch (InterruptedException e) {
                ending.shutdownNow();
                Thread.currentThread().interrupt();
            }
        }
    }
}
