package dev.weir.proxy;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** {@code weir demo}: real servers, the proxy in front of them, sample traffic, and what to look at. */
final class DemoCommand implements Subcommand {
    private static final long JOIN_MILLIS = 15_000;

    @Override
    public int run(Arguments options, Terminal terminal) throws Exception {
        Duration limit = options.duration("--for");
        String admin = QuickStart.admin(options);
        CompletableFuture<Void> end = new CompletableFuture<>();
        for (String signal : List.of("TERM", "INT", "HUP")) {
            Signals.on(signal, () -> end.complete(null));
        }
        terminal.say("starting a Redis and a MariaDB, Weir in front of them, and sample traffic");
        CompletableFuture<DemoSession> session = new CompletableFuture<>();
        try (DemoHome home = DemoHome.create()) {
            // It takes seconds; Redis is shown meanwhile.
            Thread mysql = new Thread(() -> addMysql(home, session, limit, end), "demo-mysql");
            mysql.setDaemon(true);
            mysql.start();
            DemoRedis redis = DemoRedis.start(home);
            try (DemoSession begun = DemoSession.start(redis.address(), admin, terminal, end)) {
                session.complete(begun);
                try {
                    begun.view();
                } finally {
                    // What still starts need not: the demo ends.
                    end.complete(null);
                    mysql.interrupt();
                    mysql.join(JOIN_MILLIS);
                }
                begun.summary();
            }
        }
        failIfFailed(end);
        return 0;
    }

    /** Starts a MySQL server and lets it join, or says why there is none; then the time of the demo begins. */
    private static void addMysql(
            DemoHome home, CompletableFuture<DemoSession> session, Duration limit, CompletableFuture<Void> end) {
        try {
            DemoMysql mysql = null;
            String reason = "";
            try {
                mysql = DemoMysql.start(home);
            } catch (IOException e) {
                reason = String.valueOf(e.getMessage());
            }
            DemoSession begun = session.get();
            try {
                if (mysql == null) {
                    begun.doWithoutMysql(reason);
                } else {
                    begun.add(mysql);
                }
                begun.endAfter(limit);
            } catch (SQLException e) {
                end.completeExceptionally(new IOException("MySQL does not answer through Weir: " + e.getMessage(), e));
            } catch (IOException | RuntimeException e) {
                end.completeExceptionally(e);
            }
        } catch (InterruptedException | ExecutionException e) {
            // The demo ends, or never began.
            Thread.currentThread().interrupt();
        }
    }

    private static void failIfFailed(CompletableFuture<Void> end) throws Exception {
        try {
            end.getNow(null);
        } catch (CompletionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }
}
