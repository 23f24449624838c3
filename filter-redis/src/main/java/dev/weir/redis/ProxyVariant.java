package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import java.util.List;

/**
 * In what a {@code redis_proxy} may be unlike a server, mostly as other proxies are. Immutable.
 *
 * @param database where all keys are; clients take it for database 0, and have no other. 0 if they choose for themselves
 * @param unixDatabase the same for shards on Unix sockets
 * @param strict whether a command that is not supported, or is none, ends the connection without an answer
 * @param preconnect whether connections to the shards are made at the start, not when they are first needed
 * @param firstKey whether a command with keys of several shards goes to that of the first one, in place of being refused
 * @param anyShard whether a key may be asked for anywhere, as all shards have the same ones
 */
record ProxyVariant(
        int database, int unixDatabase, boolean strict, boolean preconnect, boolean firstKey, boolean anyShard) {
    private static final String REFUSE = "refuse";
    private static final String FIRST_KEY = "first_key";

    /** Reads the settings and reports problems. */
    static ProxyVariant read(ConfigNode config) {
        int database = (int) config.integer("database", 0, 0, Integer.MAX_VALUE);
        return new ProxyVariant(
                database,
                (int) config.integer("unix_database", database, 0, Integer.MAX_VALUE),
                config.bool("strict", false),
                config.bool("preconnect", false),
                config.oneOf("cross_shard", REFUSE, List.of(REFUSE, FIRST_KEY)).equals(FIRST_KEY),
                anyShard(config));
    }

    /** Whether clients have no choice. */
    boolean fixed() {
        return database > 0 || unixDatabase > 0;
    }

    /** Whether all shards have the same keys. */
    static boolean anyShard(ConfigNode config) {
        return config.bool("any_shard", false);
    }
}
