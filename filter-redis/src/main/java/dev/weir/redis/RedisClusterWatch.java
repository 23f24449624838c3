package dev.weir.redis;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks nodes of a Redis Cluster for its slots: from time to time, and when there is a reason. A node that does not answer, that holds the cluster to
 * be down or that is behind the others (its epoch is lower) is believed only if no other one answers. All on the loop of its context.
 */
final class RedisClusterWatch implements Discovery.Search {
    private static final Logger LOG = LoggerFactory.getLogger(RedisClusterWatch.class);

    /** Nodes that are asked at once: one of them may be dead without anybody knowing. */
    private static final int AT_ONCE = 2;
    /** Of one answer: a cluster of 1,000 nodes with scattered slots has some. */
    private static final int MOST_BYTES = 16 << 20;

    private final RedisClusterSettings settings;
    private final Discovery.Context context;
    /** Nodes by the last answer that was believed. */
    private List<Address> known = List.of();

    private long epoch = -1;
    private int failures;
    private boolean running;
    private boolean wanted;
    private int round;
    private int asking;
    private final ArrayDeque<Address> left = new ArrayDeque<>();
    private @Nullable RedisClusterView second;
    private final List<String> problems = new ArrayList<>();
    private @Nullable Future<?> next;
    private volatile boolean closed;

    RedisClusterWatch(RedisClusterSettings settings, Discovery.Context context) {
        this.settings = settings;
        this.context = context;
    }

    @Override
    public void again() {
        execute(() -> {
            if (running) {
                wanted = true;
            } else {
                look();
            }
        });
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
        round++;
        asking = 0;
        second = null;
        problems.clear();
        left.clear();
        List<Address> first = new ArrayList<>(known);
        Collections.shuffle(first, ThreadLocalRandom.current());
        Set<Address> all = new LinkedHashSet<>(first);
        all.addAll(settings.seeds());
        left.addAll(all);
        for (int i = 0; i < AT_ONCE; i++) {
            ask();
        }
    }

    private void ask() {
        Address node = left.poll();
        if (node == null) {
            return;
        }
        asking++;
        int mine = round;
        RedisAsk.ask(
                context,
                node,
                settings.login(),
                settings.pace().timeout(),
                RedisClusterView.QUESTIONS,
                MOST_BYTES,
                result -> answered(mine, node, result));
    }

    private void answered(int asked, Address node, RedisAsk.Result result) {
        if (closed || !running || asked != round) {
            return; // of a round that has ended
        }
        asking--;
        if (result.problem() != null) {
            problems.add(node + ": " + result.problem());
        } else {
            try {
                RedisClusterView view = RedisClusterView.read(node, result.answers());
                if (view.ok() && view.epoch() >= epoch) {
                    believe(view);
                    return;
                }
                if (second == null || better(view, second)) {
                    second = view;
                }
            } catch (IllegalArgumentException e) {
                problems.add(node + " " + e.getMessage());
            }
        }
        ask();
        if (asking == 0) {
            exhausted();
        }
    }

    private static boolean better(RedisClusterView view, RedisClusterView than) {
        return view.ok() != than.ok() ? view.ok() : view.epoch() > than.epoch();
    }

    private void exhausted() {
        RedisClusterView view = second;
        if (view != null) {
            believe(view);
            return;
        }
        failures++;
        context.failed(SentinelWatch.line("no node of the cluster can be asked: " + String.join("; ", problems)));
        ended();
    }

    private void believe(RedisClusterView view) {
        if (view.epoch() != epoch) {
            LOG.info(
                    "cluster {}: {} nodes, epoch {}{}",
                    context.cluster(),
                    view.nodes().size(),
                    view.epoch(),
                    view.ok() ? "" : ", and it is down by its own account");
        }
        epoch = view.epoch();
        failures = 0;
        known = view.nodes().stream().map(Found::address).toList();
        context.foundOnly(view.nodes());
        ended();
    }

    private void ended() {
        running = false;
        if (wanted) {
            look();
        } else {
            next = context.loop()
                    .schedule(
                            this::look,
                            settings.pace().pauseMillis(failures, ThreadLocalRandom.current()),
                            TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void close() {
        closed = true;
        execute(() -> {
            if (next != null) {
                next.cancel(false);
            }
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
