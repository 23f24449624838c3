package dev.weir.core.net;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a task once a second on a thread of its own, so that rates are right whoever asks for them, and when. */
final class RateSampler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RateSampler.class);
    private static final long PERIOD_MILLIS = 1_000;

    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "weir-rates");
        thread.setDaemon(true);
        return thread;
    });
    private boolean failed;

    RateSampler(Runnable sample) {
        timer.scheduleWithFixedDelay(() -> run(sample), PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void run(Runnable sample) {
        try {
            sample.run();
        } catch (RuntimeException e) {
            // An exception would end the timer.
            if (!failed) {
                failed = true;
                LOG.error("cannot sample rates", e);
            }
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
