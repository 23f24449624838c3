package dev.weir.core.net;

import dev.weir.core.filter.CloseReason;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** How connections leave: those of a listener that is gone, and all at the end. Called from any thread but an event loop. */
final class Departure {
    private static final long POLL_MILLIS = 10;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final List<Loop> loops;
    private final Map<String, List<ListenerLoop>> listeners;

    /** {@code listeners} grows with the listeners there have been. */
    Departure(List<Loop> loops, Map<String, List<ListenerLoop>> listeners) {
        this.loops = loops;
        this.listeners = listeners;
    }

    /** Drains listeners that are in the configuration no more. */
    void drainAllBut(Set<String> names, Duration timeout) {
        listeners.forEach((name, of) -> {
            if (names.contains(name)) {
                onLoops(of, ListenerLoop::stay);
            } else {
                onLoops(of, l -> drain(l, timeout));
            }
        });
    }

    private static void drain(ListenerLoop l, Duration timeout) {
        if (l.drain()) {
            Runnable end = () -> l.closeDraining(CloseReason.SHUTDOWN);
            l.loop().loop().schedule(end, timeout.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    /** Drains all; what is still there at the end of {@code timeout} is closed. Completes when nothing is left. */
    CompletableFuture<Void> drainAll(Duration timeout) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        listeners.values().forEach(of -> onLoops(of, ListenerLoop::drain));
        poll(done, System.nanoTime() + timeout.toNanos());
        return done;
    }

    private void poll(CompletableFuture<Void> done, long deadline) {
        loops.get(0)
                .loop()
                .schedule(
                        () -> {
                            if (active() == 0) {
                                done.complete(null);
                                return;
                            }
                            if (System.nanoTime() - deadline > 0) {
                                tellAllToClose();
                            }
                            poll(done, deadline);
                        },
                        POLL_MILLIS,
                        TimeUnit.MILLISECONDS);
    }

    /** Closes all, and waits a moment for it. */
    void closeAll() {
        tellAllToClose();
        long patience = System.nanoTime() + PATIENCE_NANOS;
        while (active() > 0 && System.nanoTime() < patience) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
        }
    }

    private void tellAllToClose() {
        listeners.values().forEach(of -> onLoops(of, l -> l.closeAll(CloseReason.SHUTDOWN)));
    }

    private static void onLoops(List<ListenerLoop> of, Consumer<ListenerLoop> task) {
        of.forEach(l -> l.loop().loop().execute(() -> task.accept(l)));
    }

    private long active() {
        long active = 0;
        for (List<ListenerLoop> of : listeners.values()) {
            for (ListenerLoop l : of) {
                active += l.active.get();
            }
        }
        return active;
    }

    /** Waits until each loop has done what it was about to do, and what that has given to other loops. */
    void settle() {
        for (int turn = 0; turn < 2; turn++) {
            loops.stream()
                    .map(loop -> loop.loop().submit(() -> {}))
                    .toList()
                    .forEach(done -> done.awaitUninterruptibly());
        }
    }
}
