package dev.weir.core.net;

import dev.weir.core.Proxy.OverloadStatus;
import dev.weir.core.config.OverloadConfig;
import dev.weir.core.filter.CloseReason;
import io.netty.channel.Channel;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of new connections when the process has enough: too many connections, too much memory for buffers, no more file
 * descriptors.
 *
 * <pre>
 *   NONE ──limit reached──▶ STOP_ACCEPTING ──close_idle_after──▶ CLOSE_IDLE ──refuse_after──▶ REFUSE
 *    ▲                            │                                  │                          │
 *    └────────────────────────────┴─── well below the limit again ───┴──────────────────────────┘
 * </pre>
 *
 * While it accepts no more, connections wait in the queues of the kernel. The end comes a tenth below the limit, so that it does not
 * come and go with each connection. Looked after on the first event loop, and only while there is something to look after.
 */
final class Overload {
    private static final Logger LOG = LoggerFactory.getLogger(Overload.class);
    private static final long ROUND_MILLIS = 100;
    /** An idle connection that is closed has been silent for at least so long. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Most connections that an event loop closes in a round. */
    private static final int MOST_CLOSED = 256;
    /** With fewer connections than that, descriptors are missing for another reason, and it is tried again each second. */
    private static final int FEW = 20;

    /** What is done now, in order. */
    enum Step {
        NONE,
        STOP_ACCEPTING,
        CLOSE_IDLE,
        REFUSE;

        String label() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** What there is too much of. */
    enum Cause {
        NOTHING(CloseReason.LIMIT),
        CONNECTIONS(CloseReason.LIMIT),
        MEMORY(CloseReason.MEMORY),
        DESCRIPTORS(CloseReason.LIMIT);

        final CloseReason reason;

        Cause(CloseReason reason) {
            this.reason = reason;
        }

        String label() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private final List<Loop> loops;
    private final MemoryLimit memory;
    private final OverloadMetrics metrics;
    private final AtomicInteger connections;
    private final AtomicBoolean asked = new AtomicBoolean();
    private volatile OverloadConfig config;
    private volatile List<Listener> listeners = List.of();
    private volatile Step step = Step.NONE;
    private volatile Cause cause = Cause.NOTHING;
    /** Connections there were when a descriptor was missing; 0 if none is. */
    private volatile int withoutDescriptors;
    /** When the last one was missing. */
    private volatile long noticed;

    // On the first loop.
    private long begun;
    private long closedBefore;
    private long refusedBefore;

    /** {@code connections} are those of all listeners. */
    Overload(
            List<Loop> loops,
            AtomicInteger connections,
            MemoryLimit memory,
            OverloadMetrics metrics,
            OverloadConfig config) {
        this.loops = loops;
        this.connections = connections;
        this.memory = memory;
        this.metrics = metrics;
        this.config = config;
        metrics.bind(this);
    }

    // ---- from any thread

    /** The limits from here on, and the listeners they are for. */
    void use(OverloadConfig next, List<Listener> current) {
        config = next;
        listeners = List.copyOf(current);
        if (step != Step.NONE) {
            loops.get(0).loop().execute(this::apply);
            ask();
        }
    }

    Step step() {
        return step;
    }

    /** For people. */
    OverloadStatus status() {
        return new OverloadStatus(step.label(), cause.label(), connections.get(), config.maxConnections());
    }

    int limit() {
        return config.maxConnections();
    }

    // ---- on any event loop

    /** Whether a connection that has just been accepted is to be refused. */
    boolean refuses() {
        return step == Step.REFUSE;
    }

    /** Why. */
    CloseReason refused() {
        metrics.refused();
        return cause.reason;
    }

    /** A connection was accepted from {@code socket}: if that was the last one, no other is. */
    void accepted(Channel socket) {
        if (step == Step.NONE && (full() || memory.exceeded())) {
            socket.config().setAutoRead(false);
            ask();
        }
    }

    /** The system has no descriptor for a connection that waits at {@code socket}. */
    void noDescriptor(Channel socket) {
        socket.config().setAutoRead(false);
        noticed = System.nanoTime();
        withoutDescriptors = Math.max(1, connections.get());
        ask();
    }

    /** A socket that rests for another reason goes on, if others do. */
    void resume() {
        loops.get(0).loop().execute(this::apply);
    }

    private boolean full() {
        int limit = config.maxConnections();
        return limit > 0 && connections.get() >= limit;
    }

    private void ask() {
        if (asked.compareAndSet(false, true)) {
            loops.get(0).loop().execute(this::look);
        }
    }

    // ---- on the first event loop

    private void look() {
        asked.set(false);
        Cause now = step == Step.NONE ? begins() : goesOn();
        if (now == Cause.NOTHING) {
            end();
            return;
        }
        long nanos = System.nanoTime();
        if (step == Step.NONE) {
            begun = nanos;
            closedBefore = metrics.closedConnections();
            refusedBefore = metrics.refusedConnections();
        }
        cause = now;
        Step next = due(nanos - begun);
        if (next.compareTo(step) > 0 || step == Step.REFUSE && now == Cause.DESCRIPTORS) {
            become(next);
        }
        if (step.compareTo(Step.CLOSE_IDLE) >= 0) {
            closeIdle();
        }
        if (asked.compareAndSet(false, true)) {
            loops.get(0).loop().schedule(this::look, ROUND_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private Cause begins() {
        if (withoutDescriptors > 0) {
            return Cause.DESCRIPTORS;
        }
        return full() ? Cause.CONNECTIONS : memory.exceeded() ? Cause.MEMORY : Cause.NOTHING;
    }

    /** With other limits than at the begin. */
    private Cause goesOn() {
        int limit = config.maxConnections();
        if (withoutDescriptors > 0 && !descriptorsAgain()) {
            return Cause.DESCRIPTORS;
        }
        withoutDescriptors = 0;
        if (limit > 0 && connections.get() > resumeAt(limit)) {
            return Cause.CONNECTIONS;
        }
        return cause == Cause.MEMORY ? (memory.recovered() ? Cause.NOTHING : Cause.MEMORY) : begins();
    }

    private boolean descriptorsAgain() {
        int before = withoutDescriptors;
        // Others than connections may have given some back: after a while it is tried.
        boolean many = before >= FEW;
        return many && connections.get() <= resumeAt(before)
                || System.nanoTime() - noticed > TimeUnit.SECONDS.toNanos(many ? 10 : 1);
    }

    private static int resumeAt(int limit) {
        return limit - Math.max(1, limit / 10);
    }

    private Step due(long nanos) {
        // Without a descriptor nobody can be accepted, not even to be refused.
        if (nanos >= config.refuseAfter().toNanos() && cause != Cause.DESCRIPTORS) {
            return Step.REFUSE;
        }
        return nanos >= config.closeIdleAfter().toNanos() ? Step.CLOSE_IDLE : Step.STOP_ACCEPTING;
    }

    private void become(Step next) {
        step = next;
        metrics.began(next);
        LOG.warn(
                "overload: {}; {}",
                what(),
                switch (next) {
                    case REFUSE -> "refuses new connections";
                    case CLOSE_IDLE -> "closes idle connections";
                    default -> "accepts no connections for now";
                });
        apply();
    }

    private String what() {
        return switch (cause) {
            case CONNECTIONS -> connections + " connections (limit: " + config.maxConnections() + ")";
            case MEMORY -> MemoryLimit.used() + " bytes of buffers (limit: " + memory.shedAt() + ")";
            default -> "too many open files with " + connections + " connections";
        };
    }

    private void end() {
        boolean was = step != Step.NONE;
        step = Step.NONE;
        if (was) {
            metrics.began(Step.NONE);
            LOG.warn(
                    "overload is over after {} ms: {} idle connections closed, {} refused",
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun),
                    metrics.closedConnections() - closedBefore,
                    metrics.refusedConnections() - refusedBefore);
        }
        cause = Cause.NOTHING;
        apply();
    }

    private void apply() {
        boolean accepts = step == Step.NONE || step == Step.REFUSE;
        Consumer<Listener> change = accepts ? Listener::open : Listener::pause;
        listeners.stream().filter(Listener::accepting).forEach(change);
    }

    private int excess(int open) {
        return switch (cause) {
            case CONNECTIONS -> open - resumeAt(config.maxConnections());
            case DESCRIPTORS -> open - resumeAt(withoutDescriptors);
            default -> open / 100; // which of them hold memory is not known
        };
    }

    /** Each loop closes its part, of those that have been idle longest. */
    private void closeIdle() {
        int excess = Math.max(1, excess(connections.get()));
        int part = Math.min(MOST_CLOSED, (excess + loops.size() - 1) / loops.size());
        CloseReason reason = cause.reason;
        List<Listener> all = listeners;
        for (Loop loop : loops) {
            loop.loop().execute(() -> {
                IdleSessions idle = new IdleSessions(part, loop.clock().nanoTime() - IDLE_NANOS);
                all.forEach(listener -> listener.loops().get(loop.index()).sessions(idle));
                metrics.closed(idle.close(reason));
            });
        }
    }
}
