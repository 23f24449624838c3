package dev.weir.redis;

import org.jspecify.annotations.Nullable;

/**
 * Which way the open commands of a client go: the shared connections, one of its own, or each a way of its own. A command that goes another way than
 * those before it waits until they are answered, as it might overtake them.
 */
final class ClientLane {
    private final ProxyClient client;
    /** The connection of its own; null for the shared ones. */
    private @Nullable ShardLink own;
    /** Whether what is open goes a way that nothing else may go meanwhile. */
    private boolean apart;

    ClientLane(ProxyClient client) {
        this.client = client;
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
        if (!client.allAnswered() && (apart || own != null)) {
            return client.waitForAll();
        }
        own = null;
        apart = false;
        return false;
    }

    /** Whether a command of a transaction has to wait. */
    boolean busyFor(ProxyTransaction transaction) {
        ShardLink lease = transaction.lease();
        boolean same = !apart && lease != null && lease == own && !transaction.isEnding();
        if (!client.allAnswered() && !same) {
            return client.waitForAll();
        }
        own = lease;
        apart = false;
        return false;
    }

    /** Whether a command that goes a way of its own, or changes that of all that follow, has to wait. */
    boolean busyForOther() {
        if (!client.allAnswered()) {
            return client.waitForAll();
        }
        own = null;
        apart = true;
        return false;
    }
}
