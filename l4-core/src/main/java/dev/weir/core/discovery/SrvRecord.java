package dev.weir.core.discovery;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A record that names a server.
 *
 * @param priority lower ones come first
 * @param weight its share among those of one priority; 0: hardly any, where others have some
 * @param port where it listens
 * @param target its name; empty: there is no such service
 */
record SrvRecord(int priority, int weight, int port, String target) {
    private static final int NUMBERS = 6;

    /** Reads the data of one record; null if it is malformed. */
    static @Nullable SrvRecord read(ByteBuf data) {
        if (data.readableBytes() <= NUMBERS) {
            return null;
        }
        int at = data.readerIndex();
        String target = DnsAsking.name(data.duplicate().skipBytes(NUMBERS));
        return target == null
                ? null
                : new SrvRecord(
                        data.getUnsignedShort(at),
                        data.getUnsignedShort(at + 2),
                        data.getUnsignedShort(at + 4),
                        target);
    }
}
