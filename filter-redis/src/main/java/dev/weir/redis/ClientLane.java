package dev.weir.redis;

import org.jspecify.annotations.Nullable;

/**
 * Which way the open commands of a client go: the shared connections, one of its own, or each a way of its own. A command that goes another way than
 * those before it waits until they are answered, as it might overtake them.
 */
final class ClientLane {
    private final CallRing calls;
    private final ClientPauses pauses;
    /** The connection of its own; null for the shared ones. */
    private @Nullable ShardLink own;
    /** Whether what is open goes a way that nothing else may go meanwhile. */
    private boolean apart;

    /** Where what has been redirected waits. */
    private @Nullable Detour detour;
    /** Where slots were when the oldest of what is open was sent. */
    private int topology;

    ClientLane(CallRing calls, ClientPauses pauses) {
        this.calls = calls;
        this.pauses = pauses;
    }

    /** Whether the client waits for what may take for ever. */
    boolean blocks() {
        Call oldest = calls.peek();
        return oldest != null && oldest.waits;
    }

    /** From here on commands go to a connection of the client's own. */
    void enter(ShardLink link) {
        own = link;
    }

    /** They go to shared ones again. */
    void leave() {
        own = null;
    }

    /** Whether a command for the shared connections has to wait. */
    boolean busyForShared() {
        if (!calls.isEmpty() && (apart || own != null)) {
            return waitForAll();
        }
        own = null;
        apart = false;
        return false;
    }

    /**
     * Whether a command of a transaction has to wait.
     *
     * @param last whether it ends one that has failed already, without asking the shard
     */
    boolean busyFor(ProxyTransaction transaction, boolean last) {
        ShardLink lease = transaction.lease();
        boolean same = !apart && lease != null && lease == own && !transaction.isEnding() && !last;
        if (!calls.isEmpty() && !same) {
            return waitForAll();
        }
        own = lease;
        apart = false;
        return false;
    }

    /** Whether a command that goes a way of its own, or changes that of all that follow, has to wait. */
    boolean busyForOther() {
        if (!calls.isEmpty()) {
            return waitForAll();
        }
        own = null;
        apart = true;
        return false;
    }

    /**
     * Whether a command has to wait as slots have gone to other nodes, and some of what is open may follow them: it might be overtaken there.
     *
     * @param now what {@link ProxyLoop#topology} says
     */
    boolean busyForMove(int now) {
        if (topology != now || detour != null) {
            if (!calls.isEmpty()) {
                return waitForAll();
            }
            topology = now;
        }
        return false;
    }

    /** Where a call that was redirected waits for what is open. */
    Detour detour(ProxyLoop home) {
        Detour now = detour;
        if (now == null) {
            now = new Detour(home, calls, () -> detour = null);
            detour = now;
        }
        return now;
    }

    /** The same; null if nothing waits. */
    @Nullable
    Detour detour() {
        return detour;
    }

    /** The client has left. */
    void left() {
        if (detour != null) {
            detour.abandon();
        }
    }

    /** Whether a command that concerns all nodes has to wait: what is open may be on its way from one to another. */
    boolean busyForAll() {
        return !calls.isEmpty() && waitForAll();
    }

    /** Whether nothing else is open than this call, or what it is a part of. */
    boolean isAlone(Call call) {
        Call whole = call.merge == null ? call : call.merge.whole();
        return calls.size() == 1 && calls.peek() == whole;
    }

    /** Nothing is read until all that is open has been answered. */
    private boolean waitForAll() {
        pauses.hold(ClientPauses.LANE);
        return true;
    }
}
