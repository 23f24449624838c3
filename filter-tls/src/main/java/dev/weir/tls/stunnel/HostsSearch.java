package dev.weir.tls.stunnel;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Asks the system for the addresses of names, again and again. That blocks, so it has threads of its own, the same for all. */
final class HostsSearch implements Discovery.Search {
    /** Holds the threads apart until they are needed. */
    private static final class Shared {
        private static final int THREADS = 4;
        /** Each search has one task in it, two when it is called for. */
        static final ThreadPoolExecutor POOL = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                new DefaultThreadFactory("weir-names", true));

        static {
            POOL.allowCoreThreadTimeOut(true);
        }
    }

    /** Where names cannot be found out the time to the next question is doubled so often at most. */
    private static final int MOST_DOUBLED = 3;

    private final List<Address> targets;
    private final Duration refresh;
    private final Discovery.Context context;
    /** Whether somebody is looking; only who has set it touches the next two. */
    private final AtomicBoolean looking = new AtomicBoolean();

    /** Those that were good last, by name. */
    private final Map<String, List<InetAddress>> last = new HashMap<>();

    private int failures;
    private volatile @Nullable Future<?> next;
    private volatile boolean closed;

    HostsSearch(List<Address> targets, Duration refresh, Discovery.Context context) {
        this.targets = targets;
        this.refresh = refresh;
        this.context = context;
    }

    /** Until addresses are known the names themselves are the endpoints: whoever comes at once waits for his own question. */
    void start() {
        context.found(targets.stream().map(Found::of).toList());
        Shared.POOL.execute(this::look);
    }

    private void look() {
        long wait = refresh.toMillis();
        if (looking.compareAndSet(false, true)) {
            try {
                tell();
                wait <<= Math.min(failures, MOST_DOUBLED);
            } finally {
                looking.set(false);
            }
        }
        schedule(wait);
    }

    private void schedule(long millis) {
        if (!closed) {
            try {
                next = context.loop().schedule(() -> Shared.POOL.execute(this::look), millis, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                // The proxy ends.
            }
        }
    }

    private void tell() {
        List<Found> found = new ArrayList<>();
        List<String> lost = new ArrayList<>();
        for (Address target : targets) {
            if (target.isUnix() || target.literal() != null) {
                found.add(Found.of(target));
                continue;
            }
            List<InetAddress> known = resolve(target.host(), lost);
            if (known.isEmpty()) {
                found.add(Found.of(target)); // asked for by each connection, which then says why it fails
            }
            for (InetAddress ip : known) {
                Address address = new Address(NetUtil.toAddressString(ip), target.port());
                found.add(new Found(address, null, 1, Map.of(Discovery.TARGET, target.host())));
            }
        }
        if (closed) {
            return;
        }
        failures = lost.isEmpty() ? 0 : failures + 1;
        if (!lost.isEmpty()) {
            context.failed("Error resolving " + String.join(", ", lost));
        }
        context.found(found);
    }

    private List<InetAddress> resolve(String host, List<String> lost) {
        try {
            List<InetAddress> all = AddressOrder.of(List.of(InetAddress.getAllByName(host)));
            last.put(host, all);
            return all;
        } catch (UnknownHostException e) {
            lost.add("\"" + host + "\"");
            return last.getOrDefault(host, List.of());
        }
    }

    @Override
    public void again() {
        if (!closed && looking.compareAndSet(false, true)) {
            Shared.POOL.execute(() -> {
                try {
                    tell();
                } finally {
                    looking.set(false);
                }
            });
        }
    }

    @Override
    public void close() {
        closed = true;
        Future<?> waiting = next;
        if (waiting != null) {
            waiting.cancel(false);
        }
    }
}
