package dev.weir.redis;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Set;

/** A channel or a pattern that clients of one loop have subscribed to; the shard knows one subscription for all of them. */
final class Topic {
    /** What is subscribed to, and how it is called on the wire. */
    enum Kind {
        CHANNEL("SUBSCRIBE", "UNSUBSCRIBE"),
        PATTERN("PSUBSCRIBE", "PUNSUBSCRIBE"),
        SHARD("SSUBSCRIBE", "SUNSUBSCRIBE");

        final String subscribe;
        final String unsubscribe;
        /** The first element of confirmations. */
        final String subscribed;

        final String unsubscribed;

        Kind(String subscribe, String unsubscribe) {
            this.subscribe = subscribe;
            this.unsubscribe = unsubscribe;
            this.subscribed = subscribe.toLowerCase(Locale.ROOT);
            this.unsubscribed = unsubscribe.toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What tells one from another.
     *
     * @param name each char is a byte
     */
    record Key(Kind kind, String name) {
        byte[] bytes() {
            return name.getBytes(StandardCharsets.ISO_8859_1);
        }
    }

    final Key key;
    final Set<ProxyClient> subscribers = new LinkedHashSet<>();
    /** Those who wait until the shards have confirmed. */
    final Set<SubscribeCall> waiting = new LinkedHashSet<>();
    /** Confirmations that have not come yet. */
    int unconfirmed;

    Topic(Key key) {
        this.key = key;
    }
}
