package dev.weir.core.discovery;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Discovery.Found;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Asks again and again: when what was found expires, later and later after failures. */
final class Refresher implements Discovery.Search {
    /**
     * What came of a round.
     *
     * @param found all endpoints; empty if nothing could be found out
     * @param ttl seconds for which that is true
     * @param problem what could not be found out, or null
     */
    record Outcome(List<Found> found, long ttl, @Nullable String problem) {}

    private final Discovery.Context context;
    private final EventLoop loop;
    private final DnsSettings settings;
    private final DnsLookup lookup;
    private final Function<DnsLookup, Future<Outcome>> round;
    private int failures;
    private @Nullable Future<?> waiting;
    private boolean looking;
    private boolean again;
    private volatile boolean closed;

    private Refresher(Discovery.Context context, DnsSettings settings, Function<DnsLookup, Future<Outcome>> round) {
        this.context = context;
        this.settings = settings;
        this.round = round;
        loop = context.loop();
        lookup = new DnsLookup(loop, settings);
    }

    /** Begins; closing what it returns ends it. {@code round} is called on the loop, and answers there. */
    static Discovery.Search start(
            Discovery.Context context, DnsSettings settings, Function<DnsLookup, Future<Outcome>> round) {
        Refresher refresher = new Refresher(context, settings, round);
        refresher.loop.execute(refresher::look);
        return refresher;
    }

    private void look() {
        if (!closed) {
            looking = true;
            again = false;
            round.apply(lookup).addListener(done -> {
                if (!closed) {
                    finished((Outcome) done.getNow());
                }
            });
        }
    }

    private void finished(Outcome outcome) {
        looking = false;
        if (!outcome.found().isEmpty()) {
            context.found(outcome.found());
        }
        long delay;
        if (outcome.problem() == null) {
            failures = 0;
            delay = settings.refreshMillis(outcome.ttl());
        } else {
            failures++;
            delay = settings.retryMillis(failures, ThreadLocalRandom.current());
            context.failed(outcome.problem());
        }
        // What was found may be older than the reason to ask again.
        waiting = loop.schedule(this::look, again ? 0 : delay, TimeUnit.MILLISECONDS);
    }

    @Override
    public void again() {
        try {
            loop.execute(() -> {
                again = true;
                if (!looking && (waiting == null || waiting.cancel(false))) {
                    look();
                }
            });
        } catch (RejectedExecutionException e) {
            // The loop has ended.
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            loop.execute(() -> {
                if (waiting != null) {
                    waiting.cancel(false);
                }
                lookup.close();
            });
        } catch (RejectedExecutionException e) {
            // The loop has ended, and what was open on it.
        }
    }
}
