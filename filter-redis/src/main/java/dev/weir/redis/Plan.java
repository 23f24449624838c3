package dev.weir.redis;

/** What a {@code redis_proxy} does with a command. */
enum Plan {
    /** To the shard of its keys, which all have to lie on one. */
    KEYED,
    /** As KEYED, if it looks at no other keys than those it names. */
    SORT,
    /** The keys to their shards; the elements of the answers in the order of the keys. */
    MGET,
    /** The pairs to the shards of their keys. */
    MSET,
    /** The keys to their shards; the numbers of the answers added up. */
    SUM,
    /** To all shards; all of them have to say OK. */
    ALL_OK,
    /** To all shards; the numbers of the answers added up. */
    ALL_SUM,
    /** To all shards; the elements of the answers behind each other. */
    ALL_ELEMENTS,
    /** All shards; the latest entries of all. */
    ALL_LATEST,
    /** To all shards; the elements of the answers, each once. */
    ALL_DISTINCT,
    /** To all shards; names with numbers, which are added up. */
    ALL_PAIRS,
    /** To all shards; the greatest number. */
    ALL_MOST,
    /** To all shards, which have to answer alike; the first answer. */
    ALL_SAME,
    /** To all shards; of each element the least number (SCRIPT EXISTS). */
    ALL_LEAST,
    /** One shard after the other. */
    SCAN,
    /** To one shard, drawn by its number of keys. */
    RANDOMKEY,
    /** To any shard: all know the answer. */
    ANY,
    /** To all shards; numbers are added up where that has a meaning, and the proxy adds what it knows of itself. */
    INFO,
    /** To any shard; the answer is without what would let into the shards. */
    CONFIG_GET,
    /** To any shard; the answer is without what the proxy does not support. */
    COMMANDS,
    PING,
    ECHO,
    QUIT,
    AUTH,
    HELLO,
    SELECT,
    RESET,
    TIME,
    CLIENT,
    /** On a connection of its own. */
    OWN_CONNECTION,
    TRANSACTION,
    /** Subscriptions of all clients of a loop are one for the shard. */
    PUBSUB,
    /** To the shard of its channel. */
    PUBLISH,
    /** To all shards, on the client's own connections; of each number the least. Refused where it has none. */
    WAIT,
    /** Not to be had through a proxy; {@link PlanTable#reason} says why. */
    REFUSED,
    /** In no table. */
    UNKNOWN;

    /** Whether it is about all that is stored, and not about the keys it names: what one shard says is not the answer. */
    boolean concernsAll() {
        return switch (this) {
            case ALL_OK,
                    ALL_SUM,
                    ALL_ELEMENTS,
                    ALL_LATEST,
                    ALL_DISTINCT,
                    ALL_PAIRS,
                    ALL_MOST,
                    ALL_SAME,
                    ALL_LEAST,
                    INFO,
                    SCAN,
                    RANDOMKEY -> true;
            default -> false;
        };
    }
}
