package dev.weir.tls;

import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.ImmediateExecutor;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Where engines work that has to wait is done: verification that asks a responder. All other work is done on the connection's loop. */
final class Tasks implements AutoCloseable {
    private static final int THREADS = 4;
    private static final int WAITING = 1_000;
    private static final Tasks NONE = new Tasks(null);

    private final @Nullable ExecutorService pool;

    private Tasks(@Nullable ExecutorService pool) {
        this.pool = pool;
    }

    static Tasks of(TrustSettings trust) {
        if (trust.ocsp() == null) {
            return NONE;
        }
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(WAITING),
                new DefaultThreadFactory("weir-tls-ocsp", true));
        pool.allowCoreThreadTimeOut(true);
        return new Tasks(pool);
    }

    Executor executor() {
        return pool == null ? ImmediateExecutor.INSTANCE : pool;
    }

    @Override
    public void close() {
        if (pool != null) {
            pool.shutdown();
        }
    }
}
