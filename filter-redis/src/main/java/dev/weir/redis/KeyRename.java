package dev.weir.redis;

import dev.weir.core.config.ConfigNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How the keys of one route are called at the shards: without its prefix, in a format, or both. Immutable.
 *
 * @param prefix what clients' names begin with and stored names do not; may be empty
 * @param before what stored names begin with
 * @param after what they end with
 */
record KeyRename(byte[] prefix, byte[] before, byte[] after) {
    /** Stands in a format for the key. */
    private static final String KEY = "%KEY%";

    /** Reads {@code remove_prefix} and {@code key_format}; null if keys keep their names. */
    static @Nullable KeyRename read(ConfigNode node, String prefix) {
        boolean removes = node.bool("remove_prefix", false);
        if (removes && prefix.isEmpty()) {
            node.error("remove_prefix", "true, without a prefix (expected: a route with a prefix)");
        }
        String format = node.string("key_format", KEY);
        String text = format == null ? KEY : format;
        int at = text.indexOf(KEY);
        if (at < 0 || text.indexOf(KEY, at + 1) >= 0) {
            node.error("key_format", "\"" + text + "\" (expected: " + KEY + " once, as in \"app1:" + KEY + "\")");
            return null;
        }
        if (!removes && text.equals(KEY)) {
            return null;
        }
        return new KeyRename(
                bytes(removes ? prefix : ""), bytes(text.substring(0, at)), bytes(text.substring(at + KEY.length())));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** How much longer, at most, a stored name is. */
    int growth() {
        return before.length + after.length - prefix.length;
    }

    /** Writes to the begin of {@code stored} how a client's key is called at the shards; answers its length. */
    int apply(byte[] key, int length, byte[] stored) {
        int own = length - prefix.length;
        System.arraycopy(before, 0, stored, 0, before.length);
        System.arraycopy(key, prefix.length, stored, before.length, own);
        System.arraycopy(after, 0, stored, before.length + own, after.length);
        return before.length + own + after.length;
    }

    /** What clients call the key with a stored name; null if no key of theirs is stored by it. */
    byte @Nullable [] reverse(byte[] stored) {
        int own = stored.length - before.length - after.length;
        if (own < 0
                || !Arrays.equals(stored, 0, before.length, before, 0, before.length)
                || !Arrays.equals(stored, before.length + own, stored.length, after, 0, after.length)) {
            return null;
        }
        byte[] key = Arrays.copyOf(prefix, prefix.length + own);
        System.arraycopy(stored, before.length, key, prefix.length, own);
        return key;
    }
}
