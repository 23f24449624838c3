package dev.weir.redis;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.config.Address;
import dev.weir.redis.RedisAnswers.Failure;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Asks all Sentinels that are known at once for one name, believes the newest answer (that with the highest epoch), and asks the master that it names for
 * its role. On one loop, once.
 *
 * <p>A single answer is believed as soon as it is newer than what was believed last. One that is not has to wait until most Sentinels
 * have answered, or all that will: one that was cut off from the others may tell of a master that there was once. An answer that
 * is older than what was believed last counts only where most Sentinels agree: then they have been set up anew.
 */
final class SentinelRound {
    /** Who wants to know. */
    interface Listener {
        /**
         * That is the newest answer; {@code problem} is why its master is not one, or null if it is. Answers what cannot be made of that, or
         * null.
         */
        @Nullable
        String found(SentinelView view, @Nullable String problem);

        /** All have answered, or will not; {@code problem} is why nothing was found out, or null. */
        void ended(List<SentinelView> views, @Nullable String problem);
    }

    private static final List<List<String>> ROLE = List.of(List.of("ROLE"));

    private final String name;
    private final SentinelSettings settings;
    private final Discovery.Context context;
    private final List<Address> asked;
    private final long epoch;
    private final Listener listener;
    private final List<SentinelView> views = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private int waiting;
    private int verifying;
    private @Nullable SentinelView believed;
    private @Nullable String wrong;

    /** {@code epoch} is that of what was believed last, or -1. */
    SentinelRound(
            String name,
            SentinelSettings settings,
            Discovery.Context context,
            List<Address> asked,
            long epoch,
            Listener listener) {
        this.name = name;
        this.settings = settings;
        this.context = context;
        this.asked = asked;
        this.epoch = epoch;
        this.listener = listener;
    }

    void start() {
        waiting = asked.size();
        for (Address sentinel : asked) {
            RedisAsk.ask(
                    context,
                    sentinel,
                    settings.sentinelLogin(),
                    settings.pace().timeout(),
                    SentinelView.questions(name),
                    result -> answered(sentinel, result));
        }
    }

    private void answered(Address sentinel, RedisAsk.Result result) {
        waiting--;
        if (result.problem() != null) {
            problems.add("Sentinel " + sentinel + ": " + result.problem());
        } else {
            try {
                views.add(SentinelView.read(sentinel, name, result.answers()));
            } catch (IllegalArgumentException e) {
                problems.add("Sentinel " + sentinel + " " + e.getMessage());
            }
        }
        decide();
    }

    private void decide() {
        SentinelView best = views.stream()
                .max(Comparator.comparingLong(SentinelView::epoch).thenComparingLong(this::votes))
                .orElse(null);
        if (best != null && enough(best) && (believed == null || other(best, believed))) {
            believed = best;
            verify(best);
        } else if (waiting == 0 && verifying == 0) {
            listener.ended(List.copyOf(views), problem());
        }
    }

    private long votes(SentinelView view) {
        return views.stream().filter(v -> v.master().equals(view.master())).count();
    }

    private boolean enough(SentinelView best) {
        boolean most = views.size() * 2 > asked.size();
        if (best.epoch() < epoch) {
            return waiting == 0 && most;
        }
        return waiting == 0 || most || epoch >= 0 && best.epoch() > epoch;
    }

    private static boolean other(SentinelView best, SentinelView before) {
        return best.epoch() > before.epoch() || !best.master().equals(before.master());
    }

    private void verify(SentinelView view) {
        verifying++;
        RedisAsk.ask(context, view.master(), settings.login(), settings.pace().timeout(), ROLE, result -> {
            verifying--;
            if (view.equals(believed)) {
                String problem = role(result);
                wrong = listener.found(
                        view,
                        problem == null
                                ? null
                                : view.master() + ", the master by Sentinel " + view.sentinel() + ": " + problem);
            }
            decide();
        });
    }

    /** Why it is no master; null if it is. */
    private static @Nullable String role(RedisAsk.Result result) {
        if (result.problem() != null) {
            return result.problem();
        }
        Object answer = result.answers().get(0);
        if (answer instanceof Failure failure) {
            return failure.message();
        }
        Object role = answer instanceof List<?> list && !list.isEmpty() ? list.get(0) : null;
        return "master".equals(role) ? null : "its role is " + role;
    }

    private @Nullable String problem() {
        if (believed != null) {
            return wrong;
        }
        return views.isEmpty()
                ? String.join("; ", problems)
                : "only Sentinels with an older view answer (epoch "
                        + views.stream().mapToLong(SentinelView::epoch).max().orElse(0) + ", was " + epoch + ")";
    }
}
