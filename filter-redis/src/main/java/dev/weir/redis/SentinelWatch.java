package dev.weir.redis;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Follows what Sentinels say: hears their events, has them asked for the name that an event concerns, and knows the Sentinels that they
 * know. All on the loop of its context.
 */
final class SentinelWatch implements Discovery.Search {
    private static final int LONGEST_LINE = 500;

    private final SentinelSettings settings;
    private final Discovery.Context context;
    private final Map<Address, SentinelSubscription> sentinels = new LinkedHashMap<>();
    /** In the order of the configuration, which is that of the endpoints. */
    private final Map<String, WatchedName> names = new LinkedHashMap<>();

    private long checked = System.nanoTime();
    private volatile boolean closed;

    SentinelWatch(SentinelSettings settings, Discovery.Context context) {
        this.settings = settings;
        this.context = context;
        settings.masters().forEach(name -> names.put(name, new WatchedName(name, this)));
    }

    void start() {
        execute(() -> {
            settings.sentinels().forEach(this::know);
            names.values().forEach(WatchedName::look);
        });
    }

    SentinelSettings settings() {
        return settings;
    }

    Discovery.Context context() {
        return context;
    }

    boolean closed() {
        return closed;
    }

    /** Those that are known now. */
    List<Address> sentinels() {
        return List.copyOf(sentinels.keySet());
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

    private void news(String name) {
        WatchedName concerned = names.get(name);
        if (concerned != null) {
            concerned.news();
        }
    }

    /** Finds out which Sentinels have gone without a word, not more often than they may take to answer. */
    void check() {
        if (System.nanoTime() - checked >= settings.pace().timeout().toNanos()) {
            checked = System.nanoTime();
            List.copyOf(sentinels.values()).forEach(SentinelSubscription::check);
        }
    }

    /**
     * A name has endpoints. Tells those of all names, once each has some: keys that are spread over fewer shards than there are would go to
     * wrong ones. Names that cannot be told apart keep what they had, if that is still theirs alone; the others go on. Answers what is wrong, or null.
     */
    @Nullable
    String found(WatchedName asking) {
        Map<Address, Integer> masters = new HashMap<>();
        Map<Address, Integer> times = new HashMap<>();
        for (WatchedName name : names.values()) {
            if (name.endpoints().isEmpty()) {
                return null;
            }
            for (Found endpoint : name.endpoints()) {
                times.merge(endpoint.address(), 1, Integer::sum);
                masters.merge(endpoint.address(), isMaster(endpoint) ? 1 : 0, Integer::sum);
            }
        }
        String problem = null; // of who asks
        Map<WatchedName, List<Found>> all = new LinkedHashMap<>();
        for (WatchedName name : names.values()) {
            Found shared = name.endpoints().stream()
                    .filter(one -> isMaster(one) && masters.getOrDefault(one.address(), 0) > 1)
                    .findFirst()
                    .orElse(null);
            // Whose data a server has that two names call their replica, nobody knows.
            List<Found> own = name.endpoints().stream()
                    .filter(one -> isMaster(one) || times.getOrDefault(one.address(), 0) == 1)
                    .toList();
            if (name == asking && shared != null) {
                problem = others(shared, name) + " and " + name.name() + " have the same master, " + shared.address();
            } else if (name == asking && own.isEmpty()) {
                problem = name.name() + " has no server that is not another name's, too";
            }
            all.put(name, shared != null || own.isEmpty() ? name.told() : own);
        }
        withoutThoseOfOthers(all);
        Set<Address> seen = new HashSet<>();
        boolean apart = all.values().stream()
                .allMatch(one -> !one.isEmpty() && one.stream().allMatch(endpoint -> seen.add(endpoint.address())));
        if (apart) {
            all.forEach(WatchedName::told);
            context.foundOnly(all.values().stream().flatMap(List::stream).toList());
        }
        return problem;
    }

    /** Of what a name had before, what is another one's by now, if that is no master of its own. */
    private static void withoutThoseOfOthers(Map<WatchedName, List<Found>> all) {
        all.replaceAll((name, own) -> own.stream()
                .filter(one -> isMaster(one)
                        || all.entrySet().stream()
                                .noneMatch(other -> other.getKey() != name
                                        && other.getValue().stream()
                                                .anyMatch(its -> its.address().equals(one.address()))))
                .toList());
    }

    private String others(Found master, WatchedName than) {
        return names.values().stream()
                .filter(name -> name != than
                        && name.endpoints().stream()
                                .anyMatch(one -> isMaster(one) && one.address().equals(master.address())))
                .map(WatchedName::name)
                .collect(Collectors.joining(", "));
    }

    private static boolean isMaster(Found endpoint) {
        return "master".equals(endpoint.metadata().get("role"));
    }

    /** A name was asked for in vain. */
    void failed(String name, String problem) {
        String text = problem;
        if (settings.sharded()) {
            text = (text.startsWith(name + " ") ? text : name + ": " + text)
                    + (names.values().stream().anyMatch(one -> one.endpoints().isEmpty())
                            ? " (shards are used when all of them have been found)"
                            : "");
        }
        context.failed(line(text));
    }

    /** Keeps the Sentinels that are configured or that a name has heard of, and gets to know others. Answers whether there are any. */
    boolean learn() {
        Set<Address> named = new HashSet<>(settings.sentinels());
        names.values().forEach(name -> named.addAll(name.sentinels()));
        sentinels.entrySet().removeIf(known -> {
            boolean gone = !named.contains(known.getKey());
            if (gone) {
                known.getValue().close();
            }
            return gone;
        });
        boolean more = false;
        for (WatchedName name : names.values()) {
            for (Address sentinel : name.sentinels()) {
                more |= know(sentinel);
            }
        }
        return more;
    }

    /** What servers say parts of, as one line that does not go on for ever. */
    static String line(String text) {
        String line = text.substring(0, Math.min(text.length(), LONGEST_LINE)).replaceAll("\\p{Cntrl}", " ");
        return text.length() > LONGEST_LINE ? line + "…" : line;
    }

    @Override
    public void again() {
        execute(() -> names.values().forEach(WatchedName::news));
    }

    @Override
    public void close() {
        closed = true;
        execute(() -> {
            names.values().forEach(WatchedName::close);
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
