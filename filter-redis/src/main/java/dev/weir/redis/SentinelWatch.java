package dev.weir.redis;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows what Sentinels say: hears their events, asks them in rounds when there is one and from time to time, and knows the Sentinels that
 * they know. All on the loop of its context.
 */
final class SentinelWatch implements Discovery.Search {
    private static final Logger LOG = LoggerFactory.getLogger(SentinelWatch.class);

    /** A fail-over is a burst of events: between the end of a round and the beginning of the next one. */
    private static final long GAP_MILLIS = 20;

    private static final int LONGEST_LINE = 500;

    private final SentinelSettings settings;
    private final Discovery.Context context;
    private final Map<Address, SentinelSubscription> sentinels = new LinkedHashMap<>();
    private boolean running;
    private boolean wanted;
    private @Nullable Future<?> next;
    private int failures;
    private long epoch = -1;
    private long ended = System.nanoTime();
    private long checked = ended;
    private volatile boolean closed;

    SentinelWatch(SentinelSettings settings, Discovery.Context context) {
        this.settings = settings;
        this.context = context;
    }

    void start() {
        execute(() -> {
            settings.sentinels().forEach(this::know);
            look();
        });
    }

    private boolean know(Address sentinel) {
        if (sentinels.containsKey(sentinel) || sentinels.size() >= SentinelSettings.MOST_SENTINELS) {
            return false;
        }
        SentinelSubscription subscription = new SentinelSubscription(sentinel, settings, context, this::news);
        sentinels.put(sentinel, subscription);
        subscription.connect();
        return true;
    }

    /** There is a reason to ask before the time. */
    private void news() {
        if (closed || running || wanted) {
            wanted = true;
        } else if (System.nanoTime() - ended < TimeUnit.MILLISECONDS.toNanos(GAP_MILLIS)) {
            wanted = true;
            lookIn(GAP_MILLIS);
        } else {
            look();
        }
    }

    private void lookIn(long millis) {
        if (next != null) {
            next.cancel(false);
        }
        next = context.loop().schedule(this::look, millis, TimeUnit.MILLISECONDS);
    }

    private void look() {
        if (closed || running) {
            return;
        }
        if (next != null) {
            next.cancel(false);
        }
        running = true;
        wanted = false;
        if (System.nanoTime() - checked >= settings.timeout().toNanos()) {
            checked = System.nanoTime();
            List.copyOf(sentinels.values()).forEach(SentinelSubscription::check);
        }
        new SentinelRound(settings, context, List.copyOf(sentinels.keySet()), epoch, new SentinelRound.Listener() {
                    @Override
                    public @Nullable String found(SentinelView view, @Nullable String problem) {
                        return closed ? null : SentinelWatch.this.found(view, problem);
                    }

                    @Override
                    public void ended(List<SentinelView> views, @Nullable String problem) {
                        if (!closed) {
                            SentinelWatch.this.ended(views, problem);
                        }
                    }
                })
                .start();
    }

    private @Nullable String found(SentinelView view, @Nullable String problem) {
        if (problem != null && settings.role() == SentinelSettings.Role.ANY) {
            return problem; // Replicas alone would take the master out.
        }
        List<Found> found = new ArrayList<>();
        boolean master = settings.role() != SentinelSettings.Role.REPLICAS
                || settings.fallback() && view.replicas().isEmpty();
        if (master && problem == null) {
            found.add(endpoint(view.master(), "master"));
        }
        if (settings.role() != SentinelSettings.Role.MASTER) {
            view.replicas().forEach(replica -> found.add(endpoint(replica, "replica")));
        }
        if (!found.isEmpty()) {
            if (view.epoch() != epoch) {
                LOG.info(
                        "cluster {}: {} is {} by Sentinel {}, epoch {}",
                        context.cluster(),
                        settings.master(),
                        view.master(),
                        view.sentinel(),
                        view.epoch());
            }
            epoch = view.epoch();
            context.foundOnly(found);
        }
        if (master) {
            return problem;
        }
        return found.isEmpty() ? settings.master() + " has no healthy replica" : null;
    }

    private static Found endpoint(Address address, String role) {
        return new Found(address, null, 1, Map.of("role", role));
    }

    private void ended(List<SentinelView> views, @Nullable String problem) {
        running = false;
        ended = System.nanoTime();
        if (!views.isEmpty()) {
            learn(views);
        }
        long delay;
        if (problem == null) {
            failures = 0;
            delay = settings.refreshMillis(ThreadLocalRandom.current());
        } else {
            failures++;
            delay = settings.retryMillis(failures, ThreadLocalRandom.current());
            context.failed(line(problem));
        }
        lookIn(wanted ? GAP_MILLIS : delay);
    }

    /** Keeps those that are configured, that have answered or that these know. */
    private void learn(List<SentinelView> views) {
        Set<Address> named = new HashSet<>(settings.sentinels());
        views.forEach(view -> named.add(view.sentinel()));
        views.forEach(view -> named.addAll(view.sentinels()));
        sentinels.entrySet().removeIf(known -> {
            boolean gone = !named.contains(known.getKey());
            if (gone) {
                known.getValue().close();
            }
            return gone;
        });
        for (SentinelView view : views) {
            for (Address sentinel : view.sentinels()) {
                if (know(sentinel)) {
                    wanted = true;
                }
            }
        }
    }

    /** What servers say parts of, as one line that does not go on for ever. */
    static String line(String text) {
        String line = text.substring(0, Math.min(text.length(), LONGEST_LINE)).replaceAll("\\p{Cntrl}", " ");
        return text.length() > LONGEST_LINE ? line + "…" : line;
    }

    @Override
    public void again() {
        execute(this::news);
    }

    @Override
    public void close() {
        closed = true;
        execute(() -> {
            if (next != null) {
                next.cancel(false);
            }
            sentinels.values().forEach(SentinelSubscription::close);
            sentinels.clear();
        });
    }

    private void execute(Runnable task) {
        try {
            context.loop().execute(task);
        } catch (RejectedExecutionException e) {
            // The loop has ended, and what was open on it.
        }
    }
}
