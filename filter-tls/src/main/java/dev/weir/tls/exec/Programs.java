package dev.weir.tls.exec;

import com.sun.jna.ptr.IntByReference;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The programs of one configured terminal: starts them, waits for their ends so that none stays a zombie, and ends those that stay when their connection has
 * gone. Two threads for all of them; from any thread.
 */
final class Programs implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Programs.class);
    private static final long SCAN_MILLIS = 500;
    private static final long KILL_MILLIS = 5_000;

    /** Who asked for a program. Called once, by one of the threads here. */
    interface Starter {
        void started(Program program, int socket);

        void failed(IOException cause);
    }

    private final ExecSettings settings;
    private final AtomicInteger running = new AtomicInteger();
    private final Map<Integer, Program> programs = new ConcurrentHashMap<>();
    private final AtomicBoolean scanning = new AtomicBoolean();
    private final ScheduledThreadPoolExecutor threads;
    private volatile boolean closed;

    Programs(ExecSettings settings) {
        this.settings = settings;
        this.threads = new ScheduledThreadPoolExecutor(2, new DefaultThreadFactory("weir-exec", true));
        threads.setKeepAliveTime(10, TimeUnit.SECONDS);
        threads.allowCoreThreadTimeOut(true);
        threads.setRemoveOnCancelPolicy(true);
    }

    /** Takes a place; {@link #start} gives it back in the end. */
    boolean acquire() {
        if (running.incrementAndGet() > settings.most()) {
            running.decrementAndGet();
            return false;
        }
        return true;
    }

    /** Programs that run, or are about to. */
    int running() {
        return running.get();
    }

    void start(List<String> environment, Starter starter) {
        try {
            threads.execute(() -> startNow(environment, starter));
        } catch (RejectedExecutionException over) {
            running.decrementAndGet();
            starter.failed(new IOException("Weir leaves", over));
        }
    }

    private void startNow(List<String> environment, Starter starter) {
        Spawn.Started started;
        try {
            started = Spawn.start(settings.program(), settings.arguments(), environment, settings.standardError());
        } catch (IOException e) {
            running.decrementAndGet();
            starter.failed(e);
            return;
        } catch (LinkageError e) {
            running.decrementAndGet();
            starter.failed(new IOException("no C library that can be called: " + e, e));
            return;
        }
        Program program = new Program(started.pid());
        programs.put(started.pid(), program);
        scan();
        starter.started(program, started.socket());
        if (closed) {
            program.signal(LibC.SIGTERM);
        }
    }

    // ---- ends

    /** One program. */
    final class Program {
        private final int pid;
        private boolean reaped;
        private boolean leftAlone;
        private Runnable onEnd = () -> {};

        private Program(int pid) {
            this.pid = pid;
        }

        int pid() {
            return pid;
        }

        /** {@code task} is run when the program has ended, on one of the threads here; at once if it has. */
        void onEnd(Runnable task) {
            boolean over;
            synchronized (this) {
                onEnd = task;
                over = reaped;
            }
            if (over) {
                task.run();
            }
        }

        /** It has closed its socket, so it has probably ended. */
        void look() {
            later(this::reap, 1);
            later(this::reap, 10);
            later(this::reap, 100);
        }

        /** Its connection is gone: it should come to its end by itself, soon. */
        synchronized void expectEnd() {
            if (!leftAlone && !reaped) {
                leftAlone = true;
                look();
                later(() -> signal(LibC.SIGTERM), settings.stopMillis());
                later(() -> signal(LibC.SIGKILL), settings.stopMillis() + KILL_MILLIS);
            }
        }

        /** To it and all of its group; never to another one that got its number, as that is ours as long as nobody has waited for it. */
        private synchronized void signal(int signal) {
            if (!reaped) {
                LibC.get().kill(-pid, signal);
            }
        }

        private void reap() {
            IntByReference status = new IntByReference();
            Runnable task;
            synchronized (this) {
                if (reaped || LibC.get().waitpid(pid, status, LibC.WNOHANG) == 0) {
                    return;
                }
                reaped = true;
                task = onEnd;
                // Before the number can be another one's, which would be put in its place.
                programs.remove(pid, this);
            }
            running.decrementAndGet();
            int code = status.getValue();
            settings.metrics().ended(code);
            LOG.debug("program {} pid={} ended, status {}", settings.program(), pid, code);
            task.run();
        }
    }

    private void later(Runnable task, long millis) {
        try {
            threads.schedule(task, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException over) {
            LOG.trace("after the end", over);
        }
    }

    /** Looks at all of them from time to time, as long as there are some. */
    private void scan() {
        if (scanning.compareAndSet(false, true)) {
            later(this::scanNow, SCAN_MILLIS);
        }
    }

    private void scanNow() {
        programs.values().forEach(Program::reap);
        scanning.set(false);
        if (!programs.isEmpty()) {
            scan();
        } else if (closed) {
            threads.shutdown();
        }
    }

    /** The last connection has gone. Programs that still run are asked to end, and killed if they do not. */
    @Override
    public void close() {
        closed = true;
        programs.values().forEach(program -> {
            program.signal(LibC.SIGTERM);
            later(() -> program.signal(LibC.SIGKILL), KILL_MILLIS);
        });
        if (running.get() == 0) {
            threads.shutdown();
        } else {
            scan();
        }
    }
}
