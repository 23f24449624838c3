package dev.weir.core.net;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;

/**
 * The allocator of all connections. Netty's default one of 4.2 keeps the chunks of a rush for ever, and {@link MemoryLimit} counts chunks: an overload by
 * memory would not end when those have left who brought it about. This one gives chunks back in which nothing is in use.
 */
final class Buffers {
    static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

    private Buffers() {}
}
