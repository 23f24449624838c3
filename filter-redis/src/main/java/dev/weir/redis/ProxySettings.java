package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import dev.weir.core.config.Units;
import dev.weir.core.filter.FilterEnvironment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one {@code redis_proxy}. Immutable, shared by all loops.
 *
 * @param routes where keys go
 * @param timeoutNanos how long a shard may take for an answer; 0 for ever
 * @param outputLimit most bytes of answers that wait for one client
 * @param pendingCommands most commands of one client that wait for their answers
 * @param limits of one command
 * @param upstream how its connections log in to the shards
 * @param pins whether each client has connections of its own
 * @param users who may log in, and as what
 * @param retries how often a command that reads is sent again when its connection was lost
 * @param keys whether the first key goes into exchanges
 * @param hotKeys which keys are counted; null for none
 * @param variant in what it is unlike a server
 */
record ProxySettings(
        ProxyRoutes routes,
        long timeoutNanos,
        long outputLimit,
        int pendingCommands,
        CommandReader.Limits limits,
        UpstreamAuth upstream,
        boolean pins,
        ProxyUsers users,
        int retries,
        boolean keys,
        @Nullable HotKeySettings hotKeys,
        ProxyVariant variant) {
    private static final long DEFAULT_OUTPUT = 8L << 20;
    private static final long DEFAULT_REQUEST = 16L << 20;

    /** Reads them and reports problems. */
    static ProxySettings read(ConfigNode config, FilterEnvironment environment, CommandTable table) {
        ProxyRoutes routes = ProxyRoutes.read(config, environment);
        Duration timeout = config.duration("timeout", Duration.ofSeconds(5));
        if (!timeout.isZero() && (timeout.toMillis() < 10 || timeout.compareTo(Duration.ofHours(1)) > 0)) {
            config.error("timeout", Units.format(timeout) + " (expected: 0 for none, or 10ms..1h)");
        }
        long output = size(config, "client_output_limit", DEFAULT_OUTPUT, 64 << 10, 1L << 30);
        int pending = (int) config.integer("max_pending", 1024, 2, 1 << 20);
        int arguments = (int) config.integer("max_arguments", 1 << 20, 16, 1 << 24);
        int request = (int) size(config, "max_request", DEFAULT_REQUEST, 64 << 10, 1L << 29);
        int large = (int) size(config, "large_value", 64 << 10, 4 << 10, 1L << 29);
        CommandReader.Limits limits = new CommandReader.Limits(arguments, RequestCursor.MAX_BULK, request, large);
        UpstreamAuth upstream = UpstreamAuth.read(config);
        boolean pins = config.bool("pin_upstream", false);
        ProxyUsers users = ProxyUsers.read(config, table);
        int retries = (int) config.integer("retries", 1, 0, 3);
        boolean keys = config.bool("keys", false);
        HotKeySettings hotKeys = HotKeySettings.read(config);
        ProxyVariant variant = ProxyVariant.read(config);
        config.rejectUnknown();
        return new ProxySettings(
                routes,
                timeout.toNanos(),
                output,
                pending,
                limits,
                upstream,
                pins,
                users,
                retries,
                keys,
                hotKeys,
                variant);
    }

    private static long size(ConfigNode config, String key, long absent, long least, long most) {
        long size = config.size(key, absent);
        if (size < least || size > most) {
            config.error(
                    key, Units.format(size) + " (expected: " + Units.format(least) + ".." + Units.format(most) + ")");
        }
        return size;
    }

    /** The bytes of a text of the configuration. */
    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
