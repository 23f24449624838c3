package dev.weir.redis;

/**
 * What a connection is subscribed to, as far as pairing needs it: how many channels, patterns and shard channels,
 * and in which order the channels of open commands will be confirmed.
 */
final class Subscriptions {
    private static final long[] NONE = {};
    private static final int MOST = 4096;

    private long channels;
    private long patterns;
    private long shardChannels;
    /** A subscription whose outcome was not seen (CLIENT REPLY OFF). */
    private boolean unsure;

    private long[] expected = NONE;
    private int first;
    private int size;

    /** Whether messages may come. */
    boolean any() {
        return channels + patterns + shardChannels > 0 || unsure;
    }

    /** A subscription was made, or ended, whose confirmation belongs to no command. */
    void unsure() {
        unsure = true;
    }

    /** Everything was dropped (RESET). */
    void clear() {
        channels = 0;
        patterns = 0;
        shardChannels = 0;
        unsure = false;
    }

    /** Takes the count of a confirmation. */
    void confirmed(PubSub.Kind kind, long count) {
        long n = Math.max(0, count);
        switch (kind) {
            case SUBSCRIBE, UNSUBSCRIBE:
                channels = Math.max(0, n - patterns);
                break;
            case PSUBSCRIBE, PUNSUBSCRIBE:
                patterns = Math.max(0, n - channels);
                break;
            default:
                shardChannels = n;
        }
    }

    /** Whether nothing of this kind is left. */
    boolean none(PubSub.Kind kind) {
        return switch (kind) {
            case SUBSCRIBE, UNSUBSCRIBE -> channels == 0;
            case PSUBSCRIBE, PUNSUBSCRIBE -> patterns == 0;
            default -> shardChannels == 0;
        };
    }

    /** Expects the confirmation of a channel; false if there are too many to remember. */
    boolean expect(long hash) {
        if (size == MOST) {
            return false;
        }
        if (size == expected.length) {
            long[] larger = new long[Math.max(4, size * 2)];
            for (int i = 0; i < size; i++) {
                larger[i] = expected[first + i & expected.length - 1];
            }
            expected = larger;
            first = 0;
        }
        expected[first + size & expected.length - 1] = hash;
        size++;
        return true;
    }

    /** Takes back the last {@code n} expectations. */
    void unexpect(int n) {
        size = Math.max(0, size - n);
        shrink();
    }

    /** Whether this is the channel that is to be confirmed next. */
    boolean isNext(long hash) {
        return size > 0 && expected[first] == hash;
    }

    /** Drops the next {@code n} expectations: they were met, or will not be. */
    void met(int n) {
        size = Math.max(0, size - n);
        if (size > 0) {
            first = first + n & expected.length - 1;
        }
        shrink();
    }

    private void shrink() {
        if (size == 0) {
            expected = NONE;
            first = 0;
        }
    }
}
