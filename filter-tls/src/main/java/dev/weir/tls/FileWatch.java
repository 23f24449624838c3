package dev.weir.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at files from time to time: the path as symbolic links lead to it (Kubernetes swaps a folder), size, time and number. On one thread for all, which is
 * made at first use.
 */
final class FileWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);

    /** Holds the thread apart until it is needed. */
    private static final class Shared {
        static final ScheduledExecutorService THREAD = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "weir-tls-files");
            thread.setDaemon(true);
            return thread;
        });
    }

    private final List<Path> files;
    private final Runnable changed;
    private final Runnable always;
    private final Future<?> ticking;
    private List<String> seen;

    /**
     * Begins to look.
     *
     * @param seen what {@link #look} told before the files were read: what changes meanwhile is a change
     * @param changed run when any of them has changed, on that thread
     * @param always run each time, on that thread
     */
    FileWatch(List<Path> files, List<String> seen, Duration interval, Runnable changed, Runnable always) {
        this.files = List.copyOf(files);
        this.changed = changed;
        this.always = always;
        this.seen = List.copyOf(seen);
        this.ticking = Shared.THREAD.scheduleWithFixedDelay(
                this::tick, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** What the files look like now. */
    static List<String> look(List<Path> files) {
        List<String> now = new ArrayList<>();
        for (Path file : files) {
            try {
                Path real = file.toRealPath();
                BasicFileAttributes attributes = Files.readAttributes(real, BasicFileAttributes.class);
                now.add(real + " " + attributes.size() + " " + attributes.lastModifiedTime() + " "
                        + attributes.fileKey());
            } catch (IOException e) {
                now.add(file + " " + e.getClass().getName());
            }
        }
        return now;
    }

    private void tick() {
        try {
            List<String> now = look(files);
            if (!now.equals(seen)) {
                seen = now;
                changed.run();
            }
            always.run();
        } catch (RuntimeException e) {
            LOG.warn("looking at files of TLS failed", e);
        }
    }

    @Override
    public void close() {
        ticking.cancel(false);
    }
}
