package dev.weir.redis;

import org.jspecify.annotations.Nullable;

/** Hears of each command that ended. */
interface PairingObserver {
    /** {@code ring}'s oldest entry ended as {@code outcome} says; all are only lent. */
    void ended(CommandInfo info, PendingRing ring, @Nullable Note note, Outcome outcome);
}
